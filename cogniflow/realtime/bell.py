"""The bell: how the tail learns that there is something to read, and when many writers need not ring it."""

import time
from collections import deque
from dataclasses import dataclass
from typing import Literal

import psycopg
import structlog
from psycopg import Connection

from cogniflow.realtime.changes import Batch

CHANNEL = "cogniflow"
RELAY = "relay"
"""What a tail says when it rings for writers that were silent; a writer's own bell is empty."""
SAFETY_INTERVAL = 1.0
"""Seconds after which a read is made though no bell rang; what such a read finds is a bell that was missed."""
POLL_INTERVAL = 0.05
"""Seconds between reads where the bell does not work at all, and at most while a silent writer may still commit."""
STORM_INTERVAL = 0.015
"""Seconds between reads while writers are silent."""
BUSY = ((1000, 0.025), (250, 0.010), (75, 0.005))
"""Pauses in seconds by the number of changes seen in the last quarter of a second: a burst is read in one go."""
CROWD, CALM = 50, 25
"""Commits a second: above the first the queue at the bell is looked at, below the second writers ring again. The queue
decides, for a writer alone loses nothing, and on a slow disk sixteen that ring make no more than 100 commits a second."""
QUEUE = 2
"""Writers waiting for the one that rings, from which on they are silenced."""
OBSERVED, LONGEST_STORM = 1.0, 10.0
"""Seconds: what must be calm before writers ring again is the shortest storm, and after the longest one they try it."""

Habit = Literal["always", "adaptive"]

log = structlog.get_logger(__name__)


@dataclass
class TailHealth:
    """How the feed's connection to the database is: for the system's health page and its metrics."""

    connected: bool = False
    bell: str = "unproved"
    """"works", "unproved" until the probe rang, "deaf" where a pooler swallows notifications and it polls instead."""
    mode: Literal["armed", "storm"] = "armed"
    """"armed": writers ring; "storm": they are silent, this tail reads every 15 ms and rings for everybody else."""
    bells: int = 0
    """Bells heard."""
    polls: int = 0
    """Reads that no bell asked for."""
    missed_bells: int = 0
    """Reads after a whole second of silence that found changes: more than a few mean that notifications are lost."""
    relays: int = 0
    """Bells rung for silent writers."""
    storms: int = 0
    """How often writers were silenced."""
    connections: int = 0
    lag: float = 0.0
    """Seconds from the newest change to the read that found it."""
    error: str | None = None


class Traffic:
    """What was committed lately."""

    def __init__(self) -> None:
        self._reads: deque[tuple[float, int, int]] = deque()

    def note(self, batch: Batch) -> None:
        """Take a read into account."""
        now = time.monotonic()
        if batch.changes:
            self._reads.append((now, len({each.xid for each in batch.changes}), len(batch.changes)))
        while self._reads and self._reads[0][0] < now - OBSERVED:
            self._reads.popleft()

    def commits(self, seconds: float) -> float:
        """Commits a second, of the last `seconds`."""
        since = time.monotonic() - seconds
        return sum(commits for at, commits, _ in self._reads if at >= since) / seconds

    def pause(self) -> float:
        """Seconds to wait so that what comes is read together."""
        since = time.monotonic() - 0.25
        seen = sum(changes for at, _, changes in self._reads if at >= since)
        return next((pause for most, pause in BUSY if seen > most), 0.0)


class Bell:
    """What one tail knows of the bell on its connection: who rings, whether it is heard, and when to read unasked.

    Writers ring unless a tail holds the advisory lock `cogniflow.bell()`. The holder reads on its own and rings for them.
    """

    def __init__(self, health: TailHealth, habit: Habit):
        self.rung = False
        self._health, self._habit, self._traffic = health, habit, Traffic()
        self._nonce = ""
        self._proved_by = self._watched_until = self._stays_until = 0.0
        self._silent: frozenset[int] | None = None
        """Transactions that may commit without a bell; None: every one that is open now."""
        self._interval = STORM_INTERVAL

    def listen(self, connection: Connection, nonce: str) -> None:
        """Hear the bell on a new connection; someone else must say `nonce`, to prove that it is heard."""
        self._nonce, self._silent, self.rung = nonce, None, False
        self._health.bell, self._health.mode = "unproved", "armed"
        self._proved_by = time.monotonic() + SAFETY_INTERVAL
        connection.execute(f"LISTEN {CHANNEL}")

    def heard(self, connection: Connection, notification: psycopg.Notify) -> None:
        """Take a notification in."""
        if notification.payload == self._nonce:
            self._health.bell = "works"
        elif notification.pid != connection.info.backend_pid:
            self._health.bells += 1
            self.rung = self._health.mode == "armed"  # in a storm it reads by the clock: who rings has not heard of it yet
            if notification.payload == RELAY:
                # another tail reads for silent writers: should it die, its last second is not lost on us
                self._watched_until = time.monotonic() + SAFETY_INTERVAL

    def interval(self) -> float:
        """Seconds to wait for the bell before reading without it."""
        now = time.monotonic()
        if self._health.bell == "unproved" and now > self._proved_by:
            self._health.bell = "deaf"
            log.warning("feed_polls", reason="notifications do not arrive: is there a connection pooler in between?")
        if self._health.mode == "storm":
            return STORM_INTERVAL
        if self._health.bell == "deaf":
            return POLL_INTERVAL
        return SAFETY_INTERVAL if self._must_ring() else self._interval

    def pause(self) -> float:
        """Seconds in which nothing is read, however often it rings."""
        return 0.0 if self._health.mode == "storm" else self._traffic.pause()

    def after_read(self, connection: Connection, batch: Batch, timed: bool) -> None:
        """Ring for whoever was silent, and decide who rings from now on; `timed`: no bell had asked for the read."""
        self._health.polls += timed
        self._traffic.note(batch)
        self._interval = STORM_INTERVAL if batch.changes else min(self._interval * 1.5, POLL_INTERVAL)
        if self._health.bell == "deaf":
            return
        if timed and batch.changes and self._health.bell == "works" and self._must_ring() and not self.rung:
            self._health.missed_bells += 1
            self._watched_until = time.monotonic() + SAFETY_INTERVAL
        if self._unheard(batch, timed):
            connection.execute("SELECT pg_notify(%s, %s)", (CHANNEL, RELAY))
            self._health.relays += 1
        if self._health.mode == "armed":
            self._silent = batch.token.xips & (batch.token.xips if self._silent is None else self._silent)
        self._change_mode(connection)

    def _must_ring(self) -> bool:
        """Whether every writer is known to ring."""
        return self._silent == frozenset() and time.monotonic() > self._watched_until

    def _unheard(self, batch: Batch, timed: bool) -> bool:
        if self._silent is None:  # after the bell was given back or a connection was lost, whoever hears must look in any case
            return bool(batch.changes) or self._health.mode == "armed"
        return bool(batch.changes) and (timed or any(each.xid in self._silent for each in batch.changes))

    def _change_mode(self, connection: Connection) -> None:
        now = time.monotonic()
        if now < self._stays_until:
            return
        if self._health.mode == "storm":
            if self._traffic.commits(OBSERVED) < CALM or now > self._stays_until + LONGEST_STORM:
                connection.execute("SELECT cogniflow.restore_bell()")
                # whoever looked before this moment may still commit in silence: the next read sees who is open
                self._health.mode = "armed"
        elif self._habit == "adaptive" and self._health.bell == "works" and self._traffic.commits(0.25) > CROWD:
            self._stays_until = now + POLL_INTERVAL
            if connection.execute("SELECT cogniflow.hush_bell(%s)", (QUEUE,)).fetchone() == (True,):
                self._stays_until = now + OBSERVED
                self._health.mode, self._silent = "storm", None
                self._health.storms += 1
