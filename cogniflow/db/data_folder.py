"""The installation's folder: closed to everybody else, and the locks by which its processes share it."""

import fcntl
import os
from pathlib import Path

from cogniflow.errors import Unavailable

OURS = ("postgres", "secret.key")
"""Any of these in a folder shows that it is an installation's."""


def prepare_data_folder(folder: Path) -> None:
    """Make the folder and close it to everybody else; never close a folder that is somebody else's. Raises Unavailable."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as problem:
        raise Unavailable(f"The data folder cannot be made ({problem}): set COGNIFLOW_DATA_DIR.") from None
    if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        raise Unavailable(f"{folder} belongs to another account: use that one, or set COGNIFLOW_DATA_DIR.")
    if folder.stat().st_mode & 0o077:
        if any(folder.iterdir()) and not any((folder / name).exists() for name in OURS):
            raise Unavailable(f"{folder} holds other things and is open to others: set COGNIFLOW_DATA_DIR "
                              f"to a folder of its own, or close it with `chmod 700`.")
        folder.chmod(0o700)


class FolderLock:
    """A right in the folder: one process has it alone, or several share it; free when their processes die."""

    def __init__(self, path: Path):
        self.path = path
        self._file: int | None = None
        self._holder = 0

    @property
    def held(self) -> bool:
        """Whether this process has the right; a forked child has not."""
        return self._file is not None and self._holder == os.getpid()

    def acquire(self) -> bool:
        """Take the right alone if nobody else has it; False, and nothing is held, if somebody has."""
        return self._take(fcntl.LOCK_EX | fcntl.LOCK_NB)

    def share(self) -> None:
        """Take the right together with others; waits while one process has it alone."""
        if not self.held:
            self._take(fcntl.LOCK_SH)

    def release(self) -> None:
        """Give the right back."""
        if self._file is not None and self.held:
            fcntl.flock(self._file, fcntl.LOCK_UN)  # closing alone would leave it with a forked child
            os.close(self._file)
            self._file = None

    def _take(self, how: int) -> bool:
        file = self._file if self._file is not None and self.held else self._open()
        try:
            fcntl.flock(file, how)
        except BlockingIOError:
            os.close(file)
            self._file = None
            return False
        self._file, self._holder = file, os.getpid()
        return True

    def _open(self) -> int:
        file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        if os.geteuid() == 0:
            folder = self.path.parent.stat()
            os.fchown(file, folder.st_uid, folder.st_gid)  # root may visit: the folder's owner must come in again
        return file
