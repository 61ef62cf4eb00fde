"""Panels of several processes and nodes: one computes, all show the same."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext

import orjson
import pytest

from cogniflow.realtime.feed import Feed
from cogniflow.realtime.panel_result import Subject
from cogniflow.realtime.panels import PATIENCE
from tests.db.supervised import eventually
from tests.realtime.conftest import EVENTS, Client, Rights, token
from tests.realtime.stock_panel import OwnNotes, Stock, create_cache
from tests.realtime.test_panels import clock  # noqa: F401

Node = Callable[..., Feed]


@pytest.fixture
def node(url, writer) -> Iterator[Node]:
    """Starts a process's feed with its own panels, as often as it is called."""
    create_cache(writer)
    running = []

    def start(*panels: Stock) -> Feed:
        running.append(Feed(url, EVENTS, Rights(), panels))
        running[-1].start()
        return running[-1]
    yield start
    for each in running:
        each.stop()


@contextmanager
def held_up(*panels: Stock) -> Iterator[None]:
    """Whoever computes is held up before it hands over its result."""
    for each in panels:
        each.queried.clear()
        each.hand_over.clear()
    yield
    for each in panels:
        each.hand_over.set()


def computations(*feeds: Feed) -> int:
    """How many there were in all."""
    return sum(each.panels.computations for each in feeds)


def waits(feed: Feed) -> bool:
    """Whether it has found another process at the panel."""
    return any(result.waits_since < float("inf") for result in feed.panels._results.values())


def test_one_change_is_one_computation_for_two_nodes_and_both_send_the_same_frame(node, writer):
    panels = Stock(), Stock()
    feeds = [node(each) for each in panels]
    clients = [Client(each, "panel/stock") for each in feeds]
    assert [each.next("snap")["data"] for each in clients] == [{"count": 0}] * 2
    assert computations(*feeds) == 1
    for count in range(1, 6):
        with held_up(*panels) if count == 1 else nullcontext():
            writer.execute("INSERT INTO balances (product_id) VALUES (%s)", (count,))
            if count == 1:
                eventually(lambda: any(each.queried.is_set() for each in panels) and any(map(waits, feeds)))
        first, second = (each.next("snap") for each in clients)
        assert first == second and first["data"] == {"count": count}
        assert computations(*feeds) == count + 1
    frames = [each.panels._results["panel/stock", ""].frame for each in feeds]
    assert frames[0] == frames[1]


def test_when_the_winner_dies_while_it_computes_another_computes(node, writer):
    panels = Stock(), Stock()
    feeds = [node(each) for each in panels]
    clients = [Client(each, "panel/stock") for each in feeds]
    for each in clients:
        each.next("snap")
    with held_up(*panels):
        writer.execute("INSERT INTO balances (product_id) VALUES (1)")
        eventually(lambda: any(each.queried.is_set() for each in panels) and any(map(waits, feeds)))
        winner = 0 if panels[0].queried.is_set() else 1
        known = feeds[winner].panels.computations
        writer.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity JOIN pg_locks USING (pid) "
                       "WHERE application_name = 'cogniflow-panels' AND locktype = 'advisory' AND datname = current_database()")
        panels[1 - winner].hand_over.set()
        assert clients[1 - winner].next("snap")["data"] == {"count": 1}
    assert clients[winner].next("snap")["data"] == {"count": 1}
    assert feeds[winner].panels.computations in (known, known + 1)


@pytest.fixture
def kept(node, writer) -> str:
    """The result of a process that has ended; the rev it was sent with."""
    feed = node(Stock())
    rev = Client(feed, "panel/stock").next("snap")["rev"]
    assert feed.panels.wait_until_settled(5)
    feed.stop()
    return rev


@pytest.mark.parametrize("since", [
    "SELECT 1", "INSERT INTO notes (number) VALUES ('another table')", "UPDATE analytics_cache SET scope = scope",
    "UPDATE analytics_cache SET valid_until = now() + interval '1 minute', computed_at = now() - interval '14 minutes'"])
def test_a_fresh_process_uses_what_is_kept_while_nothing_has_changed(since, kept, node, writer):
    writer.execute(since)
    feed = node(panel := Stock())
    assert Client(feed, "panel/stock").next("snap")["rev"] == kept
    assert (panel.computed, feed.panels.computations) == ([], 0)


@pytest.mark.parametrize("since", [
    "INSERT INTO balances (product_id) VALUES (1)",
    "UPDATE analytics_cache SET valid_until = now() - interval '1 second'",
    "UPDATE analytics_cache SET computed_at = now() - interval '15 minutes 1 second'",
    "UPDATE analytics_cache SET definition = 'of another version'",
    "UPDATE cogniflow.incarnation SET uuid = gen_random_uuid()",
    "INSERT INTO cogniflow.change_floor (floor_xid) VALUES (pg_current_xact_id()) ON CONFLICT (one) "
    "DO UPDATE SET floor_xid = excluded.floor_xid"],
    ids=["changed", "midnight", "backstop", "version", "crash", "retention"])
def test_what_is_kept_is_not_used_once_it_may_be_wrong(since, kept, node, writer):
    writer.execute(since)
    feed = node(panel := Stock())
    Client(feed, "panel/stock").next("snap")
    assert len(panel.computed) == 1


def test_a_change_that_was_not_committed_when_it_was_computed_is_one_since(node, writer, connect):
    late = connect()
    late.execute("BEGIN")
    late.execute("INSERT INTO balances (product_id) VALUES (1)")
    writer.execute("INSERT INTO notes (number) VALUES ('a')")
    feed = node(Stock())
    assert Client(feed, "panel/stock").next("snap")["data"] == {"count": 0}
    assert feed.panels.wait_until_settled(5)
    feed.stop()
    late.execute("COMMIT")
    assert Client(node(Stock()), "panel/stock").next("snap")["data"] == {"count": 1}


def test_a_result_that_covers_a_change_heard_of_later_is_not_computed_again(node, writer):
    feed = node(panel := Stock())
    client = Client(feed, "panel/stock")
    client.next("snap")
    panel.go_on.clear()
    known = len(panel.computed)
    writer.execute("INSERT INTO balances (product_id) VALUES (1)")
    feed.wait_for(token(writer))
    eventually(lambda: feed.panels._busy)
    writer.execute("INSERT INTO balances (product_id) VALUES (2)")
    feed.wait_for(token(writer))
    panel.go_on.set()
    assert client.next("snap")["data"] == {"count": 2}
    assert feed.panels.wait_until_settled(5)
    assert len(panel.computed) == known + 1


def test_while_another_process_is_at_a_panel_the_others_are_served_and_after_patience_it_is_too(
        node, writer, connect, clock):  # noqa: F811
    panel = Stock()
    holder = connect()
    holder.execute("SELECT pg_advisory_lock(%s)", (Subject(panel, {}, "").lock,))
    feed = node(panel)
    waiting = Client(feed, "panel/stock")
    eventually(lambda: waits(feed))
    assert Client(feed, "panel/stock?least=5").next("snap")["data"] == {"count": 0}
    assert panel.computed == [{"least": "5"}]
    clock.ahead += PATIENCE
    assert waiting.next("snap")["data"] == {"count": 0}
    # only whoever holds the lock keeps its result: this one may be older than the other's
    assert writer.execute("SELECT params FROM analytics_cache").fetchall() == [({"least": "5"},)]


def test_everyone_sees_their_own_and_nobody_else_s(node, writer):
    writer.execute("INSERT INTO notes (number, owner) VALUES ('of anna', 0), ('of bert', 1)")
    feed = node(panel := OwnNotes())
    clients = {name: Client(feed, "panel/own-notes", caller=name) for name in panel.owners}
    snaps = {name: each.next("snap") for name, each in clients.items()}
    assert {name: (each["topic"], each["data"]) for name, each in snaps.items()} == {
        "anna": ("panel/own-notes", ["of anna"]), "bert": ("panel/own-notes", ["of bert"])}
    assert Client(feed, "panel/own-notes", caller="bert").next("snap") == snaps["bert"]
    writer.execute("UPDATE notes SET number = 'more of anna' WHERE owner = 0")
    assert clients["anna"].next("snap")["data"] == ["more of anna"]
    assert feed.wait_for(token(writer)) and feed.panels.wait_until_settled(5)
    assert [each for each in clients["bert"].all() if each["type"] == "snap"] == []
    feed.panels.leave("panel/own-notes", clients["anna"].subscriber)
    feed.stop()
    fresh = node(other := OwnNotes())
    for name, numbers in (("bert", ["of bert"]), ("anna", ["more of anna"])):
        assert Client(fresh, "panel/own-notes", caller=name).next("snap")["data"] == numbers
    assert other.computed == []
    rows = writer.execute("SELECT scope, data FROM analytics_cache ORDER BY scope").fetchall()
    assert [(scope, orjson.loads(data)) for scope, data in rows] == [("anna", ["more of anna"]), ("bert", ["of bert"])]
