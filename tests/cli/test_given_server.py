"""DATABASE_URL: the same product on a server that somebody else runs."""

import json
import secrets
from collections.abc import Iterator

import psycopg
import pytest

from tests.cli.installed import PASSWORD
from tests.db.supervised import ask


@pytest.fixture
def of_superuser(server, database_name) -> str:
    return server.superuser_url(database_name)


@pytest.fixture
def of_guest(server) -> Iterator[str]:
    """An empty database, owned by a role that may make no roles."""
    name = f"guest_{secrets.token_hex(4)}"
    with psycopg.connect(server.superuser_url("postgres"), autocommit=True) as connection:
        connection.execute(f"CREATE ROLE {name} LOGIN")
        connection.execute(f"CREATE DATABASE {name} OWNER {name} TEMPLATE template0")
        yield server.superuser_url(name).replace("postgres@", f"{name}@")
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
        connection.execute(f"DROP ROLE {name}")


def test_the_application_acts_in_its_own_role_so_that_the_guards_hold(empty, of_superuser):
    empty.environment["DATABASE_URL"] = of_superuser
    running = empty.up(COGNIFLOW_ADMIN_PASSWORD=PASSWORD)
    assert running.is_ready() and running.signs_in("admin@example.com", PASSWORD)
    token = empty.result("token", "create", "--role", "administrator")
    assert running.get("/api/products", token)[0] == 200
    assert ask(empty.result("db", "url"), "SELECT current_user, session_user") == ("cogniflow_app", "postgres")
    assert empty.run("db", "psql", "-c", "DELETE FROM stock_ledger", "-v", "ON_ERROR_STOP=1").returncode != 0
    assert ask(of_superuser, "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'cogniflow%'")[0] > 1
    assert empty.run("doctor").stdout.count("ok  ") == 9
    assert not running.children("postgres -D") and not (empty.data / "postgres").exists()
    assert running.stop() == 0 and not empty.processes()


def test_without_the_right_to_make_roles_it_works_and_the_doctor_says_what_is_not_guarded(empty, of_guest):
    empty.environment["DATABASE_URL"] = of_guest
    behind = {each["check"]: each for each in json.loads(empty.run("doctor", "--json").stdout)}
    assert behind["schema"]["problem"].startswith("it is at revision none") and "db upgrade" in behind["schema"]["remedy"]
    refused = empty.run("token", "create", "--role", "viewer")
    assert (refused.returncode, refused.stderr) == (1, "Failed: the database is not up to date: run `cogniflow db upgrade`.\n")

    running = empty.up(COGNIFLOW_ADMIN_PASSWORD=PASSWORD)
    assert running.is_ready() and running.signs_in("admin@example.com", PASSWORD)
    assert ask(empty.result("db", "url"), "SELECT current_user = session_user") == (True,)
    examined = empty.run("doctor")
    assert examined.returncode == 1 and examined.stdout.count("WRONG") == 1
    assert "WRONG roles: the application acts as the owner, who can switch every guard off" in examined.stdout
    assert "GRANT cogniflow_app TO" in examined.stdout
    assert running.stop() == 0


@pytest.mark.parametrize("words", [("up",), ("db", "url"), ("db", "upgrade"), ("token", "create", "--role", "viewer")])
def test_a_server_out_of_reach_is_told_in_one_line(empty, words):
    done = empty.run(*words, DATABASE_URL="postgresql://anna:secret@127.0.0.1:1/company")
    assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (1, "", 1), done.stderr
    assert done.stderr.startswith("Unavailable: DATABASE_URL cannot be reached: ") and "secret" not in done.stderr


def test_a_database_that_does_not_exist_is_told_in_one_line(empty, server):
    done = empty.run("up", DATABASE_URL=server.superuser_url("nowhere"))
    assert done.returncode == 1 and 'database "nowhere" does not exist' in done.stderr and len(done.stderr.splitlines()) == 1


def test_more_connections_than_the_server_allows_are_told_before_anything_is_changed(empty, of_guest):
    done = empty.run("up", "--workers", "64", DATABASE_URL=of_guest)
    line, = done.stderr.splitlines()
    assert done.returncode == 1 and "64 workers of 16 connections and what else runs need 1048; the server allows 197." in line
    assert ask(of_guest, "SELECT count(*) FROM pg_namespace WHERE nspname = 'cogniflow'") == (0,)
