"""What clients are told after a crash, a lost connection, a deaf one, or an absence longer than the change log."""

import signal
from queue import Queue

import psutil
import psycopg
import pytest

from cogniflow.db.embedded import EmbeddedServer
from cogniflow.realtime.changes import read_delta
from cogniflow.realtime.feed import Feed
from cogniflow.realtime.tail import Tail
from cogniflow.realtime.token import Token
from tests.db.supervised import eventually
from tests.realtime.conftest import EVENTS, Client, Rights, create_company, token

END_FEEDS = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'cogniflow-feed'"


def test_a_terminated_connection_is_caught_up_without_loss(writer, feed):
    client = Client(feed, "notes")
    with writer.transaction():
        writer.execute("INSERT INTO notes (number) VALUES ('a')")
        writer.execute(END_FEEDS)
    assert client.next("chg")["ev"][0]["ids"] == [1]
    writer.execute("INSERT INTO notes (number) VALUES ('b')")
    assert client.next("chg")["ev"][0]["ids"] == [2]
    assert feed.tail.read_again(5)
    assert feed.health()["connections"] == 2
    assert not any(message["type"] == "reset" for message in client.heard)


@pytest.fixture
def own_server(tmp_path_factory, server):
    """A server that the test may crash."""
    with EmbeddedServer(tmp_path_factory.mktemp("crash"), server.binaries, durable=False) as running:
        create_company(running.owner_url())
        yield running


def crash(server: EmbeddedServer) -> None:
    """Stop the server at once, as a power cut would, and start it again."""
    with psycopg.connect(server.superuser_url(), autocommit=True) as connection:
        connection.execute("CHECKPOINT")
    process = psutil.Process(server.pid)
    process.send_signal(signal.SIGQUIT)
    process.wait(30)
    server.ensure_running()


def test_after_a_crash_everyone_begins_anew(own_server):
    feed = Feed(own_server.owner_url(), EVENTS, Rights())
    feed.start()
    client = Client(feed, "notes", "balances")
    before = client.next("ready")["k"]
    crash(own_server)
    reset = client.next("reset", timeout=30)
    assert (reset["topics"], reset["why"]) == (["balances", "notes"], "epoch")
    assert Token.parse(reset["k"]).digest != Token.parse(before).digest
    with psycopg.connect(own_server.owner_url(), autocommit=True) as writer:
        writer.execute("INSERT INTO notes (number) VALUES ('a')")
    assert client.next("chg")["prev"] == reset["k"]
    late = Client(feed, "notes", token=before)
    assert late.next("reset")["why"] == "epoch"
    feed.stop()


def test_a_server_without_a_name_gives_no_token_until_the_tail_names_it(url, writer):
    writer.execute("DELETE FROM cogniflow.incarnation")
    assert token(writer) is None
    feed = Feed(url, EVENTS, Rights())
    feed.start()
    Client(feed, "notes").next("ready")
    assert token(writer) is not None
    feed.stop()


def test_after_retention_a_client_is_told_to_refetch(url, writer):
    old = token(writer)
    writer.execute("INSERT INTO notes (number) SELECT i FROM generate_series(1, 3) i")
    young = token(writer)
    assert writer.execute("SELECT cogniflow.forget_changes(0)").fetchone() == (1,)
    feed = Feed(url, EVENTS, Rights())
    feed.start()
    assert Client(feed, "notes", token=old).next("reset")["why"] == "retention"
    kept = Client(feed, "notes", token=young)
    kept.next("ready")
    assert not any(message["type"] == "reset" for message in kept.heard)
    feed.stop()


def test_a_reader_that_is_too_far_behind_begins_anew(writer, monkeypatch):
    monkeypatch.setattr("cogniflow.realtime.changes.MOST_ROWS", 2)
    begun = Token.parse(token(writer))
    for number in range(3):
        writer.execute("INSERT INTO notes (number) VALUES (%s)", (number,))
        batch, why = read_delta(writer, begun)
        assert (len(batch.changes), why) == ((number + 1, None) if number < 2 else (0, "slow"))


def test_retention_goes_in_batches_and_keeps_what_is_young(writer):
    for number in range(5):
        writer.execute("INSERT INTO notes (number) VALUES (%s)", (number,))
    writer.execute("UPDATE cogniflow.change_log SET at = now() - interval '4 days' WHERE id <= 3")
    assert [writer.execute("SELECT cogniflow.forget_changes(3, 2)").fetchone()[0] for _ in range(3)] == [2, 1, 0]
    assert writer.execute("SELECT count(*) FROM cogniflow.change_log").fetchone() == (2,)
    floor, highest = writer.execute("SELECT (SELECT floor_xid::text FROM cogniflow.change_floor), "
                                    "(SELECT min(xid::text::bigint) FROM cogniflow.change_log)").fetchone()
    assert int(floor) < highest


def test_a_write_open_through_retention_neither_waits_nor_fails_nor_is_lost(writer, connect, feed):
    client = Client(feed, "notes", token=token(writer))
    open_write = connect()
    open_write.execute("BEGIN")
    open_write.execute("INSERT INTO notes (number) VALUES ('open')")
    writer.execute("INSERT INTO notes (number) VALUES ('old')")
    client.next("chg")
    writer.execute("SET lock_timeout = '1s'")
    gone = writer.execute("SELECT cogniflow.forget_changes(0)").fetchone()[0]
    assert gone == 0, "changes above an open transaction must stay"
    open_write.execute("INSERT INTO notes (number) VALUES ('still open')")
    open_write.execute("COMMIT")
    assert client.next("chg")["ev"][0]["n"] == 2
    assert writer.execute("SELECT cogniflow.forget_changes(0)").fetchone() == (3,)


def test_a_bell_that_was_missed_is_made_good_by_the_timed_read_and_counted(writer, feed):
    client = Client(feed, "notes")
    client.next("ready")
    source = writer.execute("SELECT pg_get_functiondef('cogniflow.on_change'::regproc)").fetchone()[0]
    writer.execute(source.replace("perform pg_notify('cogniflow', '');", ""))
    eventually(lambda: feed.health()["bell"] == "works" and feed.tail._bell._must_ring())
    writer.execute("INSERT INTO notes (number) VALUES ('silent')")
    assert client.next("chg")["ev"][0]["ids"] == [1]
    assert feed.tail.read_again(5)
    assert feed.health()["missed_bells"] == 1


def test_a_failure_nobody_thought_of_ends_no_tail_and_everyone_begins_anew(url, writer):
    found, begun = Queue(), Queue()

    def fail_once(batch):
        for each in batch.changes:
            found.put(each.ids)
            if each.ids == [1]:
                raise ZeroDivisionError
    tail = Tail(url, fail_once, lambda token, why: begun.put(why))
    tail.start()
    assert begun.get(timeout=10) == "epoch"
    writer.execute("INSERT INTO notes (number) VALUES ('a')")
    assert begun.get(timeout=10) == "epoch"
    writer.execute("INSERT INTO notes (number) VALUES ('b')")
    assert [found.get(timeout=10) for _ in range(2)] == [[1], [2]]
    tail.stop()


class DeafTail(Tail):
    """A tail behind a transaction pooler: LISTEN is accepted, nothing is ever heard."""

    def _heard(self, connection: psycopg.Connection, notification: psycopg.Notify) -> None:
        """Nothing."""


def test_a_deaf_connection_is_found_out_and_polls(url, writer):
    found = Queue()
    tail = DeafTail(url, found.put, lambda token, why: found.put(why))
    tail.start()
    assert found.get(timeout=10) == "epoch"
    for number in range(3):
        writer.execute("INSERT INTO notes (number) VALUES (%s)", (number,))
        assert [each.tbl for each in found.get(timeout=10).changes] == ["notes"]
    tail.stop()
    assert (tail.health.bell, tail.health.missed_bells) == ("deaf", 0)
