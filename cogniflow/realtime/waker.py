"""Ends another thread's wait on its sockets."""

import contextlib
import socket

MOMENT = 1.0
"""Seconds that a thread has to end when it is told to; one that waits for a database that is away is left behind."""


class Waker:
    """A selector can wait for it beside sockets; `ring` from any thread ends that wait."""

    def __init__(self):
        self._heard, self._rung = socket.socketpair()
        self._heard.setblocking(False)
        self._rung.setblocking(False)

    def fileno(self) -> int:
        """What the selector waits for."""
        return self._heard.fileno()

    def ring(self) -> None:
        """Wake whoever waits, or is about to."""
        with contextlib.suppress(OSError):  # full: it is awake already; closed: nobody waits any more
            self._rung.send(b"!")

    def calm(self) -> None:
        """Forget how often it was rung."""
        with contextlib.suppress(BlockingIOError):
            self._heard.recv(4096)

    def close(self) -> None:
        """Wake nobody any more."""
        self._heard.close()
        self._rung.close()
