"""House rules that the database itself must keep."""

import psycopg
import pytest

from cogniflow.db import migrate
from cogniflow.db.tables import NOT_TRACKED

TRIGGERS_OF_THE_FEED = {
    "cogniflow_00_suppress",
    "cogniflow_10_stamp",
    "cogniflow_feed_i",
    "cogniflow_feed_u",
    "cogniflow_feed_d",
    "cogniflow_feed_t",
}


@pytest.fixture(scope="module")
def catalogue(copies, template):
    """A connection to the template, which nothing writes."""
    with psycopg.connect(copies.owner(template), autocommit=True) as connection:
        yield connection


def test_every_business_table_has_a_feed_or_a_named_reason(catalogue):
    rows = catalogue.execute(
        "SELECT c.relname, array_agg(t.tgname::text) FILTER (WHERE t.tgenabled = 'A') FROM pg_class c "
        "LEFT JOIN pg_trigger t ON t.tgrelid = c.oid AND NOT t.tgisinternal "
        "WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') GROUP BY 1"
    ).fetchall()
    without = {table for table, triggers in rows if not set(triggers or ()) >= TRIGGERS_OF_THE_FEED}
    assert without == set(NOT_TRACKED)
    assert len(rows) > 30


def test_no_column_is_of_type_json(catalogue):
    found = catalogue.execute(
        "SELECT table_name, column_name FROM information_schema.columns "
        "WHERE data_type = 'json' AND table_schema IN ('public', 'cogniflow')"
    ).fetchall()
    assert found == []


def test_no_number_is_a_float(catalogue):
    found = catalogue.execute(
        "SELECT table_name, column_name FROM information_schema.columns WHERE data_type IN "
        "('real', 'double precision', 'money') AND table_schema IN ('public', 'cogniflow')"
    ).fetchall()
    assert found == []


def test_the_incarnation_does_not_survive_a_crash(catalogue):
    assert catalogue.execute("SELECT relpersistence FROM pg_class WHERE oid = 'cogniflow.incarnation'::regclass").fetchone() == (
        "u",
    )


def test_every_definer_function_has_a_fixed_search_path(catalogue):
    loose = catalogue.execute(
        "SELECT proname FROM pg_proc WHERE prosecdef AND pronamespace = 'cogniflow'::regnamespace "
        "AND NOT coalesce(proconfig::text LIKE '%search_path=%', false)"
    ).fetchall()
    assert loose == []


def test_nobody_but_the_application_may_call_our_functions_or_touch_our_tables(catalogue):
    open_to_all = catalogue.execute(
        "SELECT proname FROM pg_proc, aclexplode(coalesce(proacl, acldefault('f', proowner))) "
        "WHERE pronamespace = 'cogniflow'::regnamespace AND grantee = 0 "
        "UNION ALL SELECT relname FROM pg_class, aclexplode(relacl) "
        "WHERE relnamespace IN ('cogniflow'::regnamespace, 'public'::regnamespace) AND grantee = 0"
    ).fetchall()
    assert open_to_all == []


def test_every_guard_fires_whatever_the_replication_role(catalogue):
    sleeping = catalogue.execute(
        "SELECT tgrelid::regclass::text, tgname FROM pg_trigger WHERE NOT tgisinternal AND tgenabled <> 'A'"
    ).fetchall()
    assert sleeping == []


def test_the_tables_are_the_declared_ones(copies, template):
    assert migrate.check(copies.owner(template)) == []


def test_every_foreign_key_has_an_index(catalogue):
    bare = catalogue.execute(
        "SELECT c.conrelid::regclass::text, a.attname FROM pg_constraint c JOIN pg_attribute a "
        "ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1] WHERE c.contype = 'f' AND NOT EXISTS "
        "(SELECT 1 FROM pg_index i WHERE i.indrelid = c.conrelid AND i.indkey[0] = c.conkey[1])"
    ).fetchall()
    assert bare == []
