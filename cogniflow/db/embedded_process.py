"""Which processes serve a cluster: only what lives in its folder counts as its server."""

import os
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from cogniflow.errors import Unavailable

PROCESSES = Path("/proc")


@dataclass(frozen=True)
class Postmaster:
    """What a server wrote about itself when it started: its process and the folder of its socket."""

    pid: int
    socket_folder: Path | None


def read_postmaster(cluster: Path) -> Postmaster | None:
    """The server that last wrote its mark into the cluster; it may be dead by now. None if there is no mark."""
    try:
        lines = (cluster / "postmaster.pid").read_text().splitlines()
        pid = int(lines[0])
    except (OSError, ValueError, IndexError):
        return None
    return Postmaster(pid, Path(lines[4]) if len(lines) > 4 and lines[4] else None)


def serves(pid: int, cluster: Path) -> bool:
    """Whether this process is alive and a PostgreSQL process of this cluster, not a stranger with a reused number."""
    if not PROCESSES.is_dir():
        said = subprocess.run(["ps", "-o", "stat=,command=", "-p", str(pid)], capture_output=True, text=True).stdout
        return "postgres" in said and str(cluster) in said and not said.startswith("Z")
    process = PROCESSES / str(pid)
    try:
        return (process / "comm").read_text().strip() == "postgres" and (process / "cwd").samefile(cluster)
    except OSError:  # gone meanwhile, a zombie, or of another user
        return False


def server_processes(cluster: Path) -> list[int]:
    """Every living PostgreSQL process of this cluster; empty where the system does not tell."""
    if not PROCESSES.is_dir() or not cluster.exists():
        return []
    return [int(entry.name) for entry in PROCESSES.iterdir() if entry.name.isdigit() and serves(int(entry.name), cluster)]


def clear_leftovers(cluster: Path) -> None:
    """After the server died without goodbye: end what it left running and its mark, so that the next one can start."""
    orphans = server_processes(cluster)
    for pid in orphans:
        send(pid, signal.SIGKILL)
    if not wait_until(lambda: not any(serves(pid, cluster) for pid in orphans), 10):
        raise Unavailable(f"PostgreSQL processes {orphans} do not end: the disk may hang. End them or restart the machine.")
    if PROCESSES.is_dir():
        # its number may belong to a stranger by now, and PostgreSQL would refuse to start until that one ends
        (cluster / "postmaster.pid").unlink(missing_ok=True)


def send(pid: int, number: signal.Signals) -> None:
    """Send a signal to a process that may be gone already."""
    with suppress(ProcessLookupError):
        os.kill(pid, number)


def wait_until(condition: Callable[[], bool], seconds: float) -> bool:
    """Wait for something to become true, at most so many seconds; whether it did."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True
