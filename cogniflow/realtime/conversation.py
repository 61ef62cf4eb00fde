"""What one client says, and what it is answered."""

from collections.abc import Iterator
from contextlib import contextmanager

from cogniflow.errors import Unavailable
from cogniflow.realtime.feed import Feed
from cogniflow.realtime.protocol import (
    HEARTBEAT,
    BadMessage,
    ClientMessage,
    Err,
    Event,
    Hello,
    Ping,
    Pong,
    Ready,
    Sub,
    Subbed,
    Unsub,
    Unsubbed,
    parse,
)
from cogniflow.realtime.resume import FeedAway, Missed
from cogniflow.realtime.subscriber import AWAY, Subscriber
from cogniflow.realtime.topics import EventsByTopic, conflated

MOST_TOPICS = 200
"""One connection may subscribe to at most so many."""


ATTEMPTS = 5
"""So often what a client has missed is read again when the feed has moved on too far while it was read."""


class Conversation:
    """Serves one client's messages; every answer is queued with its subscriber, nothing is written here."""

    def __init__(self, feed: Feed, subscriber: Subscriber):
        self._feed, self._subscriber = feed, subscriber

    def take(self, text: str | bytes) -> None:
        """Answer one message; one that cannot be understood is answered with `err`, and the socket stays."""
        try:
            message = parse(text)
        except BadMessage as error:
            self._subscriber.say(Err("bad_message", str(error)))
        else:
            self.answer(message)

    def refuse_binary(self) -> None:
        """Answer a message that is not text."""
        self._subscriber.say(Err("bad_message", "Messages are text."))

    def answer(self, message: ClientMessage | None) -> None:
        """Answer a message already parsed; None, one of an unknown type, is ignored."""
        try:
            match message:
                case Hello(topics=topics, token=token):
                    self._hello(topics or [], token)
                case Sub(topic=text, token=token):
                    self._sub(text, token)
                case Unsub(topic=text):
                    self._unsub(text)
                case Ping(t=t):
                    self._subscriber.say(Pong(t))
        except (FeedAway, Unavailable):
            self._subscriber.close(AWAY, "the feed is away, come back")

    def _hello(self, topics: list[str], token: str | None) -> None:
        known, room = self._feed.doors.changes, MOST_TOPICS - len(self._subscriber.topics)
        allowed = list(dict.fromkeys(filter(None, map(self._allowed, topics[:room]))))
        if len(topics) > room:
            self._subscriber.say(Err("bad_message", f"At most {MOST_TOPICS} topics."))
        with self._caught_up(token, allowed) as (events, position):
            self._begin(token if events else position)
            if events:
                self._subscriber.advance(position, events)
            self._feed.subscribe(self._subscriber, allowed, known)

    def _sub(self, text: str, token: str | None) -> None:
        if not self._subscriber.k:
            self._hello([], None)
        known, topic = self._feed.doors.changes, self._allowed(text)
        if topic is None:
            return
        if len(self._subscriber.topics) >= MOST_TOPICS:
            self._subscriber.say(Err("bad_message", f"At most {MOST_TOPICS} topics.", topic))
            return
        with self._caught_up(token, [topic]) as (events, position):
            if events or self._subscriber.k != position:
                # everything else up to here is queued already: the client's token must not lie before its new topic's
                self._subscriber.advance(position, events)
            self._subscriber.say(Subbed(topic, position))
            self._feed.subscribe(self._subscriber, [topic], known)

    @contextmanager
    def _caught_up(self, token: str | None, topics: list[str]) -> Iterator[tuple[list[Event], str]]:
        """The missed events on `topics` and the position after them, at which the feed is held; a reset is said before."""
        for left in reversed(range(ATTEMPTS)):
            missed = self._feed.missed(token)
            events = self._events(missed, topics)  # it may be long: nobody else waits for it
            with self._feed.rest(missed) as rest:
                if left and rest.why and not missed.why:
                    continue  # the feed's memory was overtaken meanwhile: the change log still has it
                position = str(rest.position)
                if token is not None and (why := missed.why or rest.why):
                    self._feed.reset(self._subscriber, topics, why, position)
                    events = []
                elif token is not None:
                    events = conflated([*events, *self._events(rest, topics)])
                yield events, position
                return

    def _unsub(self, text: str) -> None:
        topic = self._feed.topic(text) or text
        self._feed.unsubscribe(self._subscriber, [topic])
        self._subscriber.say(Unsubbed(topic))

    def _begin(self, k: str) -> None:
        self._subscriber.start_at(k)
        self._subscriber.say(Ready(k, k.split(".")[1], HEARTBEAT))

    def _events(self, missed: Missed, topics: list[str]) -> list[Event]:
        return EventsByTopic(missed.changes, self._feed.events, frozenset(topics)).of(topics)

    def _allowed(self, text: str) -> str | None:
        topic = self._feed.topic(text)
        if topic is None:
            self._subscriber.say(Err("unknown_topic", f'There is no topic "{text[:200]}".', text[:200]))
        elif not self._feed.doors.may_subscribe(self._subscriber.caller, topic):
            self._subscriber.say(Err("forbidden", f'You may not read "{topic}".', topic))
            return None
        return topic
