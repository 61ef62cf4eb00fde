"""Every committed change once, in order, whatever writers, readers and connections do."""

import random
import threading
from collections import Counter, defaultdict

import psycopg
import pytest

from cogniflow.realtime.changes import Change, read_delta
from cogniflow.realtime.feed import Feed
from cogniflow.realtime.tail import Tail
from cogniflow.realtime.token import Token
from tests.db.supervised import eventually
from tests.realtime.conftest import EVENTS, Client, Rights, token

WRITERS, TRANSACTIONS = 6, 80
TABLES = ("notes", "note_items", "balances")


def write(url: str, seed: int) -> None:
    """Random transactions on three tables: updates, lines, savepoints undone, roll-backs, short and long ones."""
    rnd = random.Random(seed)
    with psycopg.connect(url) as connection:
        for _ in range(TRANSACTIONS):
            try:
                for _ in range(rnd.choice((1, 1, 2, 3))):
                    change_something(connection, rnd)
                if rnd.random() < 0.3:
                    # long transactions are what naive readers lose: this is load, nothing waits for it
                    connection.execute("SELECT pg_sleep(%s)", (rnd.random() * 0.02,))
                connection.rollback() if rnd.random() < 0.15 else connection.commit()
            except (psycopg.errors.DeadlockDetected, psycopg.errors.ForeignKeyViolation):
                connection.rollback()


def change_something(connection: psycopg.Connection, rnd: random.Random) -> None:
    """One statement, sometimes in a savepoint that is undone."""
    statement, parameters = rnd.choice((
        ("UPDATE notes SET price = coalesce(price, 0) + 1 WHERE id = %s", (rnd.randint(1, 20),)),
        ("UPDATE notes SET price = coalesce(price, 0) + 1 WHERE id IN (%s, %s)", (rnd.randint(1, 20), rnd.randint(1, 20))),
        ("INSERT INTO note_items (note_id, quantity) VALUES (%s, 1)", (rnd.randint(1, 20),)),
        ("UPDATE balances SET quantity = quantity + 1 WHERE id = %s", (rnd.randint(1, 20),))))
    if rnd.random() < 0.2:
        with connection.transaction():
            connection.execute(statement, parameters)
            raise psycopg.Rollback
    connection.execute(statement, parameters)


class NaiveReader(threading.Thread):
    """What others do: `id > last`."""

    def __init__(self, url: str):
        super().__init__()
        self._url, self.over, self.found = url, threading.Event(), []

    def run(self) -> None:
        """Read until it is over, and once more."""
        last = 0
        with psycopg.connect(self._url, autocommit=True) as connection:
            while True:
                final = self.over.wait(0.002)
                rows = connection.execute("SELECT id FROM cogniflow.change_log WHERE id > %s ORDER BY id", (last,)).fetchall()
                self.found += [number for number, in rows]
                last = max([last, *self.found[-1:]])
                if final:
                    return


class DroppingClient(threading.Thread):
    """A client that loses its connection all the time, and comes back with the last token it has handled."""

    def __init__(self, feed: Feed, start: str, seed: int):
        super().__init__()
        self._feed, self._rnd, self.k = feed, random.Random(seed), start
        self.over, self.events, self.breaks, self.resets = None, [], 0, 0

    def run(self) -> None:
        """Follow until the token of the end is handled."""
        while not (self.over and Token.parse(self.k).includes(self.over)):
            client, expected = Client(self._feed, *TABLES, token=self.k), None
            for _ in range(self._rnd.randint(1, 12)):
                try:
                    message = client.next("chg", timeout=0.2)
                except TimeoutError:
                    break
                self.breaks += expected not in (None, message["prev"])
                expected = self.k = message["k"]
                self.events += message["ev"]
            self.resets += sum(each["type"] == "reset" for each in client.heard)
            if expected is None and client.heard:
                self.k = next(each["k"] for each in client.heard if each["type"] == "ready")
            client.leave()


def commit_out_of_order(writer: psycopg.Connection, other: psycopg.Connection, naive: NaiveReader) -> None:
    """A change with a lower number is committed after the naive reader has found the higher one."""
    with other.transaction():
        other.execute("INSERT INTO notes (number) VALUES ('low')")
        writer.execute("INSERT INTO notes (number) VALUES ('high')")
        highest, = writer.execute("SELECT max(id) FROM cogniflow.change_log").fetchone()
        eventually(lambda: highest in naive.found)


@pytest.fixture
def history(url, writer, connect, feed):
    """Random writers, read by the naive way, by the tail, and by clients that drop and resume from memory and from the log."""
    writer.execute("INSERT INTO notes (number) SELECT i FROM generate_series(1, 20) i")
    writer.execute("INSERT INTO balances (product_id, quantity) SELECT i, 0 FROM generate_series(1, 20) i")
    begin = token(writer)
    forgetful = Feed(url, EVENTS, Rights(), remembered=2)
    tailed: list[Change] = []
    tail = Tail(url, lambda batch: tailed.extend(batch.changes), lambda *_: None)
    forgetful.start()
    feed.wait_for(begin)
    forgetful.wait_for(begin)
    tail.start()
    tail.read_again(5)
    naive = NaiveReader(url)
    clients = [DroppingClient(feed, begin, 1), DroppingClient(forgetful, begin, 2)]
    writers = [threading.Thread(target=write, args=(url, seed)) for seed in range(WRITERS)]
    naive.start()
    commit_out_of_order(writer, connect(), naive)
    for each in (*clients, *writers):
        each.start()
    for each in writers:
        each.join()
    end = Token.parse(token(writer))
    tail.read_again(5)
    naive.over.set()
    for each in clients:
        each.over = end
    for each in (naive, *clients):
        each.join()
    tail.stop()
    forgetful.stop()
    truth = read_delta(writer, Token.parse(begin)).batch.changes
    return truth, naive.found, tailed, clients


def test_lost_0_twice_0_inversions_0_where_the_naive_reader_loses(history):
    truth, naive, tailed, clients = history
    everything = {each.id for each in truth}
    assert len(everything) > WRITERS * TRANSACTIONS / 2
    assert everything - set(naive), "the control must fail"
    assert Counter(each.id for each in tailed) == Counter(everything)
    assert inversions((key, each.id) for each in tailed for key in keys(each.tbl, each.ids)) == 0
    for client in clients:
        seen = Counter((each["topic"], each["op"], xid) for each in client.events for xid in each["xids"])
        assert seen == Counter({(each.tbl, each.op, str(each.xid)) for each in truth})
        assert client.breaks == client.resets == 0


def keys(table: str, ids: list[int]) -> list[tuple[str, int]]:
    return [(table, each) for each in ids]


def inversions(seen) -> int:
    """How often a record went backwards: (record, change number) pairs in the order of delivery."""
    last, count = defaultdict(int), 0
    for record, number in seen:
        count += number < last[record]
        last[record] = max(last[record], number)
    return count


def test_a_lower_transaction_that_changes_the_row_later_comes_later(writer, connect, feed):
    writer.execute("INSERT INTO notes (number) VALUES ('a')")
    client = Client(feed, "notes/1", token=token(writer))
    early, late = connect(), connect()
    early.execute("BEGIN")
    low = early.execute("SELECT pg_current_xact_id()::text").fetchone()[0]
    high = late.execute("UPDATE notes SET price = 1 RETURNING pg_current_xact_id()::text").fetchone()[0]
    first = client.next("chg")
    early.execute("UPDATE notes SET price = 2")
    early.execute("COMMIT")
    second = client.next("chg")
    assert int(low) < int(high)
    assert [first["ev"][0]["xids"], second["ev"][0]["xids"]] == [[high], [low]]
    assert second["prev"] == first["k"]


def test_in_one_read_no_row_goes_backwards_though_the_lower_transaction_wrote_last(writer, connect):
    writer.execute("INSERT INTO notes (number) VALUES ('a')")
    since, early = Token.parse(token(writer)), connect()
    early.execute("BEGIN")
    early.execute("SELECT pg_current_xact_id()")
    writer.execute("UPDATE notes SET price = 1")
    early.execute("UPDATE notes SET price = 2")
    early.execute("COMMIT")
    first, last = read_delta(writer, since).batch.changes
    assert first.id < last.id and first.xid > last.xid


def test_an_open_transaction_holds_nothing_up(server, writer, connect, feed):
    connect().execute("BEGIN").connection.execute("INSERT INTO notes (number) VALUES ('open')")
    with psycopg.connect(server.superuser_url("postgres")) as elsewhere:
        elsewhere.execute("SELECT pg_current_xact_id()")
        client = Client(feed, "balances")
        for product in (1, 2):
            writer.execute("INSERT INTO balances (product_id) VALUES (%s)", (product,))
            assert client.next("chg")["ev"][0]["ids"] == [product]


def test_one_transaction_of_many_statements_is_one_batch(writer, feed):
    client = Client(feed, "notes")
    with writer.transaction():
        for number in range(3000):
            writer.execute("INSERT INTO notes (number) VALUES (%s)", (number,))
    event, = client.next("chg")["ev"]
    assert (event["n"], event["ids"], len(event["xids"])) == (3000, None, 1)
    assert client.all() == []


def test_what_is_rolled_back_is_never_told(writer, connect, feed):
    client = Client(feed, "notes")
    other = connect()
    other.execute("BEGIN")
    other.execute("INSERT INTO notes (number) VALUES ('never')")
    other.execute("ROLLBACK")
    writer.execute("INSERT INTO notes (number) VALUES ('b')")
    assert client.next("chg")["ev"][0]["ids"] == [2]
