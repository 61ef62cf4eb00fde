"""Who loses a right or is signed out while listening is told so, whatever else happens at that moment."""

import threading
import time

from cogniflow.realtime.feed import Feed
from tests.realtime.conftest import EVENTS, Client, Rights


def test_a_right_withdrawn_ends_the_topic_while_it_is_subscribed(feed, writer, rights, monkeypatch):
    client, asked = Client(feed, "notes", "balances"), threading.Semaphore(0)
    monkeypatch.setattr(rights, "still_valid", lambda caller: asked.release() or True)
    for _ in range(2):  # once everyone may be asked because the feed has begun
        writer.execute("INSERT INTO permissions (role) VALUES ('another')")
        assert asked.acquire(timeout=10)
    rights.forbidden = {"notes"}
    writer.execute("INSERT INTO permissions (role) VALUES ('clerk')")
    reset = client.next("reset")
    assert (reset["topics"], reset["why"]) == (["notes"], "auth")
    writer.execute("INSERT INTO notes (number) VALUES ('a')")
    writer.execute("INSERT INTO balances (product_id) VALUES (1)")
    assert [event["topic"] for event in client.next("chg")["ev"]] == ["balances"]
    assert Client(feed, "notes").next("err")["code"] == "forbidden"


def test_nobody_keeps_a_right_that_cannot_be_checked(feed, writer, rights, monkeypatch):
    client = Client(feed, "notes")
    client.next("ready")
    monkeypatch.setattr(rights, "still_valid", lambda caller: 1 / 0)
    writer.execute("INSERT INTO permissions (role) VALUES ('clerk')")
    with client._arrived:
        assert client._arrived.wait_for(lambda: client.subscriber.closing, 10)
    assert client.subscriber.closing[0] == 1012


class Interrupted(Rights):
    """Answers that a topic is allowed, and withdraws it before the answer arrives."""

    def __init__(self, writer):
        super().__init__()
        self._writer, self._kept = writer, threading.Semaphore(0)

    def may_subscribe(self, caller: str, topic: str) -> bool:
        """Allowed the first time, and never again."""
        if topic in self.forbidden:
            return False
        self.forbidden.add(topic)
        for _ in range(2):  # when the doors are kept a second time, the first time is over
            self._writer.execute("INSERT INTO permissions (role) VALUES ('clerk')")
            assert self._kept.acquire(timeout=10)
        return True

    def still_valid(self, caller: str) -> bool:
        """Everyone; it is asked whenever the doors are kept."""
        self._kept.release()
        return True


def test_a_right_withdrawn_while_its_topic_is_being_subscribed_ends_it_too(url, writer):
    feed = Feed(url, EVENTS, Interrupted(writer))
    feed.start()
    client = Client(feed, "notes")
    assert client.next("reset")["why"] == "auth"
    assert client.subscriber.topics == frozenset()
    feed.stop()


def test_a_sign_in_that_runs_out_without_a_word_is_noticed(url, rights, monkeypatch):
    monkeypatch.setattr("cogniflow.realtime.doors.EXPIRY_CHECK", 0.05)
    feed = Feed(url, EVENTS, rights)
    asked = threading.Semaphore(0)
    monkeypatch.setattr(rights, "still_valid", lambda caller: asked.release() or caller not in rights.signed_out)
    feed.start()
    client = Client(feed, "notes")
    client.next("ready")
    for _ in range(2):  # once everyone may be asked because the feed has begun
        assert asked.acquire(timeout=10)
    rights.signed_out = {"anna"}
    with client._arrived:
        assert client._arrived.wait_for(lambda: client.subscriber.closing, 10)
    assert client.subscriber.closing[0] == 4001
    feed.stop()


def test_a_caller_whose_time_is_over_is_closed_at_the_next_tick(url, rights):
    feed = Feed(url, EVENTS, rights)
    rights.ends = {"anna": time.time() + 2}
    feed.start()
    anna, bert = Client(feed, "notes", caller="anna"), Client(feed, "notes", caller="bert")
    assert anna.next("ready") and anna.subscriber.closing is None
    with anna._arrived:
        assert anna._arrived.wait_for(lambda: anna.subscriber.closing, 10)
    assert anna.subscriber.closing[0] == 4001
    assert 0 <= time.time() - rights.ends["anna"] < 3
    assert bert.subscriber.closing is None
    feed.stop()


def test_whoever_is_signed_out_is_closed(feed, writer, rights):
    anna, bert = Client(feed, "permissions", caller="anna"), Client(feed, "permissions", caller="bert")
    rights.signed_out = {"anna"}
    writer.execute("INSERT INTO permissions (role) VALUES ('clerk')")
    bert.next("chg")
    with anna._arrived:
        assert anna._arrived.wait_for(lambda: anna.subscriber.closing, 10)
    assert anna.subscriber.closing[0] == 4001
    assert bert.subscriber.closing is None
