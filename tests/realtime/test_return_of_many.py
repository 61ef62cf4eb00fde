"""A thousand clients lose their connection at the same moment, and the process that served them its memory."""

import socket

import pytest

from cogniflow.realtime.feed import Feed
from cogniflow.realtime.hub import Hub
from cogniflow.realtime.room import make_room
from tests.realtime.conftest import EVENTS, Rights
from tests.realtime.crowd import GREETING, Crowd, Member

CLIENTS = 1_000
PATIENCE = 60
"""Seconds for all of them to be served, on a machine with much else to do."""
CHANGE = "INSERT INTO notes (number) VALUES (gen_random_uuid()) RETURNING pg_current_xact_id()::text"


@pytest.fixture
def hubs(url):
    """The hubs of one process after the other."""
    make_room()
    started = [Hub(Feed(url, EVENTS, Rights()))]
    yield started
    for each in started:
        each.stop()


def test_a_thousand_clients_that_come_back_at_once_to_a_new_process_miss_nothing(url, writer, hubs):
    def connect() -> socket.socket:
        ours, theirs = socket.socketpair()
        hubs[-1].take(theirs, GREETING, "anna", None)
        return ours
    written: list[str] = []

    def write(times: int) -> None:
        written.extend(writer.execute(CHANGE).fetchone()[0] for _ in range(times))

    def everyone_heard_all(each: Member) -> bool:
        return each.is_ready and each.heard == written
    crowd = Crowd(connect, "notes", CLIENTS)
    crowd.follow(lambda each: each.is_ready, PATIENCE)
    write(3)
    crowd.follow(everyone_heard_all, PATIENCE)
    hubs.append(Hub(Feed(url, EVENTS, Rights())))
    hubs[0].stop()
    write(20)
    crowd.follow(everyone_heard_all, PATIENCE)
    write(3)
    crowd.follow(everyone_heard_all, PATIENCE)
    assert {(each.connections, each.gaps, each.resets) for each in crowd.members} == {(2, 0, 0)}
    crowd.leave()
