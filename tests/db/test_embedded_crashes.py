"""The embedded server loses nothing when it or its supervisor is killed."""

import os
import signal
import subprocess
import threading

import psycopg
import pytest

from cogniflow.db.embedded import EmbeddedServer
from tests.db.supervised import Supervisor, ask, eventually, processes_in, write_numbers


@pytest.mark.parametrize("victim", ["postmaster", "backend", "all"])
def test_kill_9_loses_nothing_that_was_acknowledged(used_any, binaries, victim):
    stopping, restarted, ended, acknowledged = threading.Event(), threading.Event(), threading.Event(), []
    with EmbeddedServer(used_any, binaries) as server:
        watcher = threading.Thread(target=server.watch, args=(stopping,),
                                   kwargs={"every": 0.05, "report": lambda message: restarted.set()})
        with psycopg.connect(server.owner_url()) as session:
            session.execute("DROP TABLE IF EXISTS numbers; CREATE TABLE numbers (id int PRIMARY KEY);"
                            "GRANT INSERT ON numbers TO cogniflow_app")
        writers = [threading.Thread(target=write_numbers, args=(server, first, acknowledged, ended)) for first in range(4)]
        for thread in (watcher, *writers):
            thread.start()
        try:
            eventually(lambda: len(acknowledged) > 200)
            backend = ask(server.superuser_url(), "SELECT pid FROM pg_stat_activity WHERE usename = 'cogniflow_app'")[0]
            for pid in {"postmaster": [server.pid], "backend": [backend], "all": processes_in(used_any)}[victim]:
                os.kill(pid, signal.SIGKILL)
            for writer in writers:
                writer.join(15)
                assert not writer.is_alive(), "every session notices the crash"
            if victim != "backend":
                assert restarted.wait(15)
            server.ensure_running()
            with psycopg.connect(server.owner_url()) as session:
                kept = {row[0] for row in session.execute("SELECT id FROM numbers")}
        finally:
            ended.set()
            stopping.set()
            watcher.join(15)
    assert set(acknowledged) <= kept
    assert processes_in(used_any) == []


def test_a_server_that_outlived_its_supervisor_is_adopted_and_ended(used_any, binaries):
    lost = Supervisor(used_any, binaries)
    pid = int(lost.says()[1])
    lost.kill()
    assert pid in processes_in(used_any)
    with EmbeddedServer(used_any, binaries, durable=False) as server:
        assert (server.pid, server.owns_server) == (pid, True)
        assert ask(server.app_url(), "SELECT 1") == (1,)
    assert processes_in(used_any) == []


def test_a_second_supervisor_uses_the_server_and_leaves_it_running(used, newest):
    with EmbeddedServer(used, newest, durable=False) as first:
        second = Supervisor(used, newest)
        assert second.says() == ["started", str(first.pid), "False", first.app_url()]
        assert second.told("ensure") == ["ensured", "False", str(first.pid), "False"]
        assert second.told("stop") == ["stopped", str(first.pid)]
        second.close()
        assert ask(first.app_url(), "SELECT 1") == (1,)
    assert processes_in(used) == []


def test_the_second_supervisor_takes_over_when_the_first_is_gone(used, newest):
    first = Supervisor(used, newest)
    pid = first.says()[1]
    with EmbeddedServer(used, newest, durable=False) as second:
        assert second.owns_server is False
        first.kill()
        assert second.ensure_running() is False
        assert (second.owns_server, second.pid) == (True, int(pid))
        third = Supervisor(used, newest)
        third.says()
        second.stop()
        assert processes_in(used) == []
        assert third.told("ensure")[::3] == ["ensured", "True"]
        third.told("stop")
        third.close()


def test_two_supervisors_started_at_once_share_one_server(home, newest):
    both = [Supervisor(home, newest), Supervisor(home, newest)]
    said = [supervisor.says() for supervisor in both]
    assert said[0][1] == said[1][1] and sorted(words[2] for words in said) == ["False", "True"]
    for supervisor in sorted(both, key=lambda each: said[both.index(each)][2]):
        supervisor.told("stop")
        supervisor.close()
    assert processes_in(home) == []


def test_ctrl_c_at_the_terminal_reaches_the_supervisor_only(used, newest):
    supervisor = Supervisor(used, newest)
    pid = supervisor.says()[1]
    os.killpg(supervisor.process.pid, signal.SIGINT)
    assert supervisor.says() == ["interrupted", pid]
    assert supervisor.told("ensure") == ["ensured", "False", pid, "True"]
    supervisor.told("stop")
    supervisor.close()
    assert processes_in(used) == []


def test_a_mark_with_the_number_of_a_stranger_does_not_hinder_the_start(used, newest):
    server = EmbeddedServer(used, newest, durable=False)
    with server:
        mark = (server.cluster / "postmaster.pid").read_text().splitlines()
        for pid in processes_in(used):
            os.kill(pid, signal.SIGKILL)
        eventually(lambda: not processes_in(used))
    stranger = subprocess.Popen(["sleep", "60"])
    try:
        (server.cluster / "postmaster.pid").write_text("\n".join([str(stranger.pid), *mark[1:]]) + "\n")
        with server:
            assert ask(server.app_url(), "SELECT 1") == (1,)
        assert stranger.poll() is None, "a stranger is never ended"
    finally:
        stranger.kill()
        stranger.wait()


def test_a_crash_while_the_database_is_created_is_made_good(home, newest):
    supervisor = Supervisor(home, newest)
    eventually(lambda: (home / "postgres.new/PG_VERSION").exists())
    os.killpg(supervisor.process.pid, signal.SIGKILL)
    supervisor.close()
    assert not (home / "postgres").exists()
    eventually(lambda: not processes_in(home))
    with EmbeddedServer(home, newest, durable=False) as server:
        assert ask(server.app_url(), "SELECT 1") == (1,)
    assert not (home / "postgres.new").exists()
