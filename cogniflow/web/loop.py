"""The flask-sock loop: one thread per client reads, answers and writes; the hub's reference, and its stand-in."""

import contextlib
import selectors
import threading

from flask import g
from simple_websocket import Server
from wsproto.events import BytesMessage, CloseConnection, Ping, TextMessage
from wsproto.utilities import LocalProtocolError, RemoteProtocolError

from cogniflow.realtime.conversation import Conversation
from cogniflow.realtime.feed import Feed
from cogniflow.realtime.peer import READ_BYTES, VANISHED_AFTER, send_at_once
from cogniflow.realtime.protocol import MOST_CHARACTERS, Sub
from cogniflow.realtime.subscriber import AWAY, SLOW
from cogniflow.realtime.waker import Waker
from cogniflow.realtime.websocket import FAILED, PROTOCOL_ERROR, TOO_LONG, text_frames

SEND_SECONDS = VANISHED_AFTER
"""A client that takes nothing for so long is left; it comes back by its token."""


class HeldThread(threading.Thread):
    """Stands where simple-websocket would start a reader that writes without a lock; ours reads instead."""

    def start(self) -> None:
        """Do not."""


def serve(ws: Server, feed: Feed, room: threading.BoundedSemaphore, topic: str | None) -> None:
    """Serve the client in this thread until either side ends; 1013 when there is no room."""
    if not room.acquire(blocking=False):
        ws.close(AWAY, "too many sockets, come back")
        return
    try:
        feed.start()
        SocketClient(ws, feed).serve(topic)
    finally:
        room.release()


class SocketClient:
    """One open socket, served in the thread of its request until either side ends it."""

    def __init__(self, ws: Server, feed: Feed):
        self._ws, self._feed, self._sock = ws, feed, ws.sock
        self._waker = Waker()
        self._message = bytearray()

    def serve(self, topic: str | None) -> None:
        """Speak the protocol; with `topic`, that one is subscribed before the client says anything."""
        self._subscriber = self._feed.connect(g.caller, self._waker.ring)
        self._conversation = Conversation(self._feed, self._subscriber)
        try:
            self._sock.settimeout(SEND_SECONDS)
            send_at_once(self._sock, SEND_SECONDS)
            if topic:
                self._conversation.answer(Sub(topic))
            self._loop()
        except TimeoutError:
            self._subscriber.close(SLOW, "too slow")  # a frame may be half written: no word can follow it
        except OSError:
            pass  # the client is gone
        except RemoteProtocolError as error:
            hint = error.event_hint
            self._part(int(hint.code) if isinstance(hint, CloseConnection) else PROTOCOL_ERROR, "protocol error")
        except Exception:
            self._part(FAILED, "internal error")
            raise
        finally:
            self._ws.connected = False
            self._feed.disconnect(self._subscriber)
            self._waker.close()

    def _loop(self) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(self._sock, selectors.EVENT_READ)
            selector.register(self._waker, selectors.EVENT_READ)
            while True:
                # before the last write: what was said before the end is sent before it
                closing = self._subscriber.closing
                self._write()
                if closing:
                    self._part(*closing)
                    return
                ready = {key.fileobj for key, _ in selector.select()}
                if self._waker in ready:
                    self._waker.calm()
                if self._sock in ready and not self._read():
                    return

    def _write(self) -> None:
        while messages := self._subscriber.take():
            self._send(text_frames(each.payload for each in messages))

    def _send(self, data: bytes) -> None:
        """Send it all, each piece within the time that a client may take nothing: `sendall` would have that for the whole."""
        rest = memoryview(data)
        while rest:
            rest = rest[self._sock.send(rest):]

    def _read(self) -> bool:
        data = self._sock.recv(READ_BYTES)
        while data and (pending := getattr(self._sock, "pending", int)()):
            data += self._sock.recv(pending)
        if not data:
            return False
        self._ws.ws.receive_data(data)
        return all(self._take(event) for event in self._ws.ws.events())

    def _take(self, event: object) -> bool:
        match event:
            case TextMessage() | BytesMessage():
                is_text = isinstance(event, TextMessage)
                self._message += event.data.encode() if is_text else event.data
                if len(self._message) > MOST_CHARACTERS:
                    self._part(TOO_LONG, "message too long")
                    return False
                if event.message_finished:
                    message, self._message = bytes(self._message), bytearray()
                    self._conversation.take(message) if is_text else self._conversation.refuse_binary()
            case Ping():
                self._send(self._ws.ws.send(event.response()))
            case CloseConnection():
                with contextlib.suppress(LocalProtocolError):
                    self._send(self._ws.ws.send(event.response()))
                return False
        return True

    def _part(self, code: int, reason: str) -> None:
        with contextlib.suppress(OSError, LocalProtocolError):
            self._sock.settimeout(1)
            self._send(self._ws.ws.send(CloseConnection(code, reason)))
