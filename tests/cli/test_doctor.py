"""The doctor finds what is wrong, says how to mend it, and is content once that is done."""

import json

import psycopg
import pytest

from tests.cli.installed import Installation


@pytest.fixture
def owner(installation, running):
    """A connection of whoever may do everything."""
    with psycopg.connect(installation.result("db", "url").replace("cogniflow_app@", "postgres@"), autocommit=True) as connection:
        yield connection


def findings(installation: Installation) -> dict[str, dict]:
    """What is wrong, by the name of the check."""
    done = installation.run("doctor", "--deep", "--json")
    found = {each["check"]: each for each in json.loads(done.stdout) if each["problem"]}
    assert done.returncode == (1 if found else 0)
    return found


def test_all_is_well(installation, running):
    checked = installation.result("doctor", "--deep").splitlines()
    assert [line.split() for line in checked if not line.startswith(" ")] == [
        ["ok", name]
        for name in ("settings", "disk", "database", "schema", "connections", "feed", "roles", "guards", "data", "tables")
    ]
    assert any(line.split()[:2] == ["1", "connected:"] for line in checked)


def test_a_guard_that_was_switched_off_is_found_and_put_back_by_the_remedy(installation, owner):
    (trigger,) = owner.execute(
        "SELECT tgname FROM pg_trigger WHERE tgrelid = 'orders'::regclass AND NOT tgisinternal LIMIT 1"
    ).fetchone()
    owner.execute(f"ALTER TABLE orders DISABLE TRIGGER {trigger}")
    found = findings(installation)
    assert found["guards"] == {
        "check": "guards",
        "problem": f"switched off: orders.{trigger}",
        "remedy": "run `cogniflow db upgrade`",
    }
    said = installation.run("doctor")
    assert f"WRONG guards: switched off: orders.{trigger}\n      mend: run `cogniflow db upgrade`\n" in said.stdout
    installation.result("db", "upgrade")
    assert findings(installation) == {}


def test_a_balance_that_is_not_the_sum_of_its_ledger_is_found(installation, owner):
    owner.execute("ALTER TABLE stock_balances DISABLE TRIGGER USER")
    try:
        owner.execute("UPDATE stock_balances SET on_hand = on_hand + 1 WHERE id = (SELECT min(id) FROM stock_balances)")
        found = findings(installation)
        assert "balance is sum of ledger: not so in 1 rows" in found["data"]["problem"] and "guards" in found
        owner.execute("UPDATE stock_balances SET on_hand = on_hand - 1 WHERE id = (SELECT min(id) FROM stock_balances)")
    finally:
        installation.result("db", "upgrade")
    assert findings(installation) == {}


def test_too_few_connections_are_found(installation, running):
    assert "are needed" in json.loads(installation.run("doctor", "--json", COGNIFLOW_WORKERS="64").stdout)[4]["problem"]


def test_where_nothing_was_ever_started_it_says_so_and_makes_no_database(empty):
    assert findings(empty) == {
        "database": {"check": "database", "problem": f"there is none in {empty.data}", "remedy": "make it with `cogniflow up`"}
    }
    assert list(empty.data.iterdir()) == []


def test_a_wrong_setting_and_a_server_out_of_reach_are_findings_too(empty):
    assert json.loads(empty.run("doctor", "--json", COGNIFLOW_PORT="many").stdout)[0]["problem"].startswith("COGNIFLOW_PORT: ")
    away = json.loads(empty.run("doctor", "--json", DATABASE_URL="postgresql://anna@127.0.0.1:1/x").stdout)[-1]
    assert away["problem"].startswith("DATABASE_URL cannot be reached: ") and "correct DATABASE_URL" in away["remedy"]
