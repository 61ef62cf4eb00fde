"""Lists of a million rows: a page, its continuation, filters and words are each found by an index."""

import json
from collections.abc import Iterator

import psycopg
import pytest
from sqlalchemy import event
from werkzeug.datastructures import MultiDict

from cogniflow.db import migrate
from cogniflow.db.session import Database
from cogniflow.domain.accounts.rights import SYSTEM_CALLER
from cogniflow.domain.registry import load
from cogniflow.kernel.entity import entity_of
from cogniflow.records.query import parse_list_query
from cogniflow.records.read import page

load()
ROWS = 1_000_000
ORDERS = 100_000
FILL = (
    "ALTER TABLE departments DISABLE TRIGGER USER",
    "ALTER TABLE orders DISABLE TRIGGER USER",
    "DROP INDEX IF EXISTS ix_search_departments, ix_search_orders",
    f"INSERT INTO departments (code, name) SELECT 'D' || n, 'Team ' || n * 7 % 500000 FROM generate_series(1, {ROWS}) n",
    "INSERT INTO contacts (name) SELECT 'Firm ' || n FROM generate_series(1, 500) n",
    "INSERT INTO warehouses (code, name) VALUES ('W', 'W')",
    "INSERT INTO orders (customer_id, warehouse_id, ordered_on, status) "
    "SELECT 1 + n % 500, 1, date '2020-01-01' + n % 500, CASE WHEN n % 1000 = 0 THEN 'on_hold' ELSE 'closed' END "
    f"FROM generate_series(1, {ORDERS}) n",
)


@pytest.fixture(scope="module")
def large(copies, template) -> Iterator[str]:
    """Name of a database with a million departments, and many orders."""
    copies.create("large", template)
    with psycopg.connect(copies.server.superuser_url("large"), autocommit=True) as connection:
        for statement in FILL:
            connection.execute(statement)
    migrate.upgrade(copies.owner("large"))
    with psycopg.connect(copies.owner("large"), autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE departments, orders")
    yield "large"
    copies.drop("large")


@pytest.fixture
def listed(copies, large):
    """Asks for a page: what was read, and the tables of which every row was looked at."""
    database = Database(copies.app(large), pool_size=1)
    asked: list[tuple] = []
    event.listen(database.engine, "before_cursor_execute", lambda *given: asked.append((given[2], given[3])))

    def ask(table: str, **query: str) -> tuple[dict, set[str]]:
        entity = entity_of(table)
        with database.reading() as session:
            asking = parse_list_query(SYSTEM_CALLER, entity, MultiDict(query))
            found = json.loads(page(session, SYSTEM_CALLER, entity, asking).body)
            statement, values = asked[-1]
            [(plan,)] = session.connection().exec_driver_sql(f"EXPLAIN (FORMAT JSON) {statement}", values).all()
        return found, set(scanned(plan[0]["Plan"]))
    yield ask
    database.close()


def scanned(plan: dict) -> Iterator[str]:
    """The tables that a plan reads from end to end."""
    if plan["Node Type"] == "Seq Scan" and plan["Plan Rows"] > 1000:
        yield plan["Relation Name"]
    for each in plan.get("Plans", ()):
        yield from scanned(each)


@pytest.mark.parametrize("table", ["departments", "orders"])
def test_the_first_page_and_a_deep_one_are_found_by_an_index(listed, table):
    first, read = listed(table)
    assert read - {table} == set() and len(first["data"]) == 50
    assert (first["page"]["total"], first["page"]["total_is"]) == (10_000, "capped")
    cursor = first["page"]["next"]
    for _ in range(3):
        deep, read = listed(table, limit="500", cursor=cursor)
        assert len(deep["data"]) == 500
        cursor = deep["page"]["next"]


def test_a_page_from_the_middle_is_as_near_as_the_first(listed):
    for table, near in (("departments", {"name__gt": "Team 3", "sort": "name"}), ("orders", {"ordered_on__lt": "2020-06-01"})):
        found, _ = listed(table, limit="1", **near)
        deep, read = listed(table, cursor=found["page"]["next"], sort=near.get("sort", "-ordered_on"))
        assert len(deep["data"]) == 50 and not read - {table}
        assert deep["data"][0]["id"] != found["data"][0]["id"]


@pytest.mark.parametrize(("table", "query", "total"), [
    ("orders", {"status": "on_hold"}, 100), ("orders", {"customer_id": "77"}, 200), ("orders", {"ordered_on": "2021-01-01"}, 200),
    ("orders", {"id__in": "1,2,3"}, 3), ("departments", {"code": "D4711"}, 1),
])
def test_what_lists_are_filtered_by_is_found_by_an_index(listed, table, query, total):
    found, read = listed(table, **query)
    assert (found["page"]["total"], found["page"]["total_is"]) == (total, "exact")
    assert read == set()


@pytest.mark.parametrize(("words", "total"), [
    ("d999999", 1), ("Team 499993", 3), ("TEAM d777777", 1), ("no such team", 0),
])
def test_words_are_found_by_an_index(listed, copies, large, words, total):
    with psycopg.connect(copies.owner(large)) as connection:
        if not connection.execute("SELECT 1 FROM pg_extension WHERE extname = 'pg_trgm'").fetchone():
            pytest.skip("this PostgreSQL has no pg_trgm")
    found, read = listed("departments", q=words)
    assert (found["page"]["total"], found["page"]["total_is"]) == (total, "exact") and read == set()


def test_a_word_that_many_rows_hold_is_found_at_once(listed):
    found, _ = listed("departments", q="team")
    assert found["page"]["total_is"] == "capped" and len(found["data"]) == 50
