"""Who rings, who reads by the clock, and that nobody misses anything while that changes."""

import random
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest

from cogniflow.realtime import bell
from cogniflow.realtime.changes import Batch, Change, read_delta
from cogniflow.realtime.tail import Tail
from cogniflow.realtime.token import Token
from tests.db.supervised import eventually
from tests.realtime.conftest import token
from tests.realtime.test_delivery import inversions, keys
from tests.realtime.test_recovery import DeafTail

BURST = """
DO $$ BEGIN
    FOR i IN 1..{commits} LOOP
        UPDATE balances SET quantity = quantity + 1 WHERE id = (SELECT 1 + floor(random() * 20));
        BEGIN
            IF random() < 0.2 THEN
                INSERT INTO notes (owner) VALUES (i);
                RAISE 'undone';
            END IF;
        EXCEPTION WHEN raise_exception THEN NULL;
        END;
        IF random() < 0.1 THEN ROLLBACK; ELSE COMMIT; END IF;
    END LOOP;
END $$"""


class Reader:
    """A tail and everything it has read."""

    def __init__(self, url: str, kind: type[Tail] = Tail, habit: bell.Habit = "adaptive"):
        self.changes: list[Change] = []
        self.begun = threading.Event()
        self.tail = kind(url, self._take, lambda *_: self.begun.set(), bell=habit)
        self.tail.start()
        assert self.begun.wait(10)

    @property
    def mode(self) -> str:
        """Armed or storm."""
        return self.tail.health.mode

    def has_read(self, connection: psycopg.Connection) -> bool:
        """Whether it has the newest committed change, without being asked to look."""
        newest, = connection.execute("SELECT max(id) FROM cogniflow.change_log").fetchone()
        return newest in {each.id for each in list(self.changes)}

    def _take(self, batch: Batch) -> None:
        self.changes += batch.changes


def made(connection: psycopg.Connection) -> int:
    """How many changes are committed."""
    return connection.execute("SELECT count(*) FROM cogniflow.change_log").fetchone()[0]


class Listener(threading.Thread):
    """A program beside us that knows LISTEN and nothing else: at each notification it looks, and never otherwise."""

    def __init__(self, url: str):
        super().__init__(daemon=True)
        self._connection = psycopg.connect(url, autocommit=True)
        self._connection.execute("LISTEN cogniflow")
        self._over = threading.Event()
        self.known = 0
        self.start()

    def run(self) -> None:
        """Look whenever it is told to."""
        while not self._over.is_set():
            if list(self._connection.notifies(timeout=0.1, stop_after=1)):
                self.known = made(self._connection)

    def end(self) -> None:
        """Listen no more."""
        self._over.set()
        self.join()
        self._connection.close()


@pytest.fixture
def read(url) -> Iterator[type[Reader]]:
    """Starts readers of the company, and ends them."""
    readers = []

    def start(*given) -> Reader:
        readers.append(Reader(url, *given))
        return readers[-1]
    yield start
    for each in readers:
        each.tail.stop()


@pytest.fixture
def listener(url) -> Iterator[Listener]:
    """A program that only listens."""
    one = Listener(url)
    yield one
    one.end()


@pytest.fixture
def patient(monkeypatch):
    """No read for safety's sake comes to the rescue of a lost bell."""
    monkeypatch.setattr(bell, "SAFETY_INTERVAL", 60.0)


@pytest.fixture
def stocked(writer) -> psycopg.Connection:
    """A connection to the company with twenty balances."""
    writer.execute("INSERT INTO balances (product_id, quantity) SELECT i, 0 FROM generate_series(1, 20) i")
    return writer


@contextmanager
def crowd(url: str, *readers: Reader) -> Iterator[None]:
    """Writers that commit all the time, until one of the readers has silenced them and the block is done."""
    over = threading.Event()

    def write() -> None:
        with psycopg.connect(url, autocommit=True) as connection:
            while not over.is_set():
                connection.execute(BURST.format(commits=50))
    threads = [threading.Thread(target=write) for _ in range(8)]
    for each in threads:
        each.start()
    try:
        eventually(lambda: not readers or "storm" in {each.mode for each in readers})
        yield
    finally:
        over.set()
        for each in threads:
            each.join()


def burst(url: str, writers: int, commits: int) -> None:
    """Writers at once, each of `commits` transactions with savepoints undone and roll-backs."""
    def write() -> None:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(BURST.format(commits=commits))
    threads = [threading.Thread(target=write) for _ in range(writers)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()


def test_bursts_that_change_who_rings_lose_0_twice_0_inversions_0(url, stocked, read, listener, patient):
    begin, rnd = token(stocked), random.Random(4)
    reader = read()
    for _ in range(4):
        with crowd(url, reader):
            burst(url, 4, rnd.randint(10, 200))
        eventually(lambda: reader.has_read(stocked))
        for _ in range(40):  # single changes through the moment at which the bell is given back
            stocked.execute("UPDATE balances SET quantity = quantity + 1 WHERE id = %s", (rnd.randint(1, 20),))
            eventually(lambda: reader.has_read(stocked))
        eventually(lambda: reader.mode == "armed")
        burst(url, 1, 3)
        eventually(lambda: reader.has_read(stocked))
        eventually(lambda: listener.known == made(stocked))
    truth = read_delta(stocked, Token.parse(begin)).batch.changes
    assert Counter(each.id for each in reader.changes) == Counter(each.id for each in truth)
    assert inversions((key, each.id) for each in reader.changes for key in keys(each.tbl, each.ids)) == 0
    assert reader.tail.health.storms >= 4
    assert reader.tail.health.missed_bells == 0


def begin_silently(connection: psycopg.Connection, number: int) -> None:
    """Write, in a transaction that stays open, at a moment when nobody rings."""
    rings = [True]
    while any(rings):
        connection.execute("ROLLBACK")
        connection.execute("BEGIN")
        rings = [connection.execute("SELECT cogniflow.rings()").fetchone()[0]]
        connection.execute("INSERT INTO notes (number) VALUES (%s)", (number,))
        rings.append(connection.execute("SELECT cogniflow.rings()").fetchone()[0])


def test_a_transaction_that_was_silent_is_found_however_late_it_ends(url, stocked, connect, read, listener, patient):
    reader, silent, killed = read(), connect(), connect()
    with crowd(url, reader):
        for number, each in enumerate((silent, killed)):
            begin_silently(each, number)
    eventually(lambda: reader.mode == "armed")
    stocked.execute("INSERT INTO notes (number) VALUES ('rung for')")
    eventually(lambda: reader.has_read(stocked))
    stocked.execute("SELECT pg_terminate_backend(%s)", (killed.info.backend_pid,))
    xid, = silent.execute("SELECT pg_current_xact_id()::text::bigint").fetchone()
    silent.execute("COMMIT")
    eventually(lambda: xid in {each.xid for each in list(reader.changes)})
    eventually(lambda: listener.known == made(stocked))
    assert stocked.execute("SELECT cogniflow.rings()").fetchone() == (True,)


def test_a_program_that_only_listens_hears_of_a_storm_while_it_lasts(url, stocked, read, listener):
    reader = read()
    with crowd(url, reader):
        for _ in range(5):
            now = made(stocked)
            eventually(lambda now=now: listener.known >= now, 2)
        assert stocked.execute("SELECT cogniflow.rings()").fetchone() == (False,)
    stocked.execute("INSERT INTO notes (number) VALUES ('last')")
    eventually(lambda: listener.known == made(stocked), 2)


def test_without_any_reader_every_writer_rings(stocked, listener):
    stocked.execute("INSERT INTO notes (number) VALUES ('a')")
    eventually(lambda: listener.known == 2)


def test_of_several_readers_one_rings_for_all_and_when_it_is_killed_another_does(url, stocked, connect, read, listener):
    begin, readers = token(stocked), [read() for _ in range(3)]
    held = ("SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND mode = 'ExclusiveLock' AND granted AND objsubid = 1 "
            "AND database = (SELECT oid FROM pg_database WHERE datname = current_database())")
    asking = connect()
    with crowd(url, *readers):
        for _ in range(3):
            eventually(lambda: asking.execute(held).fetchone())
            assert [each.mode for each in readers].count("storm") <= 1
            asking.execute(f"SELECT pg_terminate_backend(pid) FROM ({held}) holder")
            burst(url, 2, 20)
    stocked.execute("INSERT INTO notes (number) VALUES ('last')")
    for each in readers:
        eventually(lambda each=each: each.has_read(stocked))
        eventually(lambda each=each: each.mode == "armed")
    truth = Counter(each.id for each in read_delta(stocked, Token.parse(begin)).batch.changes)
    assert [Counter(each.id for each in reader.changes) for reader in readers] == [truth] * 3
    assert sum(each.tail.health.connections for each in readers) > 3
    eventually(lambda: listener.known == made(stocked))


def test_what_a_reader_that_died_left_untold_is_told_within_a_second(stocked, connect, read, listener):
    reader, dying = read(), connect()
    assert reader.tail.read_again(5)
    dying.execute("SELECT cogniflow.hush_bell(0)")
    stocked.execute("INSERT INTO notes (number) VALUES ('silent')")
    dying.close()
    eventually(lambda: reader.has_read(stocked), 3)
    eventually(lambda: listener.known == made(stocked), 3)
    assert reader.tail.health.missed_bells == 1


def test_a_reader_that_begins_rings_for_those_whom_the_last_one_left_silent(url, stocked, connect, read, listener):
    dying, silent = connect(), connect()
    dying.execute("SELECT cogniflow.hush_bell(0)")
    silent.execute("BEGIN")
    silent.execute("INSERT INTO notes (number) VALUES ('silent')")
    dying.close()

    class Tardy(Tail):
        def _connected(self) -> psycopg.Connection:
            connection = super()._connected()
            eventually(lambda: listener.known == made(stocked))
            silent.execute("COMMIT")
            return connection
    read(Tardy)
    eventually(lambda: listener.known == made(stocked))
    assert listener.known == 2


@pytest.mark.parametrize(("kind", "habit"), [(Tail, "always"), (DeafTail, "adaptive")])
def test_writers_ring_whatever_they_do_where_a_reader_does_not_want_it_otherwise_or_is_deaf(url, stocked, read, kind, habit):
    reader = read(kind, habit)
    with crowd(url):
        burst(url, 4, 300)
        assert stocked.execute("SELECT cogniflow.rings()").fetchone() == (True,)
    eventually(lambda: reader.has_read(stocked))
    assert reader.tail.health.storms == 0


def test_a_writer_alone_is_never_silenced_however_fast(url, stocked, read):
    reader = read()
    burst(url, 1, 1500)
    eventually(lambda: reader.has_read(stocked))
    assert (reader.tail.health.storms, reader.tail.health.bells > 1) == (0, True)


def test_a_reader_may_take_the_bell_while_a_transaction_that_rang_is_open(stocked, connect):
    with stocked.transaction():
        stocked.execute("INSERT INTO notes (number) VALUES ('rang')")
        assert connect().execute("SELECT cogniflow.hush_bell(0)").fetchone() == (True,)


def test_the_application_role_may_take_the_bell_and_give_it_back(database_url):
    with psycopg.connect(database_url, autocommit=True) as app:
        assert app.execute("SELECT cogniflow.hush_bell(1)").fetchone() == (False,)
        assert app.execute("SELECT cogniflow.hush_bell(0)").fetchone() == (True,)
        assert app.execute("SELECT cogniflow.restore_bell()").fetchone() == (True,)
