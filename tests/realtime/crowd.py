"""Many clients of the feed in one thread; whoever loses its connection comes back at once by its token."""

import json
import random
import selectors
import socket
import time
from collections.abc import Callable, Iterator

from cogniflow.realtime.websocket import upgrade_response

GREETING = upgrade_response("dGhlIHNhbXBsZSBub25jZQ==")
UPGRADED = b"HTTP/1.1 101 "
TEXT = 0x81
TURNED_AWAY = 0.2, 1.0
"""Seconds between the least and the most after which one comes back that was not even let in."""


class Member:
    """One client of a topic: its position `k`, the transactions it `heard` of, and what must not happen."""

    def __init__(self):
        self.k: str | None = None
        self.heard: list[str] = []
        self.connections = self.gaps = self.resets = 0
        self.is_ready = False
        self._rest, self._is_upgraded = b"", False

    @property
    def was_let_in(self) -> bool:
        """Whether this connection is, or was, a WebSocket."""
        return self._is_upgraded

    def begin(self, connection: socket.socket) -> None:
        """Speak on a new connection, once it is upgraded."""
        self._rest, self._is_upgraded, self.is_ready = b"", False, False
        self.connections += 1
        self.socket = connection

    def read(self, topic: str) -> bool:
        """Take what has come; False at the end."""
        try:
            data = self.socket.recv(1 << 16)
        except ConnectionResetError:
            data = b""
        self._rest += data
        if not self._is_upgraded and b"\r\n\r\n" in self._rest:
            answer, _, self._rest = self._rest.partition(b"\r\n\r\n")
            if not answer.startswith(UPGRADED):
                return False
            self._is_upgraded = True
            self._say({"type": "hello", "v": 1, "topics": [topic]} | ({"token": self.k} if self.k else {}))
        if self._is_upgraded:
            for message in self._messages():
                self._take(message)
        return bool(data)

    def _take(self, message: dict) -> None:
        self.resets += message["type"] == "reset"
        self.is_ready |= message["type"] == "ready"
        if "k" in message:
            self.gaps += message.get("prev", self.k) != self.k
            self.heard += [xid for event in message.get("ev", ()) for xid in event["xids"]]
            self.k = message["k"]

    def _say(self, message: dict) -> None:
        text = json.dumps(message).encode()
        # a client masks its frames: a mask of noughts leaves the text as it is
        size = bytes([0x80 | len(text)]) if len(text) < 126 else b"\xfe" + len(text).to_bytes(2)
        self.socket.sendall(bytes([TEXT]) + size + bytes(4) + text)

    def _messages(self) -> Iterator[dict]:
        while len(self._rest) >= 4:
            size, start = (self._rest[1], 2) if self._rest[1] < 126 else (int.from_bytes(self._rest[2:4]), 4)
            if len(self._rest) < start + size:
                return
            payload, first, self._rest = self._rest[start:start + size], self._rest[0], self._rest[start + size:]
            if first == TEXT:
                yield json.loads(payload)


class Crowd:
    """So many members that follow one topic, each on a connection of its own from `connect`."""

    def __init__(self, connect: Callable[[], socket.socket], topic: str, count: int):
        self._connect, self._topic = connect, topic
        self._selector = selectors.DefaultSelector()
        self._away: list[tuple[float, Member]] = []
        self.members = [Member() for _ in range(count)]
        for each in self.members:
            self._come(each)

    def follow(self, until: Callable[[Member], bool], seconds: float) -> float:
        """Read, and come back, until it is true of every member; how long it took."""
        begun = time.monotonic()
        while not all(map(until, self.members)):
            assert time.monotonic() - begun < seconds, f"{sum(map(until, self.members))} of {len(self.members)}"
            for key, _ in self._selector.select(0.1):
                if not key.data.read(self._topic):
                    self._selector.unregister(key.fileobj)
                    key.fileobj.close()
                    wait = 0 if key.data.was_let_in else random.uniform(*TURNED_AWAY)
                    self._away.append((time.monotonic() + wait, key.data))
            due = [each for at, each in self._away if at <= time.monotonic()]
            self._away = [(at, each) for at, each in self._away if each not in due]
            for each in due:
                self._come(each)
        return time.monotonic() - begun

    def leave(self) -> None:
        """Close them all."""
        self._selector.close()
        for each in self.members:
            each.socket.close()

    def _come(self, member: Member) -> None:
        member.begin(self._connect())
        self._selector.register(member.socket, selectors.EVENT_READ, member)
