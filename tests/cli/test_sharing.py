"""Commands that run side by side share the embedded database: the last of them ends it, and none ends it under another."""

from tests.cli.installed import Command, Installation
from tests.db.supervised import eventually


def traffic(installation: Installation) -> Command:
    """A command that works until it is stopped, at work."""
    running = installation.start("simulate", "--rate", "20")
    eventually(lambda: running.err.count("\n") > 2, 30)
    return running


def server(installation: Installation) -> int:
    return int((installation.data / "postgres" / "postmaster.pid").read_text().splitlines()[0])


def test_a_command_begun_before_up_does_not_end_the_database_under_it(installation):
    earlier = traffic(installation)
    running = installation.up()
    there = server(installation)
    assert earlier.stop() == 0
    assert running.is_ready() and server(installation) == there
    assert running.stop() == 0 and not installation.processes()


def test_of_two_commands_the_last_ends_the_database(installation):
    first = traffic(installation)
    second = traffic(installation)
    there = server(installation)
    assert first.stop() == 0
    done = second.err.count("\n")
    eventually(lambda: second.err.count("\n") > done + 3, 30)
    assert server(installation) == there
    assert second.stop() == 0 and not installation.processes()


def test_a_command_during_up_leaves_its_database_running(installation, running):
    there = server(installation)
    assert installation.result("db", "psql", "-Atc", "SELECT 1") == "1"
    assert running.is_ready() and server(installation) == there


def test_when_up_ends_so_does_its_database_and_traffic_goes_on_when_it_is_back(installation, running):
    working = traffic(installation)
    assert running.stop() == 0
    assert [each.pid for each in installation.processes()] == [working.process.pid]
    eventually(lambda: "cannot be reached" in working.err, 30)
    again = installation.up()
    done = working.err.count("\n")
    eventually(lambda: "cannot be reached" not in working.err.splitlines()[-1] and working.err.count("\n") > done + 5, 30)
    assert working.stop() == 0 and again.is_ready()
    assert again.stop() == 0 and not installation.processes()
