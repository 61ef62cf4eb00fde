"""A supervised process is started again, even where the system has no room for it at first."""

import os
import resource
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from structlog.testing import capture_logs

from cogniflow.cli.supervised import Supervised
from tests.db.supervised import eventually

SERVES = "import time; from cogniflow.lifeline import Lifeline; line = Lifeline(); line.say_ready(); line.is_cut(60)"


@contextmanager
def supervised(program: str) -> Iterator[Supervised]:
    """A process with that program."""
    with socket.socket() as door:
        running = Supervised("part", ["-c", program], {}, door.fileno())
        running.start()
        running.keep_running()
        try:
            yield running
        finally:
            running.tell_to_end()
            running.end()


@pytest.fixture
def part() -> Iterator[Supervised]:
    """A process that serves."""
    with supervised(SERVES) as running:
        yield running


@contextmanager
def no_more_files() -> Iterator[None]:
    """This process may open nothing more in the block."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    with open(os.devnull) as next_one:
        resource.setrlimit(resource.RLIMIT_NOFILE, (next_one.fileno() + 1, before[1]))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_one_that_cannot_be_started_again_at_once_is_tried_until_it_can(part):
    first = part._now.process
    with capture_logs() as said, no_more_files():
        first.kill()
        eventually(lambda: "not_started" in [each["event"] for each in said])
    eventually(lambda: part._now.process is not first and part._now.process.poll() is None)
    part._now.wait_until_ready()


def test_one_that_cannot_be_replaced_stays(part):
    first = part._now.process
    with no_more_files():
        part.replace()
    assert part._now.process is first and first.poll() is None
    part.replace()
    assert first.poll() is not None and part._now.process.poll() is None


def test_one_whose_successor_does_not_serve_stays(tmp_path):
    broken = tmp_path / "broken"
    with supervised(f"import os, sys; os.path.exists({str(broken)!r}) and sys.exit(3); {SERVES}") as part:
        first = part._now.process
        broken.touch()
        part.replace()
        assert part._now.process is first and first.poll() is None
        broken.unlink()
        part.replace()
        assert first.poll() is not None and part._now.process.poll() is None
