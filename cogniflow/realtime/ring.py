"""The last changes, kept in memory: a client that was away for a moment is served without SQL."""

import time
from collections import deque
from itertools import takewhile
from threading import Condition

from cogniflow.realtime.changes import Batch
from cogniflow.realtime.token import Token


class Ring:
    """The changes of the last while, each batch tagged with the position after it; safe for many threads."""

    def __init__(self, most_changes: int = 20_000, most_bytes: int = 16 * 1024 * 1024):
        self._most_changes, self._most_bytes = most_changes, most_bytes
        self._batches: deque[tuple[float, Batch]] = deque()
        self._changes = self._bytes = 0
        self._start: Token | None = None
        self._end: Token | None = None
        self._moved = Condition()

    @property
    def position(self) -> Token | None:
        """The position after the newest batch, or None before the first read."""
        return self._end

    def health(self) -> dict[str, float]:
        """How many changes and bytes it holds, and for how many seconds it remembers."""
        with self._moved:
            age = time.monotonic() - self._batches[0][0] if self._batches else 0.0
            return {"ring_changes": self._changes, "ring_bytes": self._bytes, "ring_age": age}

    def restart(self, token: Token) -> None:
        """Forget everything: from `token` on the feed begins anew."""
        with self._moved:
            self._batches.clear()
            self._changes = self._bytes = 0
            self._start = self._end = token
            self._moved.notify_all()

    def append(self, batch: Batch) -> None:
        """Take the next batch; one without changes only moves the position. The oldest go when there is no room."""
        with self._moved:
            if batch.changes:
                self._batches.append((time.monotonic(), batch))
                self._count(batch, 1)
            while self._batches and (self._changes > self._most_changes or self._bytes > self._most_bytes):
                _, oldest = self._batches.popleft()
                self._count(oldest, -1)
                self._start = oldest.token
            self._end = batch.token
            self._moved.notify_all()

    def since(self, token: Token) -> Batch | None:
        """Every change up to now that a holder of `token` has not seen, in order; None when some are no longer here."""
        with self._moved:
            if self._start is None or not token.includes(self._start):
                return None
            # most who ask have missed little: the oldest are not looked at
            newer = list(takewhile(lambda batch: not token.includes(batch.token), (each for _, each in reversed(self._batches))))
            end = self._end
        return Batch(tuple(change for batch in reversed(newer) for change in batch.changes if not token.covers(change.xid)), end)

    def wait_for(self, token: Token, timeout: float) -> bool:
        """Wait at most `timeout` seconds until the position includes `token`; whether it does."""
        with self._moved:
            return self._moved.wait_for(lambda: self._end is not None and self._end.includes(token), timeout)

    def _count(self, batch: Batch, sign: int) -> None:
        self._changes += sign * len(batch.changes)
        self._bytes += sign * sum(change.size for change in batch.changes)
