"""The line between the feed and the database fails in the ways that nobody is told of."""

import socket
import time
from collections.abc import Iterator
from queue import Queue

import pytest

from cogniflow.realtime.feed import Feed
from cogniflow.realtime.tail import Tail
from tests.db.supervised import eventually
from tests.faults.line import Line
from tests.realtime.conftest import EVENTS, Client, Rights, company, connect, url, writer  # noqa: F401


@pytest.fixture
def line(url: str) -> Iterator[Line]:  # noqa: F811
    """A line to the throw-away company."""
    made = Line(url)
    yield made
    made.close()


@pytest.fixture
def heard() -> Queue:
    """What the tail has told."""
    return Queue()


@pytest.fixture
def tail(line: Line, heard: Queue) -> Iterator[Tail]:
    """A tail at the far end of the line, which has made its first read."""
    made = Tail(line.url, lambda batch: [heard.put(each.tbl) for each in batch.changes], lambda token, why: heard.put(why))
    made.start()
    assert heard.get(timeout=30) == "epoch"
    yield made
    made.stop()


def seconds_until_heard(writer, heard: Queue) -> float:  # noqa: F811
    """From the commit of a change to its arrival."""
    writer.execute("INSERT INTO balances (product_id) VALUES (1)")
    begun = time.monotonic()
    assert heard.get(timeout=30) == "balances"
    return time.monotonic() - begun


def test_a_line_that_died_without_a_word_is_noticed_within_ten_seconds(writer, line, tail, heard):  # noqa: F811
    assert seconds_until_heard(writer, heard) < 5
    line.die()
    assert seconds_until_heard(writer, heard) < 10
    assert tail.health.connections == 2 and heard.empty()


def test_a_line_that_acknowledges_and_never_answers_is_given_up(writer, line, tail, heard, monkeypatch):  # noqa: F811
    monkeypatch.setattr("cogniflow.realtime.tail.ANSWERED_WITHIN", 0.5)
    seconds_until_heard(writer, heard)
    line.hang()
    assert seconds_until_heard(writer, heard) < 5
    assert tail.health.connections == 2 and heard.empty()


def test_who_listens_is_told_that_the_database_is_away_and_that_it_is_back(writer, line, monkeypatch):  # noqa: F811
    monkeypatch.setattr("cogniflow.realtime.tail.AWAY_AFTER", 0.5)
    feed = Feed(line.url, EVENTS, Rights())
    feed.start()
    client = Client(feed, "notes")
    k = client.next("ready")["k"]
    line.refuse()
    assert client.next("hb") == {"type": "hb", "k": k, "away": True}
    begun = time.monotonic()
    late = Client(feed, "notes", token=ahead(k))
    assert late.subscriber.closing[0] == 1013 and time.monotonic() - begun < 1
    line.refuses = False
    back = client.next("hb")
    assert not back["away"]
    writer.execute("INSERT INTO notes (number) VALUES ('a')")
    assert client.next("chg")["prev"] == back["k"]
    feed.stop()


def ahead(k: str) -> str:
    """A position that the feed has not reached."""
    *begin, xmax, _ = k.split(".")
    return ".".join([*begin, str(int(xmax) + 1), ""])


def test_a_server_that_never_answers_does_not_hold_up_the_end():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        feed = Feed(f"postgresql://127.0.0.1:{silent.getsockname()[1]}/none?sslmode=disable", EVENTS, Rights())
        client = Client(feed)
        feed.start()
        begun = time.monotonic()
        feed.stop()
        assert time.monotonic() - begun < 3.5
    assert [each["type"] for each in client.all()] == ["bye"] and client.subscriber.closing[0] == 1012


def test_a_bell_that_is_lost_on_the_line_costs_no_more_than_a_second(writer, line, tail, heard):  # noqa: F811
    eventually(lambda: tail.health.bell == "works")
    seconds_until_heard(writer, heard)
    eventually(lambda: tail._bell.interval() == 1.0)  # every writer is known to ring: it waits for the bell alone
    line.loses_notifications = True
    assert seconds_until_heard(writer, heard) < 1.5
    eventually(lambda: tail.health.missed_bells == 1)


def test_a_line_that_carries_no_bell_at_all_is_found_out_and_polled(writer, line, heard):  # noqa: F811
    expect_polling(writer, line, heard)


def test_a_line_that_carries_only_our_own_bell_is_found_out_and_polled(writer, line, heard):  # noqa: F811
    line.keeps_own = True
    expect_polling(writer, line, heard)


def expect_polling(writer, line: Line, heard: Queue) -> None:  # noqa: F811
    """On a line without bells everything is heard all the same, in less than a second."""
    line.loses_notifications = True
    tail = Tail(line.url, lambda batch: [heard.put(each.tbl) for each in batch.changes], lambda token, why: heard.put(why))
    tail.start()
    assert heard.get(timeout=30) == "epoch"
    eventually(lambda: tail.health.bell == "deaf")
    for _ in range(3):
        assert seconds_until_heard(writer, heard) < 1
    tail.stop()
