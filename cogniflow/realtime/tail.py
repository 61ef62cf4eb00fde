"""The tail: one thread that brings every committed change from PostgreSQL into memory."""

import random
import selectors
import threading
import time
import uuid
from collections.abc import Callable
from functools import partial

import psycopg
import structlog
from psycopg import Connection

from cogniflow.realtime.bell import CHANNEL, Bell, Habit, TailHealth
from cogniflow.realtime.changes import Batch, FeedConnection, conninfo, read_delta
from cogniflow.realtime.token import Token
from cogniflow.realtime.waker import MOMENT, Waker

FIRST_RETRY, LAST_RETRY = 0.02, 1.0
ANSWERED_WITHIN = 5.0
"""Seconds that a read may take, once all from before the connection has been read."""
AWAY_AFTER = 3.0
"""Seconds without a read after which the database counts as away."""

log = structlog.get_logger(__name__)


class Tail:
    """Follows the change log of one database from its own direct connection, for as long as the process lives.

    `on_batch(batch)` is called for every read, also an empty one that moved the position; `on_reset(token, why)` when the
    feed begins anew ("epoch", "retention", "slow"); `on_tick()` at least once a second. They must not block.
    """

    def __init__(self, url: str, on_batch: Callable[[Batch], None], on_reset: Callable[[Token, str], None],
                 on_tick: Callable[[], None] = lambda: None, bell: Habit = "adaptive"):
        self.health = TailHealth()
        self._bell = Bell(self.health, bell)
        self._dsn = conninfo(url)
        self._on_batch, self._on_reset, self._on_tick = on_batch, on_reset, on_tick
        self._position: Token | None = None
        self._ending = threading.Event()
        self._begun = self._done = 0
        self._read_at = 0.0
        self._read_done = threading.Condition()
        self._waker = Waker()
        self._thread = threading.Thread(target=self._run, name="feed-tail", daemon=True)

    def start(self) -> None:
        """Begin to follow."""
        self._read_at = time.monotonic()
        self._thread.start()

    def stop(self) -> None:
        """End the thread and its connection."""
        self._ending.set()
        self.poke()
        if self._thread.is_alive():
            self._thread.join(MOMENT)
        if not self._thread.is_alive():
            self._waker.close()

    @property
    def is_away(self) -> bool:
        """Whether the database has been out of reach for so long that what everyone was told may be out of date."""
        return not self.health.connected and time.monotonic() - self._read_at > AWAY_AFTER

    def poke(self) -> None:
        """Read at once, without waiting for a bell; from any thread."""
        self._waker.ring()

    def read_again(self, timeout: float) -> bool:
        """Wait at most `timeout` seconds for a read that begins after this call; whether there was one: not while it is away."""
        if self.is_away:
            return False
        with self._read_done:
            wanted = self._begun + 1
            self.poke()
            return self._read_done.wait_for(lambda: self._done >= wanted, timeout)

    def _run(self) -> None:
        retry = FIRST_RETRY
        while not self._ending.is_set():
            connections = self.health.connections
            try:
                with self._connected() as connection:
                    self._follow(connection)
            except psycopg.Error as error:
                if self.health.error is None:
                    log.warning("feed_disconnected", error=str(error))
                self.health.error = str(error)
            except Exception as error:  # without this thread nobody would hear of anything any more
                log.exception("feed_failed")
                self.health.error = str(error)
                # nobody knows who has heard what of the last read: everyone begins anew
                self._position = None
            self.health.connected = False
            if self.health.connections != connections:
                retry = FIRST_RETRY
            self._on_tick()
            self._ending.wait(retry * random.uniform(0.5, 1.5))
            retry = min(retry * 2, LAST_RETRY)

    def _connected(self) -> FeedConnection:
        connection = FeedConnection.connect(self._dsn, autocommit=True)
        try:
            connection.add_notify_handler(partial(self._heard, connection))
            nonce = uuid.uuid4().hex
            self._bell.listen(connection, nonce)
            # from another connection: through a transaction pooler our own NOTIFY may come back where nothing else does
            with FeedConnection.connect(self._dsn, autocommit=True) as other:
                other.execute("SELECT pg_notify(%s, %s)", (CHANNEL, nonce))
        except BaseException:
            connection.close()
            raise
        return connection

    def _heard(self, connection: Connection, notification: psycopg.Notify) -> None:
        self._bell.heard(connection, notification)

    def _follow(self, connection: FeedConnection) -> None:
        timed = False
        with selectors.DefaultSelector() as selector:
            selector.register(connection, selectors.EVENT_READ)
            selector.register(self._waker, selectors.EVENT_READ)
            while not self._ending.is_set():
                self._bell.rung = False
                batch = self._read(connection)
                self.health.connected, self.health.error = True, None
                connection.patience = ANSWERED_WITHIN
                self._bell.after_read(connection, batch, timed)
                self._on_tick()
                if pause := self._bell.pause():
                    self._ending.wait(pause)
                timed = self._rest(connection, selector)

    def _read(self, connection: Connection) -> Batch:
        with self._read_done:
            self._begun += 1
            begun = self._begun
        batch, refusal = read_delta(connection, self._position)
        if batch.changes:
            self.health.lag = batch.lag
        first, moved = self._position is None, self._position != batch.token
        self._position = batch.token
        if not self.health.connected:
            self.health.connections += 1
        if first or refusal:
            self._on_reset(batch.token, refusal or "epoch")
        elif moved:
            self._on_batch(batch)
        with self._read_done:
            self._done, self._read_at = begun, time.monotonic()
            self._read_done.notify_all()
        return batch

    def _rest(self, connection: Connection, selector: selectors.BaseSelector) -> bool:
        """Wait for the bell, a poke or the time to read unasked; whether it was the time."""
        until = time.monotonic() + self._bell.interval()
        while not self._bell.rung:
            ready = [key.fileobj for key, _ in selector.select(max(0.0, until - time.monotonic()))]
            if not ready:
                return True
            if self._waker in ready:
                self._waker.calm()
                return False
            connection.pgconn.consume_input()
            while notification := connection.pgconn.notifies():
                self._heard(connection, psycopg.Notify(
                    notification.relname.decode(), notification.extra.decode(), notification.be_pid))
        return False
