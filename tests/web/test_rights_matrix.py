"""Every role, entity and verb at every door, compared with the permission rows as SQL tells them."""

import re
from dataclasses import dataclass
from functools import cached_property

import psycopg
import pytest
from flask import Flask, g
from flask.testing import FlaskClient
from psycopg.rows import dict_row

from cogniflow.analytics.registry import panels
from cogniflow.db.session import SYSTEM
from cogniflow.domain.accounts.models import Permission, Role
from cogniflow.domain.accounts.rights import ACTIONS
from cogniflow.domain.accounts.tokens import create_token
from cogniflow.domain.registry import load
from cogniflow.kernel.entity import Entity, entities, entity_of, is_master, rest_path
from cogniflow.kernel.operation import operations
from cogniflow.records.parse import is_creatable
from cogniflow.records.subscriptions import RecordAuthoriser
from cogniflow.web.auth import create_user
from dash_apps.shell import PAGES, mount
from tests.conftest import signed_in
from tests.web.forms import address

load()
NOBODY = 10**12
PASSWORD = "a password of some length"
HIDDEN, REFUSED, READ_ONLY, ALLOWED = "hidden", "refused", "read-only", "allowed"
DO = "do "
"""Stands before a verb, which may be called as an action is."""
FILES = entity_of("attachments")
"""They are made of what is sent as a file, not of values."""
PROGRAM = {"Accept": "application/json"}


@dataclass
class Person:
    """A user of one role, with a token of it, and what the permission rows say of the role."""

    app: Flask
    role: str
    token: str
    rows: list[dict]

    @cached_property
    def page(self) -> FlaskClient:
        """A browser in which they are signed in."""
        return signed_in(self.app, f"{self.role}@example.com", PASSWORD)

    def may(self, action: str, table: str) -> bool:
        """Whether a row allows the action: read, create, update, delete, or "do" and a verb, which may have the same name."""
        verb = action.removeprefix(DO)
        return any(row[f"can_{action}"] if verb == action else {verb, "*"} & set(row["operate"])
                   for row in self.rows if row["entity"] in (table, "*"))

    def reads_all(self, table: str) -> bool:
        """Whether a row allows to read every record."""
        return any(row["can_read"] and row["reach"] == "all" for row in self.rows if row["entity"] in (table, "*"))

    def expected(self, action: str, entity: type[Entity]) -> str:
        """What the rows say of an action."""
        if not self.may("read", entity.__tablename__):
            return HIDDEN
        return ALLOWED if self.may(action, entity.__tablename__) else REFUSED


@pytest.fixture
def people(app, owner_url) -> list[Person]:
    """One person for every role there is, and two whose rights differ from table to table: what one may, the other may not."""
    mount(app)
    with app.extensions["cogniflow"].database.transaction(SYSTEM) as session:
        for role, parity in (("even", 0), ("odd", 1)):
            mixed = Role(name=role, title=role)
            session.add(mixed)
            session.flush()
            for n, entity in enumerate(entities(), start=parity):
                session.add(Permission(
                    role_id=mixed.id, entity=entity.__tablename__, can_read=bool(parity or n % 5), can_create=bool(n & 1),
                    can_update=bool(n & 1), can_delete=not n & 1, operate=list(operations(entity))[n & 1 :: 2],
                    reach="own" if entity.resource.owners else "all"))
    with psycopg.connect(owner_url, row_factory=dict_row) as connection:
        roles = [row["name"] for row in connection.execute("SELECT name FROM roles WHERE archived_at IS NULL ORDER BY id")]
        rows = {role: connection.execute("SELECT p.* FROM permissions p JOIN roles r ON r.id = p.role_id WHERE r.name = %s",
                                         (role,)).fetchall() for role in roles}
    found = []
    for role in roles:
        with app.extensions["cogniflow"].database.transaction(SYSTEM) as session:
            create_user(session, f"{role}@example.com", role, PASSWORD, [role])
            token = create_token(session, role, role)
        found.append(Person(app, role, token, rows[role]))
    return found


@pytest.fixture
def mixed(people) -> list[Person]:
    """Those two: what they meet at a door, any role meets there."""
    return people[-2:]


def outcome(answer) -> str:
    """What an answer says of the right that was needed for it."""
    told = answer.json["detail"] if answer.status_code == 404 and answer.is_json else ""
    if answer.status_code == 404:
        return HIDDEN if "There is no resource" in told else ALLOWED
    known = {403: REFUSED, 405: READ_ONLY, 200: ALLOWED, 415: ALLOWED, 422: ALLOWED}
    return known.get(answer.status_code, f"{answer.status_code} {answer.text[:200]}")


def test_a_caller_of_every_role_may_do_what_its_rows_say_and_nothing_else(app, people):
    for person in people:
        with app.test_request_context("/api/", headers={"Authorization": f"Bearer {person.token}"}):
            app.preprocess_request()
            for entity in entities():
                table = entity.__tablename__
                assert {each for each in ACTIONS if g.caller.may(each, table)} == {
                    each for each in ACTIONS if person.may(each, table)}, f"{person.role} {table}"
                assert {each for each in operations(entity) if g.caller.may_operate(each, table)} == {
                    each for each in operations(entity) if person.may(DO + each, table)}, f"{person.role} {table}"
                assert g.caller.only_own("read", table) == (not person.reads_all(table)), f"{person.role} {table}"


def test_rest_lets_everybody_do_what_their_rows_say_and_nothing_else(app, mixed):
    client, wrong = app.test_client(), []
    for person in mixed:
        for entity in entities():
            path, changeable = f"/api/{rest_path(entity)}", not entity.resource.read_only
            asked = [("GET", path, "read", True), ("GET", f"{path}/{NOBODY}", "read", True),
                     ("POST", path, "create", is_creatable(entity) or entity is FILES),
                     ("PATCH", f"{path}/{NOBODY}", "update", changeable),
                     ("DELETE", f"{path}/{NOBODY}", "delete", changeable)]
            asked += [("POST", f"{path}/{NOBODY}/{verb}", DO + verb, True) for verb in operations(entity)]
            asked += [("POST", f"{path}/{NOBODY}/restore", "delete", True)] if is_master(entity) else []
            for method, where, action, there in asked:
                body = {"no_such_field": 1} if action == "create" else {} if method != "GET" else None
                answer = client.open(where, method=method, json=body, headers={"Authorization": f"Bearer {person.token}"})
                said = person.expected(action, entity) if there else READ_ONLY
                if outcome(answer) != said:
                    wrong.append(f"{person.role}: {method} {where} should be {said}, is {outcome(answer)}")
    assert wrong == []


def test_the_admin_lets_everybody_do_what_their_rows_say_and_nothing_else(mixed):
    wrong = []
    for person in mixed:
        for entity in entities():
            path, changeable = address(entity), not entity.resource.read_only
            asked = [("GET", "export/csv/", "read"), ("GET", f"details/?id={NOBODY}", "read")]
            asked += [] if person.may("read", entity.__tablename__) else [("GET", "", "read")]
            asked += [("GET", "new/", "create")] if is_creatable(entity) else []
            asked += [("GET", f"edit/?id={NOBODY}", "update"), ("POST", "ajax/update/", "update"),
                      ("POST", "delete/", "delete")] if changeable else []
            asked += [("POST", "restore/", "delete")] if is_master(entity) else []
            asked += [(method, f"operate/{verb}/?id={NOBODY}", DO + verb) for verb in operations(entity)
                      for method in ("GET", "POST")]
            for method, where, action in asked:
                sent = {"id": NOBODY, "list_form_pk": NOBODY} if method == "POST" else None
                answer = person.page.open(f"{path}{where}", method=method, headers=PROGRAM, data=sent)
                if outcome(answer) != (said := person.expected(action, entity)):
                    wrong.append(f"{person.role}: {method} {path}{where} should be {said}, is {outcome(answer)}")
    assert wrong == []


def test_the_feed_lets_every_role_follow_what_its_rows_let_it_read(app, people):
    authoriser = RecordAuthoriser(app.extensions["cogniflow"].database, panels())
    for person in people:
        with app.test_request_context("/ws", headers={"Authorization": f"Bearer {person.token}"}):
            app.preprocess_request()
            followed = {each.__tablename__ for each in entities() if authoriser.may_subscribe(g.caller, each.__tablename__)}
            assert followed == {each.__tablename__ for each in entities() if person.reads_all(each.__tablename__)}, person.role
            for panel in panels():
                seen = all(person.reads_all(table) for table in panel.permission) and panel.scope != "user"
                for topic in (f"panel/{panel.name}", f"dashboard/{panel.name}"):
                    assert authoriser.may_subscribe(g.caller, topic) == seen, f"{person.role} {topic}"


def test_dashboards_show_every_role_the_figures_its_rows_let_it_read_and_no_others(app, people):
    client = app.test_client()
    everything = {path: _cards(people[0], path) for path in PAGES}
    assert all(everything.values())
    for person in people:
        seen = {panel.name for panel in panels() if all(person.reads_all(table) for table in panel.permission)}
        for path, shown in everything.items():
            assert _cards(person, path) == shown & seen, f"{person.role} {path}"
        for panel in panels():
            answer = client.get(f"/api/dashboard/{panel.name}", headers={"Authorization": f"Bearer {person.token}"})
            allowed = panel.name in seen and panel.scope != "user"
            assert (answer.status_code == 200) == allowed, f"{person.role} {panel.name}"


def test_the_scopes_of_a_token_hold_at_every_door(app, people):
    readable = {"departments", "employees", "contacts", "leave_requests", "leave_types"}
    database = app.extensions["cogniflow"].database
    with database.transaction(SYSTEM) as session:
        narrow = create_token(session, "administrator", "narrow", scopes=("contacts:*", *(f"{each}:read" for each in readable)))
    client, bearer, authoriser = app.test_client(), {"Authorization": f"Bearer {narrow}"}, RecordAuthoriser(database, panels())

    def opened(where: str) -> bool:
        return client.get(where, headers=bearer | PROGRAM).status_code == 200
    assert {each.__tablename__ for each in entities() if opened(f"/api/{rest_path(each)}?limit=1")} == readable
    assert {each.__tablename__ for each in entities() if opened(f"{address(each)}export/csv/")} == readable
    assert {each.name for each in panels() if opened(f"/api/dashboard/{each.name}")} == {
        each.name for each in panels() if each.permission <= readable and each.scope != "user"}
    for changed, said in (("departments", REFUSED), ("contacts", ALLOWED)):
        assert outcome(client.patch(f"/api/{changed}/{NOBODY}", json={}, headers=bearer)) == said
        answer = client.post(f"/admin/{changed}/delete/", data={"id": NOBODY}, headers=bearer | PROGRAM)
        assert outcome(answer) == said
    with app.test_request_context("/ws", headers=bearer):
        app.preprocess_request()
        assert {each.__tablename__ for each in entities() if authoriser.may_subscribe(g.caller, each.__tablename__)} == readable


def _cards(person: Person, path: str) -> set[str]:
    answer = person.page.get(path)
    assert answer.status_code in (200, 403), answer.text
    return {topic.partition("?")[0] for topic in re.findall(r'data-topic="panel/([^"]+)"', answer.text)}
