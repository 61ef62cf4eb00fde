"""Every command does what it says: results alone on standard output, exit 0, 1 or 2."""

import datetime as dt
import json
import signal

import psycopg
import pytest

from tests.cli.installed import PASSWORD, Command, Installation
from tests.db.supervised import eventually


@pytest.fixture(scope="module")
def company(made: Installation) -> Command:
    """The demonstration, up for all tests of this file."""
    running = made.up()
    yield running
    assert running.stop() == 0
    assert not made.processes()


@pytest.fixture
def cogniflow(made: Installation, company: Command) -> Installation:
    return made


def test_the_address_of_the_database_is_that_of_the_application(cogniflow):
    with psycopg.connect(cogniflow.result("db", "url")) as connection:
        assert connection.execute("SELECT current_user, count(*) FROM products").fetchone() == ("cogniflow_app", 77)


def test_psql_gets_its_arguments_and_gives_its_exit_code(cogniflow):
    assert cogniflow.result("db", "psql", "-Atc", "SELECT current_user") == "cogniflow_app"
    refused = cogniflow.run("db", "psql", "-v", "ON_ERROR_STOP=1", "-c", "TRUNCATE products")
    assert refused.returncode == 1 and "permission denied" in refused.stderr


def test_the_schema_is_current_and_as_declared(cogniflow):
    there = json.loads(cogniflow.result("db", "current", "--json"))
    assert there["current"] == there["newest"]
    assert cogniflow.result("db", "current") == f"{there['current']} of {there['newest']}"
    assert json.loads(cogniflow.result("db", "check", "--json")) == {"differences": []}
    assert cogniflow.result("db", "check") == "No differences."
    upgraded = cogniflow.run("db", "upgrade")
    assert (upgraded.returncode, upgraded.stdout) == (0, "")


def test_a_table_that_is_not_as_declared_is_told(cogniflow):
    with psycopg.connect(cogniflow.result("db", "url").replace("cogniflow_app", "cogniflow_owner", 1), autocommit=True) as owner:
        owner.execute("ALTER TABLE products ADD COLUMN stray text")
        try:
            told = cogniflow.run("db", "check", "--json")
            assert told.returncode == 1 and "stray" in json.loads(told.stdout)["differences"][0]
        finally:
            owner.execute("ALTER TABLE products DROP COLUMN stray")


def test_a_token_stands_alone_on_standard_output_and_opens_the_api(cogniflow, company):
    token = cogniflow.result("token", "create", "--role", "integration", "--name", "bench", "--expires", "7")
    assert token.startswith("cf_") and len(token.splitlines()) == 1
    assert company.get("/api/products?limit=1", token)[0] == 200
    left = cogniflow.result(
        "db", "psql", "-Atc", "SELECT round(extract(epoch FROM expires_at - now()) / 86400) FROM api_tokens WHERE name = 'bench'"
    )
    assert left == "7"


def test_a_token_can_do_no_more_than_its_scopes(cogniflow, company):
    token = cogniflow.result("token", "create", "--role", "administrator", "--scope", "products:read", "--scope", "orders:read")
    assert [company.get(f"/api/{name}?limit=1", token)[0] for name in ("products", "orders", "contacts")] == [200, 200, 404]


def test_a_token_needs_a_role_that_exists(cogniflow):
    unknown = cogniflow.run("token", "create", "--role", "emperor")
    assert (unknown.returncode, unknown.stdout) == (1, "")
    assert "There is no role emperor; there are: administrator, " in unknown.stderr
    assert cogniflow.run("token", "create").returncode == 2
    assert cogniflow.run("token", "create", "--role", "viewer", "--expires", "0").returncode == 2


def test_a_person_who_was_created_signs_in(cogniflow, company):
    password = cogniflow.result("user", "create", "anna@example.com", "--name", "Anna", "--role", "sales")
    assert company.signs_in("anna@example.com", password)
    assert cogniflow.result("user", "create", "bert@example.com", COGNIFLOW_USER_PASSWORD=PASSWORD) == ""
    assert company.signs_in("bert@example.com", PASSWORD)
    for words in (["anna@example.com"], ["short@example.com", "--password", "short"], ["c@example.com", "--role", "emperor"]):
        refused = cogniflow.run("user", "create", *words)
        assert (refused.returncode, refused.stdout) == (1, ""), words
        assert refused.stderr and "Traceback" not in refused.stderr


def test_a_verb_does_what_it_does_everywhere_and_prints_the_record(cogniflow, company):
    note = delivery_in(cogniflow, "picking")
    assert json.loads(cogniflow.result("do", "goods_delivery_notes", note, "pack"))["status"] == "packed"
    yesterday = dt.date.today() - dt.timedelta(1)  # not settled yet
    shipped = json.loads(cogniflow.result("do", "goods-delivery-notes", note, "ship", "--shipped-at", f"{yesterday}T10:00:00Z"))
    assert shipped["status"] == "shipped" and shipped["shipped_at"] == f"{yesterday}T10:00:00.000000Z"
    assert (
        cogniflow.result(
            "db",
            "psql",
            "-Atc",
            f"SELECT door FROM cogniflow.record_history WHERE tbl = 'goods_delivery_notes' "
            f"AND record_id = {note} ORDER BY id DESC LIMIT 1",
        )
        == "cli"
    )


def test_a_verb_that_is_not_allowed_fails_and_says_why(cogniflow):
    note = delivery_in(cogniflow, "delivered")
    for words, said in (
        (["goods-delivery-notes", note, "ship"], "and must be packed"),
        (["goods-delivery-notes", note, "dance"], "dance"),
        (["unicorns", 1, "ship"], "There is no resource unicorns"),
        (["goods-delivery-notes", 999999, "ship"], "Not found"),
        (["goods-delivery-notes", note, "deliver", "--nonsense=1"], "nonsense"),
    ):
        done = cogniflow.run("do", *words)
        assert (done.returncode, done.stdout) == (1, "") and said in done.stderr, done


def test_a_verb_said_wrongly_is_wrong_usage(cogniflow):
    for words in (
        ["orders", 1],
        ["orders", 1, "confirm", "--note"],
        ["orders", 1, "confirm", "note"],
        ["orders", 1, "confirm", "--lines", "[1,"],
    ):
        assert cogniflow.run("do", *words).returncode == 2, words


def delivery_in(cogniflow: Installation, status: str) -> str:
    """The id of a delivery note in this status, which traffic leads to when there is none."""
    for _ in range(5):
        found = cogniflow.result("db", "psql", "-Atc", f"SELECT id FROM goods_delivery_notes WHERE status = '{status}' LIMIT 1")
        if found:
            return found
        cogniflow.result("simulate", "--rate", "1000", "--steps", "40")
    raise AssertionError(f"no delivery note became {status}")


def test_traffic_runs_for_so_many_steps_or_until_it_is_stopped(cogniflow):
    done = cogniflow.run("simulate", "--rate", "500", "--steps", "10")
    assert (done.returncode, done.stdout, done.stderr.splitlines()[-1]) == (0, "", "10 steps")
    endless = cogniflow.start("simulate", "--rate", "50")
    eventually(lambda: len(endless.err.splitlines()) > 5, 30)
    assert endless.stop() == 0 and endless.err.splitlines()[-1].endswith(" steps")


def test_seeds_may_be_loaded_again_and_a_file_of_ones_own_too(cogniflow):
    before = cogniflow.result("db", "psql", "-Atc", "SELECT count(*) FROM products")
    assert cogniflow.result("seed") == "" and cogniflow.result("seed", "--demo") == ""
    assert cogniflow.result("db", "psql", "-Atc", "SELECT count(*) FROM products") == before
    own = cogniflow.folder / "said" / "own.sql"
    own.write_text("INSERT INTO product_categories (name) VALUES ('Own'); INSERT INTO nowhere VALUES (1);")
    refused = cogniflow.run("seed", own)
    assert refused.returncode == 1 and refused.stderr.startswith("Invalid: own.sql, line 1: ")
    own.write_text("INSERT INTO product_categories (name) VALUES ('Own');")
    cogniflow.result("seed", own)
    assert cogniflow.result("db", "psql", "-Atc", "SELECT count(*) FROM product_categories WHERE name = 'Own'") == "1"
    assert cogniflow.run("seed", "no-such-file.sql").returncode == 2


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_worker_runs_until_it_is_stopped(cogniflow, number):
    worker = cogniflow.start("worker", COGNIFLOW_LOG_LEVEL="debug")
    eventually(lambda: '"kept_house"' in worker.err, 30)
    assert worker.stop(number) == 0 and worker.out == ""


def test_the_reference_pages_are_checked_without_being_written(cogniflow):
    pages = cogniflow.folder / "said" / "reference"
    assert cogniflow.run("docs", "--check", "--folder", pages).returncode == 1 and not pages.exists()
    assert cogniflow.run("docs", "--folder", pages).returncode == 0
    assert cogniflow.run("docs", "--check", "--folder", pages).returncode == 0
    (pages / "cli.md").write_text("outdated")
    stale = cogniflow.run("docs", "--check", "--folder", pages)
    assert (stale.returncode, stale.stdout) == (1, "") and "cli.md" in stale.stderr


def test_a_command_that_does_not_exist_is_wrong_usage(cogniflow):
    assert cogniflow.run("dance").returncode == 2
    assert cogniflow.result("--help").count("\n") > 10
