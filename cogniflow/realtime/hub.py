"""The hub: one thread that owns every socket of a process, however many there are."""

import contextlib
import selectors
import socket
import threading
import time
from collections import deque
from collections.abc import Hashable
from functools import lru_cache
from selectors import EVENT_READ, EVENT_WRITE
from typing import Any

import structlog

from cogniflow.errors import Unavailable
from cogniflow.realtime.answering import Answering
from cogniflow.realtime.feed import Feed
from cogniflow.realtime.peer import READ_BYTES, VANISHED_AFTER, Peer
from cogniflow.realtime.protocol import Sub
from cogniflow.realtime.room import room_for_sockets
from cogniflow.realtime.subscriber import AWAY, SLOW
from cogniflow.realtime.waker import Waker
from cogniflow.realtime.websocket import (
    Binary,
    Close,
    Event,
    Ping,
    ProtocolError,
    Text,
    text_frames,
)

MOST_LATER = 64
"""So many messages of one client may wait for an answer; then it is not read from until there is room."""
PART_SECONDS = 2.0
"""A client has so long to take its last frame and to say that it closes too."""
SWEEP_SECONDS = 0.25

log = structlog.get_logger(__name__)


class Hub:
    """Speaks the protocol with every socket handed to it, as many as the process may have open files.

    Nothing starts before `start`; a stopped hub cannot start again.
    """

    def __init__(self, feed: Feed):
        self._feed = feed
        self._selector = selectors.DefaultSelector()
        self._peers: set[Peer] = set()
        self._watched: set[Peer] = set()
        """Those with something unsent, or parting: looked at now and then, whatever their sockets say."""
        self._arrivals: deque[tuple[socket.socket, bytes, Hashable, str | None]] = deque()
        self._woken: deque[Peer] = deque()
        self._answered: deque[Peer] = deque()
        self._waker = Waker()
        self._is_awake = False
        # a thousand clients are sent the same messages one after the other
        self._frames = lru_cache(8)(lambda messages: text_frames(each.payload for each in messages))
        self._sweep_at = 0.0
        self._room = room_for_sockets()
        self._starting = threading.RLock()
        self._ends_by: float | None = None
        self._answering = Answering(self._take_up)
        self._thread = threading.Thread(target=self._run, name="hub", daemon=True)

    def start(self) -> None:
        """Begin to serve, and the feed with it; a second call does nothing."""
        with self._starting:
            if not self._thread.is_alive() and self._ends_by is None:
                self._feed.start()
                self._selector.register(self._waker, EVENT_READ)
                self._answering.start()
                self._thread.start()

    def stop(self) -> None:
        """End the feed, which says good-bye to every client, and give them a moment to take it."""
        self._feed.stop()
        with self._starting:
            self._ends_by = time.monotonic() + PART_SECONDS
        if self._thread.is_alive():
            self._ring()
            self._thread.join(PART_SECONDS + 5)
        self._answering.stop()

    def take(self, connection: socket.socket, greeting: bytes, caller: Hashable, topic: str | None) -> None:
        """Serve the socket from now on, from any thread: `greeting` is written first; with `topic`, that one is subscribed.

        Raises Unavailable when the hub has ended; the socket is still the caller's then.
        """
        with self._starting:
            if self._ends_by is not None:
                raise Unavailable("This process ends: come back.")
            self.start()
            self._arrivals.append((connection, greeting, caller, topic))
        self._ring()

    def health(self) -> dict[str, Any]:
        """How the feed is, and how many sockets there are and do not take what they are sent."""
        blocked = sum(bool(each.unsent) for each in list(self._watched))
        return {**self._feed.health(), "sockets": len(self._peers), "sockets_blocked": blocked}

    def _ring(self) -> None:
        if not self._is_awake:
            self._is_awake = True
            self._waker.ring()

    def _note(self, peer: Peer) -> None:
        self._woken.append(peer)
        self._ring()

    def _run(self) -> None:
        while self._ends_by is None or self._peers and time.monotonic() < self._ends_by:
            try:
                self._turn()
            except Exception:  # one client must not end the service of the others
                log.exception("hub_failed")
                self._is_awake = False
                self._ring()  # for whoever was not attended to
        for each in list(self._peers):
            self._drop(each)
        for connection, *_ in self._arrivals:
            connection.close()
        self._selector.close()
        self._waker.close()

    def _turn(self) -> None:
        for key, events in self._selector.select(SWEEP_SECONDS if self._watched or self._ends_by else None):
            peer = key.data
            if peer is None:
                self._waker.calm()
                continue
            if events & EVENT_WRITE:
                self._write(peer)
            if events & peer.events & EVENT_READ:
                self._read(peer)
        # after the pipe is empty: whoever has something from here on rings again
        self._is_awake = False
        while self._arrivals:
            self._welcome(*self._arrivals.popleft())
        while self._answered:
            self._go_on(self._answered.popleft())
        for _ in range(len(self._woken)):
            self._attend(self._woken.popleft())
        if self._watched and time.monotonic() >= self._sweep_at:
            self._sweep()

    def _welcome(self, connection: socket.socket, greeting: bytes, caller: Hashable, topic: str | None) -> None:
        peer = Peer(connection, self._note)
        try:
            peer.join(self._feed, caller)
        except OSError:  # it has gone on the way
            connection.close()
            return
        self._peers.add(peer)
        peer.unsent = greeting
        self._watch(peer, EVENT_READ)
        if len(self._peers) > self._room:
            peer.subscriber.close(AWAY, "too many sockets, come back")
        self._write(peer)
        if topic:
            self._answer(peer, [Sub(topic)])

    def _watch(self, peer: Peer, events: int) -> None:
        before, peer.events = peer.events, events
        if not before and events:
            self._selector.register(peer.connection, events, peer)
        elif before and not events:
            self._selector.unregister(peer.connection)
        elif before != events:
            self._selector.modify(peer.connection, events, peer)

    def _attend(self, peer: Peer) -> None:
        # before it is looked at: what comes from here on wakes it again
        peer.is_woken = False
        if peer not in self._peers:
            return
        if peer.subscriber.closing and not peer.parts_by:
            peer.parts_by = time.monotonic() + PART_SECONDS
            self._watched.add(peer)
        if not peer.unsent:
            self._write(peer)

    def _write(self, peer: Peer) -> None:
        """Write what waits, as much as the socket takes now."""
        subscriber, data = peer.subscriber, peer.unsent or peer.next(self._frames)
        while data:
            try:
                sent = peer.connection.send(data)
            except BlockingIOError:
                sent = 0
            except OSError:
                self._drop(peer)
                return
            if sent < len(data):
                if sent or not peer.unsent:
                    peer.blocked_since = time.monotonic()
                peer.unsent = memoryview(data)[sent:]
                self._watched.add(peer)
                self._watch(peer, peer.events | EVENT_WRITE)
                return
            peer.unsent = b""
            data = peer.next(self._frames) if subscriber.waiting or subscriber.closing or peer.answers else b""
        if peer.is_parting and peer.has_left:
            self._drop(peer)
        elif peer.events & EVENT_WRITE:
            self._watch(peer, peer.events & ~EVENT_WRITE)
            if not peer.parts_by:
                self._watched.discard(peer)

    def _read(self, peer: Peer) -> None:
        try:
            data = peer.connection.recv(READ_BYTES)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._drop(peer)
            return
        heard: list[Event] = []
        try:
            heard.extend(peer.decoder.receive(data))
        except ProtocolError as error:
            peer.subscriber.close(error.code, error.reason)
        self._hear(peer, heard)

    def _hear(self, peer: Peer, heard: list[Event]) -> None:
        said = []
        for event in heard:
            match event:
                case Text() | Binary():
                    said.append(event)
                case Ping(payload=payload):
                    peer.pong(payload)
                case Close(code=code, reason=reason):
                    peer.has_left = True
                    peer.subscriber.close(code, reason)
        if said and not peer.subscriber.closing:
            self._answer(peer, said)
        if not peer.unsent:
            self._write(peer)

    def _answer(self, peer: Peer, said: list[Event | Sub]) -> None:
        peer.later += said
        if not peer.is_answering:
            self._go_on(peer)
        elif len(peer.later) > MOST_LATER:
            self._watch(peer, peer.events & ~EVENT_READ)

    def _take_up(self, peer: Peer) -> None:
        self._answered.append(peer)
        self._ring()

    def _go_on(self, peer: Peer) -> None:
        """Answer the next of what a client has said; only so many at once, or the answers would be too many for its queue."""
        peer.is_answering = bool(peer.later) and peer in self._peers
        if peer.is_answering:
            said, peer.later = peer.later[:MOST_LATER], peer.later[MOST_LATER:]
            self._answering.ask(peer, said)
            self._watch(peer, peer.events & ~EVENT_READ if len(peer.later) > MOST_LATER else peer.events | EVENT_READ)

    def _sweep(self) -> None:
        now = time.monotonic()
        self._sweep_at = now + SWEEP_SECONDS
        for peer in list(self._watched):
            if peer.unsent and now - peer.blocked_since > VANISHED_AFTER:
                peer.subscriber.close(SLOW, "too slow")
                self._drop(peer)
            elif peer.parts_by and (now > peer.parts_by or self._ends_by and peer.is_parting and not peer.unsent):
                self._drop(peer)

    def _drop(self, peer: Peer) -> None:
        self._peers.discard(peer)
        self._watched.discard(peer)
        self._watch(peer, 0)
        with contextlib.suppress(OSError):
            # what it said last and nobody reads would turn our close frame into a broken connection
            peer.connection.recv(READ_BYTES)
        peer.connection.close()
        self._feed.disconnect(peer.subscriber)
