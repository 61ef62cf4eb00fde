"""What the feed adds: commit to event against a bare LISTEN client, and the cost of writing with and without it."""

import os
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import get_args

import psycopg
from psycopg import Connection

from cogniflow.db.binaries import find_binaries
from cogniflow.realtime.bell import Habit
from cogniflow.realtime.conversation import Conversation
from cogniflow.realtime.feed import Feed
from cogniflow.realtime.protocol import Hello
from cogniflow.realtime.topics import EventMap, EventRule

TABLE = "bench_feed"
ROWS = 100_000
COMMITS = 400
SECONDS = 3
CREATE = f"""
CREATE TABLE public.{TABLE} (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text,
  uid uuid NOT NULL DEFAULT gen_random_uuid() UNIQUE, price numeric(20,8),
  quantity bigint NOT NULL DEFAULT 0, created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(), created_by bigint, updated_by bigint, version int NOT NULL DEFAULT 1);
INSERT INTO public.{TABLE} (name, price) SELECT 'product ' || i, i FROM generate_series(1, {ROWS}) i;
INSERT INTO cogniflow.tracked (tbl, feed_id, history, owners, secrets, insertable, updatable)
VALUES ('{TABLE}', 'id', false, '{{}}', '{{}}', '{{}}', '{{}}');
ANALYZE public.{TABLE};
"""
REMOVE = f"DROP TABLE IF EXISTS public.{TABLE}; DELETE FROM cogniflow.tracked WHERE tbl = '{TABLE}'"
WITH_FEED = f"SELECT cogniflow.watch('{TABLE}')"
WITHOUT_FEED = f"ALTER TABLE public.{TABLE} DISABLE TRIGGER USER"


class Everyone:
    """Lets everyone hear everything."""

    def may_subscribe(self, caller: str, topic: str) -> bool:
        """Yes."""
        return True

    def still_valid(self, caller: str) -> bool:
        """Yes."""
        return True

    def expires_at(self, caller: str) -> float:
        """Never."""
        return float("inf")


class Arrivals:
    """Notes when a message arrives, and lets the writer wait for it."""

    def __init__(self) -> None:
        self._came, self.at = threading.Event(), 0.0

    def note(self) -> None:
        """It is here."""
        self.at = time.perf_counter()
        self._came.set()

    def wait(self) -> float:
        """When it came, by the performance counter."""
        if not self._came.wait(10):
            raise TimeoutError("an event did not arrive within 10 s")
        self._came.clear()
        return self.at


def latency(url: str, connection: Connection) -> None:
    """Print commit to event: a bare LISTEN client, and a subscriber of the feed, told of the same commits."""
    bare, fed = Arrivals(), Arrivals()
    with subscribed(url, fed.note), listening(url, bare.note):
        connection.execute(WITH_FEED)
        taken: dict[str, list[float]] = {"bare LISTEN client": [], "subscriber of the feed": []}
        for number in range(COMMITS):
            with connection.transaction():
                connection.execute(f"UPDATE public.{TABLE} SET quantity = quantity + 1 WHERE id = %s", (number % 100 + 1,))
                begun = time.perf_counter()
            taken["bare LISTEN client"].append(bare.wait() - begun)
            taken["subscriber of the feed"].append(fed.wait() - begun)
    print(f"\n{'commit to event':<34}{'p50 ms':>10}{'p99 ms':>10}")
    for name, times in taken.items():
        cuts = statistics.quantiles(times, n=100)
        print(f"{name:<34}{cuts[49] * 1000:>10.2f}{cuts[98] * 1000:>10.2f}")


@contextmanager
def subscribed(url: str, arrived: Callable[[], None], bell: Habit = "adaptive") -> Iterator[None]:
    """A subscriber of the table in this process; `arrived()` at every change, decoded."""
    feed = Feed(url, EventMap({TABLE: (EventRule(f"{TABLE}_updated"),)}), Everyone(), bell=bell)
    feed.start()

    def take() -> None:
        for message in subscriber.take():
            if message.payload.startswith(b'{"type":"chg"'):
                arrived()
    subscriber = feed.connect("bench", lambda: take())
    Conversation(feed, subscriber).answer(Hello(topics=[TABLE]))
    yield
    feed.stop()


@contextmanager
def listening(url: str, arrived: Callable[[], None]) -> Iterator[None]:
    """A client that only listens; `arrived()` at every notification."""
    over = threading.Event()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("LISTEN cogniflow")

        def listen() -> None:
            while not over.is_set():
                for _ in connection.notifies(timeout=0.2, stop_after=1):
                    arrived()
        thread = threading.Thread(target=listen)
        thread.start()
        yield
        over.set()
        thread.join()


def single_rows(url: str, connection: Connection) -> None:
    """Print how many single-row updates a second are committed, by the number of writers and who rings, one tail listening."""
    print(f"\n{'single-row updates per second':<34}{'no trigger':>12}{'always':>12}{'ratio':>8}{'adaptive':>12}{'ratio':>8}")
    for writers in (1, 8, 16):
        connection.execute(WITHOUT_FEED)
        plain = updates_per_second(url, writers)
        connection.execute(WITH_FEED)
        line = f"{f'{writers} writers':<34}{plain:>12,.0f}"
        for bell in get_args(Habit):
            with subscribed(url, lambda: None, bell):
                rate = updates_per_second(url, writers)
            line += f"{rate:>12,.0f}{rate / plain:>8.2f}"
        print(line)


def updates_per_second(url: str, writers: int) -> float:
    """Committed updates a second of so many connections of pgbench, PostgreSQL's own client, each changing a row of its own."""
    with tempfile.NamedTemporaryFile("w", suffix=".sql") as script:
        script.write(f"UPDATE public.{TABLE} SET quantity = quantity + 1 WHERE id = :client_id + 1;\n")
        script.flush()
        words = [find_binaries().program("pgbench"), "--no-vacuum", "--protocol=prepared", f"--client={writers}",
                 f"--time={SECONDS}", f"--file={script.name}", url]
        told = subprocess.run(words, check=True, capture_output=True, text=True)
    return float(re.search(r"tps = ([\d.]+)", told.stdout)[1])


def bulk(connection: Connection) -> None:
    """Print how long one statement over all rows takes, the best of three."""
    print(f"\n{f'one UPDATE of {ROWS:,} rows':<34}{'no trigger':>12}{'with feed':>12}{'ratio':>8}")
    best = []
    for state in (WITHOUT_FEED, WITH_FEED):
        connection.execute(state)
        times = []
        for _ in range(3):
            connection.execute(f"VACUUM public.{TABLE}")
            begun = time.perf_counter()
            connection.execute(f"UPDATE public.{TABLE} SET quantity = quantity + 1")
            times.append(time.perf_counter() - begun)
        best.append(min(times))
    print(f"{'seconds':<34}{best[0]:>12.2f}{best[1]:>12.2f}{best[1] / best[0]:>8.2f}")


def main() -> None:
    """Run all of it on the database of the first argument or DATABASE_URL, as its owner; leaves nothing behind."""
    url = sys.argv[1] if len(sys.argv) > 1 else os.environ["DATABASE_URL"]
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(REMOVE)
        connection.execute(CREATE)
        connection.execute(WITH_FEED)
        try:
            latency(url, connection)
            single_rows(url, connection)
            bulk(connection)
        finally:
            connection.execute(REMOVE)


if __name__ == "__main__":
    main()
