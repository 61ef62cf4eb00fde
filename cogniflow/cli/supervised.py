"""A process under supervision: it serves before it is announced, is started again when it ends, and outlives us never."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time

import structlog

from cogniflow.errors import Unavailable
from cogniflow.lifeline import LINE

SECONDS_TO_START = 120
SECONDS_TO_END = 10
FIRST_PAUSE, LAST_PAUSE = 0.1, 30.0
"""Seconds before one that ended is started again; twice as long each time, as long as it does not last."""
LASTING = 10.0
"""Seconds after which one counts as having lasted."""

log = structlog.get_logger("supervisor")


class Launch:
    """One start of a command: its process, all that it forked, and the line that is cut when the last of them has ended.

    `inherited`: the numbers of the open sockets that it is handed. Raises Unavailable when the system gives it no process.
    """

    def __init__(self, name: str, command: list[str], environment: dict[str, str], inherited: tuple[int, ...]):
        self._name = name
        try:
            self._line, theirs = socket.socketpair()
            with theirs:
                number = theirs.fileno()
                self.process = subprocess.Popen(
                    [sys.executable, *command], env={**os.environ, **environment, LINE: str(number)}, stdin=subprocess.DEVNULL,
                    pass_fds=(*inherited, number), start_new_session=True)  # Ctrl-C is for us: we end it ourselves
        except OSError as error:
            raise Unavailable(f"The {name} cannot be started ({error}).") from error

    def wait_until_ready(self) -> None:
        """Wait until it says that it serves. Raises Unavailable if it does not."""
        self._line.settimeout(SECONDS_TO_START)
        try:
            if not self._line.recv(1):
                raise Unavailable(f"The {self._name} does not start (exit code {self.process.wait()}).")
        except TimeoutError:
            raise Unavailable(f"The {self._name} does not serve within {SECONDS_TO_START} seconds.") from None

    def tell_to_end(self) -> None:
        """Tell it, or those whom it left when it was killed."""
        if self.process.poll() is None:
            self.process.terminate()
        else:
            self._signal_all(signal.SIGTERM)

    def end(self) -> None:
        """Wait for so many seconds until all of them have ended as they were told; then they are killed."""
        if self._line.fileno() < 0:
            return  # they have
        if not self._is_over():
            self._signal_all(signal.SIGKILL)
        self.process.wait()
        self._line.close()

    def _is_over(self) -> bool:
        """Wait for the end of the last of them; whether it came in time."""
        deadline = time.monotonic() + SECONDS_TO_END
        with contextlib.suppress(TimeoutError, ConnectionResetError):
            while (left := deadline - time.monotonic()) > 0:
                self._line.settimeout(left)
                if not self._line.recv(4096):
                    return True
        return False

    def _signal_all(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, number)


class Supervised:
    """A command of Python's that always runs, from `keep_running` until `end`: a thread starts it again whenever it ends."""

    def __init__(self, name: str, command: list[str], environment: dict[str, str], *inherited: int):
        self.name = name
        self._start = lambda: Launch(name, command, environment, inherited)
        self._now: Launch | None = None
        self._before: Launch | None = None
        self._held = threading.Lock()
        self._ending = threading.Event()
        self._keeper = threading.Thread(target=self._keep, name=f"{name} keeper", daemon=True)

    def start(self) -> None:
        """Start it."""
        self._now = self._start()

    def keep_running(self) -> None:
        """Wait until it serves, and start it again from now on whenever it ends. Raises Unavailable if it does not serve."""
        self._now.wait_until_ready()
        self._keeper.start()

    def tell_to_end(self) -> None:
        """Let it begin to end for good."""
        self._ending.set()
        with self._held:
            for each in filter(None, (self._now, self._before)):
                each.tell_to_end()

    def end(self) -> None:
        """Wait until it has ended as it was told, or kill it."""
        with self._held:
            for each in filter(None, (self._now, self._before)):
                each.end()

    def replace(self) -> None:
        """Start another, and when that one serves, end this one. One that does not serve is ended, and this one stays."""
        with self._held:
            try:
                self._before, self._now = self._now, self._start()
                self._now.wait_until_ready()
            except Unavailable as error:
                log.error("not_replaced", part=self.name, problem=error.detail)
                if self._before is None:
                    return
                self._before, self._now = self._now, self._before
            self._before.tell_to_end()
            self._before.end()
            self._before = None

    def _keep(self) -> None:
        pause = FIRST_PAUSE
        while not self._ending.is_set():
            launch, begun = self._now, time.monotonic()
            code = launch.process.wait()
            with self._held:
                if launch is not self._now or self._ending.is_set():
                    continue
                log.warning("restarts", part=self.name, exit_code=code)
                launch.tell_to_end()
                launch.end()
                pause = FIRST_PAUSE if time.monotonic() - begun > LASTING else min(2 * pause, LAST_PAUSE)
                while self._now is launch and not self._ending.wait(pause):
                    try:
                        self._now = self._start()
                    except Unavailable as error:
                        log.error("not_started", part=self.name, problem=error.detail)
                        pause = min(2 * pause, LAST_PAUSE)
