"""What keeps `up` from starting is told in one line, and leaves nothing behind."""

import socket

import psutil
import pytest

from tests.cli.installed import free_port
from tests.db.supervised import eventually


def refusal(done) -> str:
    """The one line of a command that failed."""
    assert done.returncode == 1 and done.stdout == "", done
    line, = done.stderr.splitlines()
    return line


def test_a_port_that_is_in_use(empty):
    with socket.create_server(("127.0.0.1", empty.port)):
        line = refusal(empty.run("up"))
    assert line == f"Unavailable: Port {empty.port} of 127.0.0.1 is in use: end what uses it, or set COGNIFLOW_PORT."
    assert not (empty.data / "postgres").exists()


def test_an_address_that_is_not_ours(empty):
    assert "Cannot listen on 192.0.2.1" in refusal(empty.run("up", "--host", "192.0.2.1"))
    assert "Cannot listen on no.such.host.invalid" in refusal(empty.run("up", "--host", "no.such.host.invalid"))


def test_a_second_one_in_the_same_folder_does_not_disturb_the_first(installation, running):
    parts = psutil.Process(running.process.pid).children()
    assert "CogniFlow already runs in" in refusal(installation.run("up"))
    assert "CogniFlow already runs in" in refusal(installation.run("up", "--port", free_port()))
    assert running.is_ready() and psutil.Process(running.process.pid).children() == parts


@pytest.mark.parametrize("name, value", [("COGNIFLOW_PORT", "many"), ("COGNIFLOW_WORKERS", "0"), ("COGNIFLOW_LOG_LEVEL", "loud"),
                                         ("DATABASE_URL", "mysql://root@localhost/x"), ("DATABASE_URL", "secret words")])
def test_a_setting_that_cannot_work(empty, name, value):
    line = refusal(empty.run("up", **{name: value}))
    assert line.startswith(f"Wrong setting: {name}: ") and "secret" not in line
    assert not empty.data.exists()


def test_an_option_that_cannot_work_is_wrong_usage(empty):
    assert empty.run("up", "--port", "many").returncode == 2
    assert empty.run("up", "--nonsense").returncode == 2


def test_a_folder_that_holds_other_things(empty):
    empty.data.mkdir(mode=0o755)
    (empty.data / "letters.txt").write_text("Dear Anna")
    assert "holds other things" in refusal(empty.run("up"))
    assert [each.name for each in empty.data.iterdir()] == ["letters.txt"]


def test_a_folder_that_cannot_be_made(empty):
    assert "The data folder cannot be made" in refusal(empty.run("up", COGNIFLOW_DATA_DIR="/proc/nowhere"))


def test_the_embedded_server_allows_the_connections_that_the_workers_need(installation):
    running = installation.up("--workers", "2", COGNIFLOW_POOL_SIZE="150")
    eventually(running.is_ready)
    assert int(installation.result("db", "psql", "-Atc", "SHOW max_connections")) == 2 * 150 + 12 + 12 + 3
    running.stop()
