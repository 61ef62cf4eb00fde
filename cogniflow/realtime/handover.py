"""Sockets change hands: a web worker accepts and authenticates, the realtime process serves."""

import contextlib
import os
import selectors
import socket
import struct
import threading
import time
from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import orjson
import structlog

from cogniflow.errors import Unavailable
from cogniflow.realtime.waker import Waker

PATIENCE = 2
"""Seconds for the other side to answer; a socket waits longer, and without a thread, in the queue of the listening socket."""
PAUSE = 0.1
"""Seconds before it is tried again to accept what could not be."""
MOST_QUEUED = 4096
MOST_BYTES = 256 * 1024
"""A longer message is no handover."""
LONGEST_ADDRESS = 107
"""Bytes of a path that the system takes as the address of a socket."""

log = structlog.get_logger(__name__)


class SocketTaker(Protocol):
    """Whoever serves the sockets that a request was upgraded to: the hub of this process, or another process."""

    def take(self, connection: socket.socket, greeting: bytes, caller: Hashable, topic: str | None) -> None:
        """Serve the authenticated `connection` from now on; `greeting`, the whole 101 response, has not been written yet.

        Once it returns, `connection` is the taker's; when it raises Unavailable, nothing was written and it is still yours.
        """

    def health(self) -> dict[str, Any]:
        """How the feed and its clients are. Raises Unavailable when whoever takes sockets does not answer."""


class Handover:
    """The worker's end: hands sockets to the process that listens at `path`.

    What was handed waits in the kernel while that process is started again, and holds no thread of the worker meanwhile.
    """

    def __init__(self, path: Path, write_caller: Callable[[Any], bytes]):
        self._path, self._write_caller = path, write_caller

    def take(self, connection: socket.socket, greeting: bytes, caller: Hashable, topic: str | None) -> None:
        """Give the socket away. Raises Unavailable when there is nobody to give it to."""
        message = orjson.dumps([self._write_caller(caller).decode(), topic, greeting.decode("latin-1")])
        with self._reached() as channel:
            socket.send_fds(channel, [message], [connection.fileno()])
        connection.close()

    def health(self) -> dict[str, Any]:
        """How the process is. Raises Unavailable when it does not answer within seconds."""
        with self._reached() as channel:
            channel.shutdown(socket.SHUT_WR)
            answer = b"".join(iter(lambda: channel.recv(MOST_BYTES), b""))
            if not answer:
                raise ConnectionResetError("it ended before it answered")
            return orjson.loads(answer)

    @contextlib.contextmanager
    def _reached(self) -> Iterator[socket.socket]:
        with socket.socket(socket.AF_UNIX) as channel:
            for limit in (socket.SO_SNDTIMEO, socket.SO_RCVTIMEO):
                # not settimeout: with it a full queue is refused at once
                channel.setsockopt(socket.SOL_SOCKET, limit, struct.pack("@ll", PATIENCE, 0))
            try:
                with _address(self._path) as address:
                    channel.connect(address)
                yield channel
            except OSError as error:
                raise Unavailable(f"The realtime process does not answer ({error}): it is started again by itself.") from None


@dataclass
class _Message:
    text: bytearray = field(default_factory=bytearray)
    handed: int | None = None


class Reception:
    """The realtime process's end: takes what workers hand over, in a thread of its own, and tells how it is.

    `listener` is held by the supervisor too: a connection made before `start` or after `stop` waits for the next process.
    """

    def __init__(self, listener: socket.socket, taker: SocketTaker, read_caller: Callable[[bytes], Hashable]):
        self._listener, self._taker, self._read_caller = listener, taker, read_caller
        self._selector = selectors.DefaultSelector()
        self._messages: dict[socket.socket, _Message] = {}
        self._waker = Waker()
        self._thread = threading.Thread(target=self._run, name="reception", daemon=True)

    def start(self) -> None:
        """Begin to accept."""
        self._listener.setblocking(False)
        for each in (self._listener, self._waker):
            self._selector.register(each, selectors.EVENT_READ)
        self._thread.start()

    def stop(self) -> None:
        """Accept no more, and take what was accepted."""
        self._waker.ring()
        if self._thread.is_alive():
            self._thread.join(PATIENCE + 1)

    def _run(self) -> None:
        accepting = True
        while accepting or self._messages:
            ready = [key.fileobj for key, _ in self._selector.select(None if accepting else PATIENCE)]
            if not ready:
                break  # those that are left never said a word
            for each in ready:
                if each is self._waker:
                    accepting = False
                    self._selector.unregister(self._waker)
                    self._selector.unregister(self._listener)
                elif each is not self._listener:
                    self._hear(each)
                elif accepting:
                    self._accept()
        for each in (*self._messages, self._waker, self._selector):
            each.close()

    def _accept(self) -> None:
        try:
            channel, _ = self._listener.accept()
        except BlockingIOError:  # another process was faster
            return
        except OSError as error:  # too many open files: it waits in the queue until there are fewer
            log.warning("handover_waits", error=str(error))
            time.sleep(PAUSE)
            return
        channel.setblocking(False)
        self._messages[channel] = _Message()
        self._selector.register(channel, selectors.EVENT_READ)

    def _hear(self, channel: socket.socket) -> None:
        message = self._messages[channel]
        try:
            text, handed, *_ = socket.recv_fds(channel, MOST_BYTES, 1)
        except BlockingIOError:
            return
        except OSError:
            text, handed = b"", []
        message.text += text
        for number in handed:
            if message.handed is None:
                message.handed = number
            else:
                os.close(number)  # one socket is handed over at a time
        if text and len(message.text) <= MOST_BYTES:
            return
        self._selector.unregister(channel)
        del self._messages[channel]
        with channel:
            try:
                self._serve(channel, message)
            except Exception:  # one that cannot be served must not end the others
                log.exception("handover_failed")

    def _serve(self, channel: socket.socket, message: _Message) -> None:
        if message.handed is None:
            channel.setblocking(True)
            channel.settimeout(PATIENCE)
            with contextlib.suppress(OSError):  # whoever asked is gone
                channel.sendall(orjson.dumps(self._taker.health()))
            return
        try:
            connection = socket.socket(fileno=message.handed)
        except OSError:  # it is no socket
            os.close(message.handed)
            raise
        try:
            caller, topic, greeting = orjson.loads(message.text)
            self._taker.take(connection, greeting.encode("latin-1"), self._read_caller(caller.encode()), topic)
        except BaseException:
            connection.close()
            raise


def listen(path: Path) -> socket.socket:
    """The socket at `path` that workers hand their sockets to; what an earlier one left there is replaced."""
    path.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX)
    with _address(path) as address:
        listener.bind(address)
    path.chmod(0o600)
    listener.listen(MOST_QUEUED)
    return listener


@contextlib.contextmanager
def _address(path: Path) -> Iterator[str]:
    if len(os.fsencode(path)) <= LONGEST_ADDRESS:
        yield str(path)
        return
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)
