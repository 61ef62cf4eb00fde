"""The first start: an address and a password, and everything of it in one folder."""

import json
import re
import shutil
import signal
import tempfile
from pathlib import Path

import pytest

from tests.cli.installed import PASSWORD, Installation
from tests.db.supervised import NOBODY, as_nobody, mode_of


def test_the_first_start_prints_the_address_and_a_password_once_that_signs_in(empty):
    first = empty.up()
    first.wait_for("shown this once")
    address, administrator, password = first.out.splitlines()
    assert address == f"CogniFlow: http://127.0.0.1:{empty.port}"
    email, secret = (
        administrator.removeprefix("Administrator: "),
        re.match(r"Password: (\S{20})  \(shown this once\)$", password)[1],
    )
    assert first.get("/healthz")[0] == 200, "it answers as soon as the address is printed"
    assert first.signs_in(email, secret) and not first.signs_in(email, "another password")
    assert first.stop(signal.SIGTERM) == 0 and not empty.processes()

    again = empty.up()
    assert again.out == f"{address}\n"
    assert again.signs_in(email, secret) and again.is_ready()
    assert again.stop() == 0


def test_a_chosen_password_is_taken_at_the_first_start_and_not_printed(first_start, running):
    assert running.signs_in("admin@example.com", PASSWORD)
    _, first = first_start
    assert PASSWORD not in first.out + first.err
    assert "Password: as given in COGNIFLOW_ADMIN_PASSWORD" in first.out


def test_nothing_is_written_outside_the_data_folder(installation, running):
    installation.result("doctor")
    running.stop()
    written = [each for name in ("cwd", "home", "tmp") for each in (installation.folder / name).rglob("*")]
    assert written == [] and mode_of(installation.data) == 0o700


def test_every_request_is_one_line_of_json_with_its_id(running):
    running.get("/login")
    running.stop()
    requests = [json.loads(line) for line in running.err.splitlines() if '"path": "/login"' in line]
    assert [each["status"] for each in requests] == [200] and re.match(r"[0-9a-f]{32}$", requests[0]["request_id"])
    others = [line for line in running.err.splitlines() if not line.startswith("{")]
    assert others == ["Preparing the database", "Stopping"]


@pytest.fixture
def of_nobody() -> Installation:
    folder = Path(tempfile.mkdtemp(prefix="cf-"))
    installation = Installation(folder, *as_nobody())
    for each in (folder, *folder.iterdir()):
        shutil.chown(each, NOBODY, NOBODY)
    yield installation
    installation.end()
    shutil.rmtree(folder)


def test_an_ordinary_user_gets_the_same(of_nobody):
    running = of_nobody.up(COGNIFLOW_ADMIN_PASSWORD=PASSWORD)
    assert {each.uids().real for each in running.children("postgres")} == {NOBODY}
    assert running.is_ready() and running.signs_in("admin@example.com", PASSWORD)
    assert of_nobody.result("doctor").count("ok  ") == 9
    assert running.stop() == 0 and not of_nobody.processes()
