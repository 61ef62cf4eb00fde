"""One client of the feed: what waits to be sent to it, never more than it can bear."""

import math
import random
import threading
import time
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import accumulate, groupby
from typing import Any

import orjson

from cogniflow.realtime.protocol import Event, Hb, Snap, encode
from cogniflow.realtime.topics import conflated

MOST_WAITING = 1024 * 1024
"""Bytes of events that may wait for a client that does not read; beyond, it is closed with 4008 and comes back by token."""
MOST_FRAMES = 64
"""From so many waiting frames on, those of changes become one."""
MOST_TAKEN = 64 * 1024
"""Messages that wait are taken together, up to about so many bytes at once."""
MOST_EVENT_BYTES = 256 * 1024
"""A frame of changes longer than this says only which tables changed."""

SIGNED_OUT, SLOW, RESTART, AWAY = 4001, 4008, 1012, 1013


@dataclass(slots=True, eq=False)
class Message:
    """What waits to be sent: a message of the protocol as JSON, and how many bytes of its client's queue it counts for."""

    payload: bytes
    weight: int = field(init=False)

    def __post_init__(self) -> None:
        self.weight = len(self.payload)


@dataclass(slots=True, eq=False)
class Shown(Message):
    """A panel's result; a newer one of the same topic takes its place. It is shared by all who look, and counts for nothing."""

    topic: str

    def __post_init__(self) -> None:
        self.weight = 0


@dataclass(slots=True, eq=False)
class Move(Message):
    """The client's position goes from `prev` to `k` past some events; the same object serves all who stand at `prev`."""

    prev: str
    k: str
    events: list[Event]
    at: float = field(default_factory=time.monotonic)

    @classmethod
    def past(cls, prev: str, k: str, events: list[Event], encoded: bytes) -> "Move":
        """The step past `events`, which `encode_events` gave; without any it is a heartbeat."""
        if not events:
            return cls(encode(Hb(k)), prev, k, events)
        return cls(b'{"type":"chg","prev":"%b","k":"%b","ev":%b}' % (prev.encode(), k.encode(), encoded), prev, k, events)


def encode_events(events: Iterable[Event]) -> tuple[list[Event], bytes]:
    """The events as they are sent, with their JSON; merged to one per table when that is too long."""
    events = list(events)
    encoded = orjson.dumps(events)
    if len(encoded) > MOST_EVENT_BYTES:
        events = conflated(events, drop_ids=True)
        encoded = orjson.dumps(events)
    return events, encoded


class Subscriber:
    """One connection: its caller, its topics, its position, and its queue, which a writer of its own empties.

    `wake()` is called, from any thread, when there is something to take. Everything else may be called from any thread.
    """

    __slots__ = ("caller", "topics", "k", "closing", "_wake", "_expires_at", "waiting", "_bytes", "_lock", "_patience",
                 "_told_at", "_is_told_away", "__weakref__")

    def __init__(self, caller: Hashable, wake: Callable[[], None], expires_at: float = math.inf):
        self.caller = caller
        self.topics: frozenset[str] = frozenset()
        self.k = ""
        self.closing: tuple[int | None, str] | None = None
        self._wake = wake
        self._expires_at = expires_at
        # a deque costs ten times the memory of a list, and few clients ever have two messages waiting
        self.waiting: list[Message] = []
        """The messages that wait, the oldest first."""
        self._bytes = 0
        self._lock = threading.Lock()
        self._patience = random.uniform(15, 25)
        self._told_at = 0.0
        self._is_told_away = False

    def start_at(self, k: str) -> None:
        """Set the position that the next message tells the client."""
        self.k, self._told_at = k, time.monotonic()

    def say(self, message: Any) -> None:
        """Queue a message that is neither change nor panel."""
        self._add(Message(encode(message)))

    def show(self, snap: Snap, encoded: bytes) -> None:
        """Queue a panel's newest result, already encoded."""
        with self._lock:
            self.waiting = [each for each in self.waiting if not (isinstance(each, Shown) and each.topic == snap.topic)]
        self._add(Shown(encoded, snap.topic))

    def move(self, step: Move) -> None:
        """Queue a step of the position, which begins where the client stands."""
        self.k, self._told_at = step.k, step.at
        self._add(step)

    def advance(self, k: str, events: Iterable[Event] = ()) -> None:
        """Queue this client's own step to `k` past `events`; without events it is a heartbeat."""
        self.move(Move.past(self.k, k, *encode_events(events)))

    def beat(self, k: str, away: bool) -> None:
        """Queue a heartbeat if the client has heard of no position for 15 to 25 seconds, or the database went away or came back.

        Close when its caller's time is over.
        """
        if time.time() >= self._expires_at:
            self.close(SIGNED_OUT, "signed out")
        elif self.k and (away != self._is_told_away or time.monotonic() >= self._told_at + self._patience):
            self._is_told_away = away
            if away:
                self.start_at(self.k)
                self.say(Hb(self.k, away))
            else:
                self.advance(k)

    def close(self, code: int | None, reason: str) -> None:
        """End the connection once what waits is sent; at once when it is too slow. The first word counts."""
        with self._lock:
            if self.closing is None:
                self.closing = (code, reason)
            if code == SLOW:
                self._forget()
        self._wake()

    def take(self) -> tuple[Message, ...]:
        """The messages to write next, about 64 KiB of them; empty when none waits."""
        with self._lock:
            if self._bytes <= MOST_TAKEN:
                taken, self.waiting, self._bytes = self.waiting, [], 0
            else:
                count = 1 + sum(size < MOST_TAKEN for size in accumulate(each.weight for each in self.waiting))
                taken, self.waiting = self.waiting[:count], self.waiting[count:]
                self._bytes -= sum(each.weight for each in taken)
        return tuple(taken)

    def _add(self, item: Message) -> None:
        with self._lock:
            if self.closing:
                return
            self.waiting.append(item)
            self._bytes += item.weight
            if len(self.waiting) > MOST_FRAMES or self._bytes > MOST_WAITING:
                self._conflate()
                if self._bytes > MOST_WAITING or len(self.waiting) > 4 * MOST_FRAMES:
                    self._forget()
                    self.closing = (SLOW, "too slow")
        self._wake()

    def _forget(self) -> None:
        self.waiting.clear()
        self._bytes = 0

    def _conflate(self) -> None:
        merged: list[Message] = []
        for moves, run in groupby(self.waiting, key=lambda each: isinstance(each, Move)):
            each = list(run)
            merged.extend([_one_for(tuple(each))] if moves else each)
        self.waiting, self._bytes = merged, sum(each.weight for each in merged)


@lru_cache(8)  # a crowd that lags behind together lags behind the same steps
def _one_for(steps: tuple[Move, ...]) -> Move:
    events = conflated(event for each in steps for event in each.events)
    return Move.past(steps[0].prev, steps[-1].k, *encode_events(events))
