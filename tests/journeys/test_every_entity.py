"""Every entity through every door: made, changed and taken away over REST, in the browser and in psql, each told at once."""

import re
from collections.abc import Iterable, Iterator
from typing import Any

import psycopg
import pytest
from playwright.sync_api import Page
from psycopg import sql
from psycopg.types.json import Jsonb
from sqlalchemy import Boolean, Column, Integer, String
from sqlalchemy.dialects.postgresql import JSONB

from cogniflow.analytics.registry import panels
from cogniflow.domain.registry import load
from cogniflow.kernel.entity import Entity, entities, is_master, rest_path, updatable, writable
from cogniflow.records.parse import is_creatable
from cogniflow.records.subscriptions import event_map
from tests.cli.installed import Listener
from tests.values import Values
from tests.web.forms import address, typed

pytestmark = pytest.mark.browser

load()
CREATABLE = [entity for entity in entities() if is_creatable(entity)]
EVENTS = event_map(panels()).rules
KEPT = 409
"""What a record that stays answers to whoever wants it gone."""


class Told:
    """A client of the feed that follows every table."""

    def __init__(self, site: str, key: str):
        self._listener = Listener(f"{site.replace('http', 'ws')}/ws", key,
                                  {"topics": [each.__tablename__ for each in CREATABLE]})
        self._heard: list[dict] = []
        self._listener.hear("ready")

    def of(self, entity: type[Entity], key: int, operations: str, columns: Iterable[str] = ()) -> None:
        """Wait until it is told of the record, under a name that the table's changes have; what came before is forgotten."""
        names = {rule.event for rule in EVENTS[entity.__tablename__] if rule.topic is None}
        while True:
            for event in self._listener.hear("chg")["ev"]:
                if event["topic"] == entity.__tablename__ and event["op"] in operations and key in (event["ids"] or [key]):
                    assert event["event"] in names and set(columns) <= set(event["cols"] or ())
                    return


@pytest.fixture(scope="module")
def told(live_server: str, rest) -> Told:
    """Follows every table from before the first change."""
    return Told(live_server, rest.key)


@pytest.fixture(scope="module")
def values(rest) -> Values:
    """Makes values, and what they refer to, over REST."""
    def create(entity: type[Entity], given: dict[str, Any]) -> dict[str, Any]:
        return done(rest("POST", rest_path(entity), json=given))

    def operate(entity: type[Entity], key: int, verb: str) -> dict[str, Any]:
        return done(rest("POST", f"{rest_path(entity)}/{key}/{verb}", json={}))

    return Values(create, operate)


def done(answer) -> dict[str, Any]:
    """The record of an answer that says it was written."""
    assert answer.status_code in (200, 201), answer.text
    return answer.json()


@pytest.fixture(scope="module")
def connection(live_database: str) -> Iterator[psycopg.Connection]:
    """As psql is connected."""
    with psycopg.connect(live_database, autocommit=True) as opened:
        yield opened


def another(values: Values, entity: type[Entity], made: dict[str, Any]) -> dict[str, Any]:
    """A value for one of its columns that it does not have yet; nothing where it has none but references."""
    given = [each for each in writable(entity) if each in set(updatable(entity)) and not each.foreign_keys
             and "choices" not in each.info and "shape" not in each.info
             and not (entity.resource.of_record and each.key == "entity")]
    for kind in (String, Boolean, Integer):
        for column in given:
            if isinstance(column.type, kind) and isinstance(made.get(column.key), str | bool | int | None):
                return {column.key: changed(values, entity, column, made)}
    return {}


def changed(values: Values, entity: type[Entity], column: Column, made: dict[str, Any]) -> Any:
    """A value that the column does not have yet."""
    if isinstance(column.type, Boolean):
        return not made[column.key]
    return (made[column.key] or 0) + 1 if isinstance(column.type, Integer) else values.value(entity, column)


@pytest.mark.parametrize("entity", CREATABLE, ids=lambda each: each.__tablename__)
def test_it_is_made_changed_and_taken_away_over_rest(rest, values, told, entity):
    path = rest_path(entity)
    made = done(rest("POST", path, json=values.of(entity)))
    told.of(entity, made["id"], "I")
    if given := another(values, entity, made):
        assert given.items() <= done(rest("PATCH", f"{path}/{made['id']}", json=given)).items()
        told.of(entity, made["id"], "U", given)
    gone = rest("DELETE", f"{path}/{made['id']}")
    assert gone.status_code in (204, KEPT), gone.text
    if gone.status_code == 204:
        told.of(entity, made["id"], "DU")


@pytest.mark.parametrize("entity", CREATABLE, ids=lambda each: each.__tablename__)
def test_it_is_made_changed_and_taken_away_in_the_browser(page: Page, live_server, rest, values, told, entity):
    page.goto(f"{live_server}{address(entity)}new/")
    fill(page, entity, values.of(entity))
    key = saved(page)
    told.of(entity, key, "I")
    made = rest("GET", f"{rest_path(entity)}/{key}").json()
    if given := another(values, entity, made):
        page.goto(f"{live_server}{address(entity)}edit/?id={key}")
        fill(page, entity, given)
        saved(page)
        told.of(entity, key, "U", given)
    page.goto(f"{live_server}{address(entity)}?id={key}")
    if (away := page.locator(f"tr[data-id='{key}'] [aria-label^='Delete ']")).count():
        away.click()
        page.locator("dialog[open]").get_by_role("button", name="Delete", exact=True).click()
        told.of(entity, key, "DU")


@pytest.mark.parametrize("entity", CREATABLE, ids=lambda each: each.__tablename__)
def test_it_is_made_changed_and_taken_away_in_psql(connection, rest, values, told, entity):
    table, given = sql.Identifier(entity.__tablename__), values.of(entity)
    key, = connection.execute(sql.SQL("INSERT INTO {} ({}) VALUES ({}) RETURNING id").format(
        table, sql.SQL(", ").join(map(sql.Identifier, given)), sql.SQL(", ").join(sql.Placeholder() * len(given))),
        [stored(entity, *each) for each in given.items()]).fetchone()
    told.of(entity, key, "I")
    for name, value in another(values, entity, rest("GET", f"{rest_path(entity)}/{key}").json()).items():
        connection.execute(sql.SQL("UPDATE {} SET {} = %s WHERE id = %s").format(table, sql.Identifier(name)),
                           [stored(entity, name, value), key])
        told.of(entity, key, "U", [name])
    away = "UPDATE {} SET archived_at = now() WHERE id = %s" if is_master(entity) else "DELETE FROM {} WHERE id = %s"
    connection.execute(sql.SQL(away).format(table), [key])
    told.of(entity, key, "U" if is_master(entity) else "D")


def stored(entity: type[Entity], name: str, value: Any) -> Any:
    """A JSON value as the driver gives it to the column."""
    return Jsonb(value) if isinstance(entity.__table__.columns[name].type, JSONB) else value


def fill(page: Page, entity: type[Entity], given: dict[str, Any]) -> None:
    """Type values into the form of a record."""
    for name, text in typed(given).items():
        field = page.locator(f"form[data-save-key] [name='{name}']")
        if entity.__table__.columns[name].foreign_keys:
            field.evaluate("(field, value) => field.cogniflowSet(value)", text)
        elif isinstance(given[name], bool):
            field.check()
        elif "choices" in entity.__table__.columns[name].info:
            field.select_option(text)
        else:
            field.fill(text)
    for name in (name for name, value in given.items() if value is False):
        page.locator(f"form[data-save-key] [name='{name}']").uncheck()


def saved(page: Page) -> int:
    """Save; the record's id."""
    page.get_by_role("button", name="Save", exact=True).click()
    page.wait_for_url(re.compile(r"/details/\?id=\d+"))
    return int(re.search(r"id=(\d+)", page.url).group(1))
