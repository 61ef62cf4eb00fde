"""Who listens to what: the subscribers of a process by their topics, and the changes handed out to them."""

import time
from collections import defaultdict
from collections.abc import Iterator

from cogniflow.realtime.changes import Batch
from cogniflow.realtime.subscriber import Move, Subscriber, encode_events
from cogniflow.realtime.topics import EventMap, EventsByTopic

BETWEEN_BEATS = 1.0
"""Seconds between two looks at whose heartbeat is due."""


class Audience:
    """Every subscriber of the feed; those with the same topics are served together. Not thread-safe: its feed holds the lock."""

    def __init__(self, events: EventMap):
        self._events = events
        self._alike: dict[frozenset[str], set[Subscriber]] = defaultdict(set)
        self._beat_at = 0.0

    def __iter__(self) -> Iterator[Subscriber]:
        return (each for alike in list(self._alike.values()) for each in list(alike))

    def __len__(self) -> int:
        return sum(map(len, self._alike.values()))

    def __contains__(self, subscriber: Subscriber) -> bool:
        return subscriber in self._alike.get(subscriber.topics, ())

    def add(self, subscriber: Subscriber) -> None:
        """Someone new, or someone whose topics were changed after `remove`."""
        self._alike[subscriber.topics].add(subscriber)

    def remove(self, subscriber: Subscriber) -> None:
        """Someone has gone."""
        alike = self._alike.get(subscriber.topics, set())
        alike.discard(subscriber)
        if not alike:
            self._alike.pop(subscriber.topics, None)

    def hand_out(self, batch: Batch) -> None:
        """Give everyone what concerns them: encoded once for those with the same topics, and once more for each position."""
        events = EventsByTopic(batch.changes, self._events, frozenset().union(*self._alike))
        k = str(batch.token)
        for topics, alike in self._alike.items():
            if found := events.of(topics):
                self._move(alike, k, *encode_events(found))

    def beat(self, k: str, away: bool) -> None:
        """Send the heartbeats that are due; most calls come too soon after the last and do nothing.

        `away`: the database is, which everyone is told at once.
        """
        now = time.monotonic()
        if now >= self._beat_at:
            self._beat_at = now + BETWEEN_BEATS
            for each in self:
                each.beat(k, away)

    def _move(self, alike: set[Subscriber], k: str, events: list, encoded: bytes) -> None:
        steps: dict[str, Move] = {}
        for each in alike:
            prev = each.k
            if not prev:
                continue  # it has not been told where it stands
            step = steps.get(prev)
            if step is None:
                step = steps[prev] = Move.past(prev, k, events, encoded)
            each.move(step)
