"""Whatever is killed, `up` serves again; whatever ends it, nothing of it is left."""

import os
import signal
import time
from collections.abc import Callable

import psutil
import pytest

from tests.cli.installed import Command, Installation, gone
from tests.db.supervised import eventually


def postmaster(running: Command) -> psutil.Process:
    return running.children("postgres -D")[0]


def master(running: Command) -> psutil.Process:
    return running.children("gunicorn")[0]


def realtime(running: Command) -> psutil.Process:
    return running.children("realtime")[0]


def telling(running: Command) -> psutil.Process:
    return running.children("cogniflow.cli webhooks")[0]


def worker(running: Command) -> psutil.Process:
    return master(running).children()[0]


@pytest.fixture
def token(installation: Installation, running: Command) -> str:
    return installation.result("token", "create", "--role", "administrator")


@pytest.mark.parametrize("victim", [postmaster, master, worker, telling])
def test_a_part_that_is_killed_comes_back_and_answers(running, token, victim):
    before = victim(running)
    before.send_signal(signal.SIGKILL)
    eventually(lambda: gone(before))
    eventually(lambda: is_replaced(running, victim, before) and running.is_ready(), 60)
    assert running.get("/api/products?limit=1", token)[0] == 200
    assert running.process.poll() is None


def is_replaced(running: Command, victim: Callable[[Command], psutil.Process], before: psutil.Process) -> bool:
    try:
        return victim(running) != before
    except (IndexError, psutil.Error):
        return False


def test_no_connection_is_refused_while_the_web_server_is_started_again(running, token):
    served_by = psutil.Process(master(running).pid)
    for each in (*served_by.children(), served_by):
        each.kill()
    assert running.get("/api/products?limit=1", token, timeout=60)[0] == 200


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_one_signal_ends_every_process_and_is_no_failure(installation, running, token, number):
    listening = running.socket(token, topics=["products"])
    listening.hear("ready")
    parts = psutil.Process(running.process.pid).children(recursive=True)
    assert len(parts) > 5
    assert running.stop(number) == 0
    assert not [each for each in parts if each.is_running()] and not installation.processes()


def test_ctrl_c_pressed_again_and_again_still_ends_everything(installation, running):
    while running.process.poll() is None:
        os.killpg(running.process.pid, signal.SIGINT)
        time.sleep(0.01)
    assert running.process.returncode == 0 and not installation.processes()


def test_ctrl_c_while_it_starts_ends_everything(installation):
    starting = installation.start("up")
    eventually(lambda: "Preparing the database" in starting.err, 30)
    assert starting.stop() == 0
    assert starting.out == "" and not installation.processes()


def test_after_the_supervisor_was_killed_the_next_one_takes_over(installation, running, token):
    orphans, database = [*running.children("gunicorn"), realtime(running), telling(running)], postmaster(running)
    listening = running.socket(token, topics=["products"])
    listening.hear("ready")
    running.process.kill()
    running.process.wait()
    again = installation.up()
    eventually(lambda: not any(each.is_running() for each in orphans))
    assert postmaster_of(installation) == database.pid, "the server that outlived its supervisor is adopted"
    assert listening.closing() == 1012 and again.is_ready()
    assert again.stop() == 0 and not installation.processes()


def postmaster_of(installation: Installation) -> int:
    return int((installation.data / "postgres" / "postmaster.pid").read_text().splitlines()[0])


def test_a_socket_hears_of_a_change_in_psql_and_comes_back_by_its_token_after_a_restart(installation, running, token):
    listening = running.socket(token, topics=["product_categories"])
    listening.hear("ready")
    installation.result("db", "psql", "-c", "INSERT INTO product_categories (name) VALUES ('Heard')")
    heard = listening.hear("chg")
    assert heard["ev"][0]["topic"] == "product_categories"
    running.process.send_signal(signal.SIGTERM)
    assert listening.hear("bye")["retry_ms"] > 0
    assert listening.closing() == 1012
    assert running.process.wait(30) == 0

    installation.result("db", "psql", "-c", "INSERT INTO product_categories (name) VALUES ('Missed')")
    again = installation.up()
    missed = again.socket(token, topics=["product_categories"], token=heard["k"]).hear("chg")
    assert missed["prev"] == heard["k"] and len(missed["ev"][0]["ids"]) == 1
    assert missed["ev"][0]["ids"] != heard["ev"][0]["ids"]
    again.stop()
    installation.result("db", "psql", "-c", "DELETE FROM product_categories WHERE name IN ('Heard', 'Missed')")


def test_clients_hear_on_while_the_web_server_is_killed(installation, running, token):
    listening = running.socket(token, topics=["product_categories"])
    listening.hear("ready")
    master(running).kill()
    name_category(installation, "Heard")
    assert listening.hear("chg")["ev"][0]["topic"] == "product_categories"
    eventually(running.is_ready, 30)


def test_a_killed_realtime_process_is_replaced_and_its_clients_miss_nothing(installation, running, token):
    listening = running.socket(token, topics=["product_categories"])
    k, before = listening.hear("ready")["k"], realtime(running)
    before.kill()
    name_category(installation, "Missed")
    missed = running.socket(token, topics=["product_categories"], token=k).hear("chg")
    assert missed["prev"] == k and missed["ev"][0]["n"] == 1
    eventually(running.is_ready, 30)
    assert is_replaced(running, realtime, before)


def test_where_the_loop_serves_sockets_clients_are_told_to_come_back(installation):
    running = installation.up(COGNIFLOW_SOCKETS="loop")
    token = installation.result("token", "create", "--role", "administrator")
    listening = running.socket(token, topics=["products"])
    listening.hear("ready")
    assert not running.children("realtime")
    master(running).kill()
    assert listening.closing() == 1012
    eventually(running.is_ready, 30)
    running.stop()


def name_category(installation: Installation, name: str) -> None:
    """A change that nobody but psql makes."""
    installation.result("db", "psql", "-c", f"UPDATE product_categories SET name = '{name}' "
                                            f"WHERE id = (SELECT min(id) FROM product_categories)")
