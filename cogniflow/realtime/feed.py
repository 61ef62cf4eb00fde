"""The front of the room: one feed of a process, its subscribers, and the changes handed out to them."""

import threading
from collections import Counter
from collections.abc import Callable, Hashable, Iterable
from contextlib import AbstractContextManager
from dataclasses import asdict
from typing import Any

from cogniflow.realtime.audience import Audience
from cogniflow.realtime.authoriser import Authoriser
from cogniflow.realtime.bell import Habit
from cogniflow.realtime.changes import Batch
from cogniflow.realtime.doors import Doors
from cogniflow.realtime.panels import Panel, PanelRunner
from cogniflow.realtime.protocol import RETRY_MS, Bye, Reset
from cogniflow.realtime.resume import Missed, Resumption
from cogniflow.realtime.ring import Ring
from cogniflow.realtime.subscriber import RESTART, SLOW, Subscriber
from cogniflow.realtime.tail import Tail
from cogniflow.realtime.token import Token
from cogniflow.realtime.topics import EventMap, canonical

WHYS = ("epoch", "retention", "slow", "auth")


class Feed:
    """Every committed change of one database, to everyone in this process who subscribes.

    `url`: a direct connection to the database; `remembered`: how many changes are kept in memory;
    `bell`: "always" has every writer ring, however many there are.
    Nothing starts before `start`.
    """

    def __init__(self, url: str, events: EventMap, authoriser: Authoriser, panels: Iterable[Panel] = (),
                 remembered: int = 20_000, bell: Habit = "adaptive"):
        self.events = events
        self.ring = Ring(remembered)
        self.tail = Tail(url, self.take, self._restart, self.beat, bell)
        self.panels = PanelRunner(url, panels)
        self.audience = Audience(events)
        self.doors = Doors(authoriser, self._everyone, self._withdraw)
        self._held = threading.RLock()
        self._resumption = Resumption(url, self.tail, self.ring, self._held)
        self._resets: Counter[str] = Counter(dict.fromkeys(WHYS, 0))
        self._slow_closes = 0
        self._started = self._ended = False

    def start(self) -> None:
        """Begin to follow the database; a second call does nothing."""
        with self._held:
            if self._started:
                return
            self._started = True
        self.tail.start()
        self.panels.start()
        self.doors.start()

    def stop(self) -> None:
        """Say good-bye to every client (1012: come back, the process ends) and end all threads."""
        with self._held:
            self._ended = True
            subscribers = list(self.audience)
        for each in subscribers:
            each.say(Bye(RETRY_MS))
            each.close(RESTART, "the server restarts")
        self.tail.stop()
        self.panels.stop()
        self.doors.stop()
        self._resumption.close()

    def connect(self, caller: Hashable, wake: Callable[[], None]) -> Subscriber:
        """A new client of the caller's; `wake()` is called from any thread when it has something to take."""
        subscriber = Subscriber(caller, wake, self.doors.expires_at(caller))
        with self._held:
            self.audience.add(subscriber)
            if self._ended:
                subscriber.close(RESTART, "the server restarts")
        return subscriber

    def disconnect(self, subscriber: Subscriber) -> None:
        """The client is gone."""
        with self._held:
            if subscriber not in self.audience:
                return
            self._set_topics(subscriber, frozenset())
            self.audience.remove(subscriber)
            self._slow_closes += subscriber.closing is not None and subscriber.closing[0] == SLOW

    def missed(self, token: str | None) -> Missed:
        """What the holder of `token` has missed, about up to now. Raises FeedAway."""
        return self._resumption.before(token)

    def rest(self, missed: Missed) -> AbstractContextManager[Missed]:
        """What came after `missed`, with the feed held still while the block subscribes."""
        return self._resumption.rest(missed)

    def subscribe(self, subscriber: Subscriber, topics: Iterable[str], allowed_at: int) -> None:
        """Let the client hear of these canonical topics from the feed's position on.

        They were allowed when there had been `allowed_at` changes of rights; if there was one since, they are checked again.
        """
        with self._held:
            if subscriber in self.audience:  # it may have gone while it was asked whether it may
                self._set_topics(subscriber, subscriber.topics | frozenset(topics))
                if allowed_at != self.doors.changes:
                    self.doors.look_again()

    def unsubscribe(self, subscriber: Subscriber, topics: Iterable[str]) -> None:
        """Let the client hear no more of these topics."""
        with self._held:
            if subscriber in self.audience:
                self._set_topics(subscriber, subscriber.topics - frozenset(topics))

    def reset(self, subscriber: Subscriber, topics: list[str], why: str, k: str) -> None:
        """Tell the client to refetch what it shows of these topics, and why."""
        self._resets[why] += 1
        subscriber.say(Reset(topics, why, k))

    def topic(self, text: str) -> str | None:
        """The topic as it is written in events, or None when there is no such topic."""
        return canonical(text, self.events, self.panels.panels)

    def wait_for(self, token: str, timeout: float = 5.0) -> bool:
        """Wait at most `timeout` seconds until all that the token covers has been handed out; whether it has."""
        self.tail.poke()
        return self.ring.wait_for(Token.parse(token), timeout)

    def health(self) -> dict[str, Any]:
        """How the feed is: connection, bell, memory, subscribers, resets by reason; for the health page and metrics."""
        return {**asdict(self.tail.health), **self.ring.health(), "position": str(self.ring.position or ""),
                "subscribers": len(self.audience), "slow_closes": self._slow_closes,
                **{f"resets_{why}": count for why, count in self._resets.items()},
                "panel_computations": self.panels.computations}

    def _set_topics(self, subscriber: Subscriber, topics: frozenset[str]) -> None:
        before = subscriber.topics
        self.audience.remove(subscriber)
        subscriber.topics = topics
        self.audience.add(subscriber)
        for topic in before - topics:
            if topic.startswith("panel/"):
                self.panels.leave(topic, subscriber)
        for topic in topics - before:
            if topic.startswith("panel/"):
                self.panels.watch(topic, subscriber)

    def take(self, batch: Batch) -> None:
        """Hand out what the tail has read."""
        tables = {change.tbl for change in batch.changes}
        with self._held:
            if tables:
                self.audience.hand_out(batch)
                self.panels.changed(tables)
            if not tables.isdisjoint(self.events.access_tables):
                self.doors.change()
            self.ring.append(batch)  # last: whoever waited for the position finds all of this done

    def _restart(self, token: Token, why: str) -> None:
        with self._held:
            self.ring.restart(token)
            for each in self.audience:
                if each.k:
                    self.reset(each, sorted(each.topics), why, str(token))
                    each.advance(str(token))
        self.panels.changed(None)
        self.doors.change()

    def beat(self) -> None:
        """Send the heartbeats that are due."""
        with self._held:
            self.audience.beat(str(self.ring.position), self.tail.is_away)

    def _everyone(self) -> list[Subscriber]:
        with self._held:
            return list(self.audience)

    def _withdraw(self, subscriber: Subscriber, topics: list[str]) -> None:
        if topics:
            with self._held:
                self.unsubscribe(subscriber, topics)
                self.reset(subscriber, topics, "auth", subscriber.k)
