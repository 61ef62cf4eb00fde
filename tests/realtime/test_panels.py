"""Panels: computed once for everyone, at once when something changed, and rarely."""

import datetime as dt
import time

import psycopg
import pytest

from cogniflow.realtime.feed import Feed
from cogniflow.realtime.panel_result import BACKSTOP, MOST_BYTES
from cogniflow.realtime.panels import CONNECTION, PanelRunner
from cogniflow.realtime.token import Token
from tests.db.supervised import eventually
from tests.realtime.conftest import EVENTS, Client, token
from tests.realtime.stock_panel import Statement, Stock, create_cache

KEPT = "SELECT params, data, rev, token FROM analytics_cache"


@pytest.fixture
def panel():
    return Stock()


@pytest.fixture
def watched(url, writer, rights, panel):
    """A feed with one panel."""
    create_cache(writer)
    feed = Feed(url, EVENTS, rights, [panel])
    feed.start()
    yield feed
    feed.stop()


def test_a_panel_is_computed_once_for_any_number_of_viewers(watched, panel, writer):
    viewers = [Client(watched, "panel/stock") for _ in range(50)]
    snaps = [each.next("snap") for each in viewers]
    assert len(panel.computed) <= 2
    before = len(panel.computed)
    writer.execute("INSERT INTO balances (product_id) VALUES (1)")
    assert {each.next("snap")["data"]["count"] for each in viewers} == {1}
    assert len(panel.computed) == before + 1
    assert len({(each["rev"], each["k"]) for each in snaps}) == 1


def test_a_viewer_who_comes_later_sees_the_result_at_once_without_a_query(watched, panel):
    Client(watched, "panel/stock").next("snap")
    assert watched.panels.wait_until_settled(5)
    before = len(panel.computed)
    late = Client(watched, "panel/stock")
    assert [message["type"] for message in late.all()] == ["ready", "snap"]
    assert len(panel.computed) == before


def test_the_first_change_is_computed_at_once_and_a_burst_once_more(watched, panel, writer):
    client = Client(watched, "panel/stock")
    client.next("snap")
    before = len(panel.computed)
    panel.go_on.clear()
    for product in range(30):
        writer.execute("INSERT INTO balances (product_id) VALUES (%s)", (product,))
    watched.wait_for(token(writer))
    panel.go_on.set()
    while client.next("snap")["data"]["count"] < 30:
        pass
    assert watched.panels.wait_until_settled(5)
    assert len(panel.computed) - before <= 2


def test_a_change_while_it_is_computed_is_computed_once_more(watched, panel, writer):
    client = Client(watched, "panel/stock")
    client.next("snap")
    panel.hand_over.clear()
    panel.queried.clear()
    writer.execute("INSERT INTO balances (product_id) VALUES (1)")
    assert panel.queried.wait(10)
    writer.execute("INSERT INTO balances (product_id) VALUES (2)")
    watched.wait_for(token(writer))
    panel.hand_over.set()
    while client.next("snap")["data"]["count"] < 2:
        pass


def test_between_two_computations_a_quarter_of_a_second_passes(watched, panel, writer, clock):
    client = Client(watched, "panel/stock")
    client.next("snap")
    assert watched.panels.wait_until_settled(5)
    clock.stand_still()
    clock.ahead += 1
    for product in (1, 2):
        writer.execute("INSERT INTO balances (product_id) VALUES (%s)", (product,))
        watched.wait_for(token(writer))
        if product == 1:
            assert client.next("snap")["data"] == {"count": 1}
            assert watched.panels.wait_until_settled(5)
    with watched.panels._changed:
        assert watched.panels._results["panel/stock", ""].stale and watched.panels._next() is None
    clock.ahead += 0.25
    assert client.next("snap")["data"] == {"count": 2}


def test_the_result_covers_its_token(watched, writer):
    client = Client(watched, "panel/stock", "balances")
    client.next("snap")
    writer.execute("INSERT INTO balances (product_id) VALUES (1)")
    xid = client.next("chg")["ev"][0]["xids"][0]
    snap = client.next("snap")
    assert int(xid) < int(snap["k"].split(".")[3]) and xid not in snap["k"].split(".")[4].split("_")


def test_unchanged_data_is_not_pushed_and_its_position_moves_on(watched, panel, writer):
    client = Client(watched, "panel/stock?least=100")
    client.next("snap")
    assert watched.panels.wait_until_settled(5)
    before = len(panel.computed)
    kept = writer.execute(KEPT).fetchone()
    writer.execute("INSERT INTO balances (product_id) VALUES (1)")
    watched.wait_for(token(writer))
    assert watched.panels.wait_until_settled(5)
    assert len(panel.computed) == before + 1
    assert client.all() == []
    params, data, rev, position = writer.execute(KEPT).fetchone()
    assert (params, data, rev) == kept[:3] == ({"least": "100"}, '{"count":0}', rev)
    assert Token.parse(position).includes(Token.parse(kept[3])) and position != kept[3]


def test_a_change_of_another_table_costs_no_query(watched, panel, writer):
    client = Client(watched, "panel/stock", "notes")
    client.next("snap")
    watched.panels.wait_until_settled(5)
    before = len(panel.computed)
    writer.execute("INSERT INTO notes (number) VALUES ('a')")
    client.next("chg")
    assert watched.panels.wait_until_settled(5)
    assert len(panel.computed) == before


def test_nobody_looks_nothing_is_computed(watched, panel, writer, clock):
    client = Client(watched, "panel/stock")
    client.next("snap")
    client.leave()
    clock.ahead += 60
    writer.execute("INSERT INTO balances (product_id) VALUES (1)")
    watched.wait_for(token(writer))
    with watched.panels._changed:
        assert watched.panels._results["panel/stock", ""].stale and watched.panels._next() is None
    back = Client(watched, "panel/stock")
    # the old result at once, with its own token, while the new one waits for its turn
    while back.next("snap")["data"] != {"count": 1}:
        pass


def test_parameters_that_make_no_sense_are_an_unknown_topic(watched):
    client = Client(watched, "panel/stock?least=many", "panel/stock?most=5", "panel/nothing")
    assert [client.next("err")["code"] for _ in range(3)] == ["unknown_topic"] * 3


def test_a_broken_panel_does_not_end_the_others(watched, panel, writer):
    panel.broken = True
    client = Client(watched, "panel/stock")
    client.next("ready")
    panel.broken = False
    assert client.next("snap")["data"] == {"count": 0}


def test_a_panel_that_is_too_long_is_refused_and_the_others_are_served(url, writer, rights, panel):
    create_cache(writer)
    size = f"to_json(repeat('x', CASE WHEN (SELECT count(*) FROM balances) = 0 THEN {MOST_BYTES} ELSE 1 END))"
    feed = Feed(url, EVENTS, rights, [panel, long := Statement("panel/long", size)])
    feed.start()
    first, other = Client(feed, "panel/long"), Client(feed, "panel/stock")
    refusal = first.next("err")
    assert (refusal["code"], refusal["topic"]) == ("too_long", "panel/long")
    assert other.next("snap")["data"] == {"count": 0}
    assert feed.panels.wait_until_settled(5)
    assert Client(feed, "panel/long").next("err") == refusal
    assert (len(long.computed), writer.execute("SELECT panel FROM analytics_cache").fetchall()) == (1, [("stock",)])
    writer.execute("INSERT INTO balances (product_id) VALUES (1)")
    assert first.next("snap")["data"] == "x"
    feed.stop()


def test_one_topic_has_one_text(watched, panel):
    Client(watched, "panel/stock?least=7").next("snap")
    assert Client(watched, "panel/stock?least=007").next("snap")["topic"] == "panel/stock?least=7"
    assert panel.computed == [{"least": "7"}]


def test_a_query_that_hangs_holds_the_others_no_longer_than_it_may_run(url, writer, rights, panel, monkeypatch):
    monkeypatch.setattr("cogniflow.realtime.panels.CONNECTION", f"{CONNECTION} -c statement_timeout=200ms")
    create_cache(writer)
    feed = Feed(url, EVENTS, rights, [hanging := Statement("panel/hanging", "SELECT pg_sleep(60)"), panel])
    feed.start()
    client = Client(feed, "panel/hanging", "panel/stock")
    assert hanging.queried.wait(10)
    for product in range(3):
        assert client.next("snap", 5)["data"] == {"count": product}
        writer.execute("INSERT INTO balances (product_id) VALUES (%s)", (product,))
    feed.stop()


def test_the_runner_stops_at_once_though_a_query_runs(url, writer):
    create_cache(writer)
    hanging = Statement("panel/hanging", "SELECT pg_sleep(60)")
    runner = PanelRunner(url, [hanging])
    runner.start()
    runner.watch("panel/hanging", Looker())
    assert hanging.queried.wait(10)
    running = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'cogniflow-panels' AND state = 'active'"
    eventually(lambda: writer.execute(running).fetchone() == (1,))
    begun = time.monotonic()
    runner.stop()
    assert time.monotonic() - begun < 1.5
    assert not runner._thread.is_alive()


def test_a_lost_connection_is_opened_again(watched, writer):
    client = Client(watched, "panel/stock")
    client.next("snap")
    writer.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'cogniflow-panels'")
    writer.execute("INSERT INTO balances (product_id) VALUES (1)")
    assert client.next("snap")["data"] == {"count": 1}


class Looker:
    """Somebody who looks and is shown nothing."""

    caller = "anna"


class Clock:
    """The runner's clock, which the test puts forward."""

    ahead = 0.0
    fixed: float | None = None

    def monotonic(self) -> float:
        """Now, and what the test added."""
        return (self.fixed or time.monotonic()) + self.ahead

    def time(self) -> float:
        """The time of day, and what the test added."""
        return time.time() + self.ahead

    def stand_still(self) -> None:
        """From now on only the test moves it."""
        self.fixed = time.monotonic()


@pytest.fixture
def clock(monkeypatch):
    """Seconds added to the runner's clock."""
    made = Clock()
    monkeypatch.setattr("cogniflow.realtime.panels.time", made)
    return made


def recomputed(feed: Feed, panel: Stock, known: int) -> bool:
    """Whether the runner, woken, computes the panel again."""
    with feed.panels._changed:
        feed.panels._changed.notify_all()
        return feed.panels._changed.wait_for(lambda: len(panel.computed) > known, 5)


def test_a_passed_deadline_and_old_age_are_reasons_too(watched, panel, clock, writer):
    panel.valid_until = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=BACKSTOP / 2)
    Client(watched, "panel/stock").next("snap")
    for reason in ("deadline", "age"):
        assert watched.panels.wait_until_settled(5)
        known, panel.valid_until = len(panel.computed), None
        clock.ahead += BACKSTOP / 2 if reason == "deadline" else BACKSTOP
        writer.execute("UPDATE analytics_cache SET valid_until = now()" if reason == "deadline" else
                       f"UPDATE analytics_cache SET computed_at = now() - interval '{BACKSTOP} s'")
        assert recomputed(watched, panel, known), reason


def test_the_runner_needs_no_database_until_somebody_looks():
    runner = PanelRunner("postgresql://nobody@127.0.0.1:1/none", [Stock()])
    runner.start()
    runner.stop()
    with pytest.raises(psycopg.OperationalError):
        runner._live_connection()
