"""One socket of the hub, and what is known of it."""

import socket
from collections.abc import Callable

from cogniflow.realtime.conversation import Conversation
from cogniflow.realtime.feed import Feed
from cogniflow.realtime.protocol import MOST_CHARACTERS
from cogniflow.realtime.subscriber import Message
from cogniflow.realtime.websocket import Decoder, close_frame, pong_frame

READ_BYTES = 64 * 1024
"""So many are read of a socket at once."""
MOST_PONGS = 4096
"""Bytes of pongs that wait for one client; of more only the newest counts (RFC 6455, 5.5.3)."""
VANISHED_AFTER = 20
"""Seconds after which a client that acknowledges nothing of what it was sent counts as gone."""


def send_at_once(connection: socket.socket, seconds: int) -> None:
    """Hold no message back, and notice by the next one after `seconds` that the client has vanished without a word."""
    if connection.family in (socket.AF_INET, socket.AF_INET6):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if hasattr(socket, "TCP_USER_TIMEOUT"):
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, seconds * 1000)


class Peer:
    """Everything here belongs to the hub's thread, but for `wake`."""

    __slots__ = ("connection", "subscriber", "conversation", "decoder", "events", "unsent", "blocked_since", "answers",
                 "later", "is_answering", "is_woken", "has_left", "is_parting", "parts_by", "_woken")

    def __init__(self, connection: socket.socket, woken: Callable[["Peer"], None]):
        self.connection, self._woken = connection, woken
        self.decoder = Decoder(MOST_CHARACTERS)
        self.events = 0
        """What the selector watches it for; 0 for nothing."""
        self.unsent: bytes | memoryview = b""
        """The rest of the frames that its socket did not take."""
        self.blocked_since = 0.0
        self.answers = b""
        """Pongs; they go out between two messages."""
        self.later: list = []
        """What it said while an earlier message is being answered."""
        self.is_answering = self.is_woken = False
        self.has_left = False
        """It has said that it closes."""
        self.is_parting = False
        """It has been told that we close."""
        self.parts_by = 0.0

    def join(self, feed: Feed, caller: object) -> None:
        """Become a subscriber of the feed."""
        self.connection.setblocking(False)
        send_at_once(self.connection, VANISHED_AFTER)
        self.subscriber = feed.connect(caller, self.wake)
        self.conversation = Conversation(feed, self.subscriber)

    @property
    def is_gone(self) -> bool:
        """Whether its socket is closed."""
        return self.connection.fileno() < 0

    def wake(self) -> None:
        """There is something to write; from any thread."""
        if not self.is_woken:
            self.is_woken = True
            self._woken(self)

    def pong(self, payload: bytes) -> None:
        """Answer a ping before the next message."""
        kept = self.answers if len(self.answers) < MOST_PONGS else b""
        self.answers = kept + pong_frame(payload)

    def next(self, frames_of: Callable[[tuple[Message, ...]], bytes]) -> bytes:
        """The frames to write next, those that `frames_of` makes of messages; at the end of it all the close frame, once."""
        subscriber, frames, self.answers = self.subscriber, self.answers, b""
        # read before the last message is taken: what was said before the end is sent before it
        closing = subscriber.closing
        if subscriber.waiting:
            frames += frames_of(subscriber.take())
        if not frames and closing and not self.is_parting:
            self.is_parting = True
            return close_frame(*closing)
        return frames
