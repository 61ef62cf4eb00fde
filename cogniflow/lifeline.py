"""A line between the supervisor and each process that it starts: either side learns of the other's end, whatever ended it."""

import contextlib
import os
import select
import socket
import time

LINE = "COGNIFLOW_LIFELINE"
"""Environment variable: the number of the open line; without it nobody supervises the process."""


class Lifeline:
    """A process's end of its line. Whatever it forks holds the line too."""

    def __init__(self):
        number = os.environ.get(LINE)
        self._line = socket.socket(fileno=int(number)) if number else None

    def say_ready(self) -> None:
        """Tell the supervisor that this process serves."""
        if self._line:
            with contextlib.suppress(OSError):
                self._line.send(b"!")

    def is_cut(self, seconds: float) -> bool:
        """Wait at most so long for the supervisor's end; whether it has ended."""
        if self._line is None:
            time.sleep(seconds)
            return False
        return bool(select.select([self._line], [], [], seconds)[0])
