"""The embedded database: starts a PostgreSQL of our own in the data folder, keeps it running, ends it with us."""

import hashlib
import os
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Self
from urllib.parse import quote

import psycopg

from cogniflow.db.binaries import Binaries
from cogniflow.db.data_folder import FolderLock, prepare_data_folder
from cogniflow.db.embedded_account import ServerAccount, choose_account
from cogniflow.db.embedded_cluster import (
    APP_ROLE,
    DATABASE,
    OWNER_ROLE,
    SUPERUSER,
    binaries_for,
    create_cluster,
    ensure_database,
    server_environment,
    write_settings,
)
from cogniflow.db.embedded_process import clear_leftovers, read_postmaster, send, server_processes, serves, wait_until
from cogniflow.errors import Unavailable

START_SECONDS = 300  # the recovery of a large database after a power cut takes minutes
LAUNCHES = 3
LONGEST_SOCKET_PATH = 100
PORT = 5432  # names the socket's file only: nothing listens on the network
LOG_BYTES = 4 * 1024 * 1024


class EmbeddedServer:
    """The PostgreSQL server of one data folder, reachable only by whoever may enter that folder.

    Of several supervisors of one folder the first owns the server; the others use it and leave it running.
    """

    def __init__(self, data_dir: Path, binaries: Binaries | None = None, *,
                 max_connections: int = 200, durable: bool = True):
        """Nothing starts yet. Without `durable` a power cut may lose the database: for tests only."""
        self.data_dir = Path(data_dir).absolute().resolve()
        self.cluster = self.data_dir / "postgres"
        self.log_file = self.data_dir / "postgres.log"
        self._binaries = binaries
        self._max_connections = max_connections
        self._durable = durable
        self._lock = FolderLock(self.data_dir / "postgres.lock")
        self._users = FolderLock(self.data_dir / "postgres.users")
        self._process: subprocess.Popen | None = None
        self._sockets: Path | None = None
        self._wanted = False
        self._turn = threading.RLock()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_failure: object) -> None:
        self.stop()

    def start(self) -> None:
        """Have the server running with its roles and database, created if absent; a running one is used as it is.

        Raises Unavailable, saying how to mend it, if that cannot be done.
        """
        with self._turn:
            self._wanted = True
            try:
                self._bring_up()
            except BaseException:
                self._wanted = False
                self.stop()
                raise

    def ensure_running(self) -> bool:
        """Start the server again if it died, or take it over if its owner did; whether it had to be started.

        Does nothing before start() and after stop(). Raises Unavailable like start().
        """
        with self._turn:
            if not self._wanted:
                return False
            if self._answers():
                self._lock.acquire()
                self._keep_log_small()
                return False
            self._bring_up()
            return True

    def watch(self, stopping: threading.Event, *, every: float = 1.0,
              report: Callable[[str], None] = lambda message: None) -> None:
        """Keep the server running until `stopping` is set, looking `every` so many seconds; run it in a thread.

        `report` receives a sentence at every restart and every failed one; a failed one is tried again.
        """
        while not stopping.wait(every):
            try:
                if self.ensure_running():
                    report("The embedded database had ended and runs again.")
            except (Unavailable, psycopg.Error, OSError) as problem:
                report(f"The embedded database is down: {problem}")

    def stop(self) -> None:
        """End the server, all its processes too, if it is ours; a server that another supervisor owns runs on."""
        with self._turn:
            wanted, self._wanted = self._wanted, False
            try:
                if self._lock.held or (wanted and self._lock.acquire()):
                    self._end_server()
            finally:
                self._lock.release()
                self._users.release()

    def leave(self) -> None:
        """End the server unless another process uses it: then it runs on, and the last of them ends it."""
        with self._turn:
            if not self._wanted or self._users.acquire():
                self.stop()
            else:
                self._wanted = False
                self._lock.release()

    @property
    def owns_server(self) -> bool:
        """Whether it is ours to end the server; otherwise another process does."""
        return self._lock.held

    @property
    def binaries(self) -> Binaries:
        """The programs that fit this database: for psql, pg_dump and their like. Raises Unavailable if there are none."""
        self._binaries = binaries_for(self.cluster, self._binaries)
        return self._binaries

    @property
    def pid(self) -> int | None:
        """The number of the running server process, None if there is none."""
        known = read_postmaster(self.cluster)
        return known.pid if known and serves(known.pid, self.cluster) else None

    def owner_url(self) -> str:
        """The libpq URL of the role that owns everything and runs migrations."""
        return self._url(OWNER_ROLE, DATABASE)

    def app_url(self) -> str:
        """The libpq URL of the application's role."""
        return self._url(APP_ROLE, DATABASE)

    def superuser_url(self, database: str = DATABASE) -> str:
        """The libpq URL of the superuser: for the supervisor, backups and tests alone."""
        return self._url(SUPERUSER, database)

    def _url(self, role: str, database: str) -> str:
        known = None if self._sockets else read_postmaster(self.cluster)
        folder = self._sockets or (known and known.socket_folder) or self._socket_folder()
        return f"postgresql://{role}@/{database}?host={quote(str(folder), safe='')}&port={PORT}"

    def _bring_up(self) -> None:
        prepare_data_folder(self.data_dir)
        self._users.share()
        deadline = time.monotonic() + START_SECONDS
        while not self._lock.acquire():
            if self._answers() and self._is_ready_to_use():
                return
            _pause(deadline, "Another CogniFlow owns the database of this folder, but does not get it running.")
        self._start_or_adopt(deadline)
        ensure_database(self.superuser_url)

    def _answers(self) -> bool:
        known = read_postmaster(self.cluster)  # another supervisor may have put the socket elsewhere
        self._sockets = (known and known.socket_folder) or self._sockets
        address = f"{self.superuser_url('postgres')}&connect_timeout=5"
        return psycopg.pq.PGconn.ping(address.encode()) == psycopg.pq.Ping.OK

    def _is_ready_to_use(self) -> bool:
        """Whether the owner has finished: the application's role is what it makes last."""
        try:
            psycopg.connect(self.app_url(), connect_timeout=5).close()
        except psycopg.OperationalError:
            return False
        return True

    def _start_or_adopt(self, deadline: float) -> None:
        launches = 0
        while not self._answers():
            if not self._is_alive():
                if launches == LAUNCHES:
                    raise Unavailable(f"PostgreSQL does not start in {self.data_dir}: {self._last_words()}")
                launches += 1
                self._launch()
            _pause(deadline, f"PostgreSQL runs but does not answer; see {self.log_file}.")

    def _is_alive(self) -> bool:
        return self.pid is not None or (self._process is not None and self._process.poll() is None)

    def _launch(self) -> None:
        clear_leftovers(self.cluster)
        binaries = self.binaries
        account = choose_account(self.data_dir, self.cluster, binaries.program("postgres"))
        if not self.cluster.exists():
            create_cluster(self.cluster, binaries, account, durable=self._durable)
        if account.uid not in (None, self.cluster.stat().st_uid):
            account.give(self.cluster)
        write_settings(self.cluster, account, durable=self._durable)
        self._sockets = self._make_socket_folder(account)
        self._keep_log_small()
        with open(self.log_file, "ab", opener=_private) as log:
            self._process = subprocess.Popen(
                [*account.prefix, *self._command(binaries)], cwd=self.data_dir, env=server_environment(),
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True)  # Ctrl-C is for us: we end the server ourselves
        account.give(self.log_file)

    def _command(self, binaries: Binaries) -> list[str]:
        """The server's command; what guards it stands here, where no settings file can undo it."""
        folder = str(self._sockets).replace('"', '""')
        fixed = {"listen_addresses": "", "unix_socket_directories": f'"{folder}"', "port": PORT,
                 "unix_socket_permissions": "0700", "logging_collector": "off", "log_destination": "stderr",
                 "max_connections": self._max_connections}
        options = [word for name, value in fixed.items() for word in ("-c", f"{name}={value}")]
        return [str(binaries.program("postgres")), "-D", str(self.cluster), *options]

    def _socket_folder(self) -> Path:
        """`run` in the data folder, or a short private one where that path is too long or, by a comma, two addresses."""
        hashed = hashlib.sha256(os.fsencode(self.data_dir)).hexdigest()[:16]
        for folder in (self.data_dir / "run", Path(tempfile.gettempdir()) / f"cogniflow-{hashed}"):
            if len(os.fsencode(folder / f".s.PGSQL.{PORT}")) <= LONGEST_SOCKET_PATH and "," not in str(folder):
                return folder
        return Path("/tmp") / f"cogniflow-{hashed}"

    def _make_socket_folder(self, account: ServerAccount) -> Path:
        folder = self._socket_folder()
        try:
            folder.mkdir(mode=0o700)
            account.give(folder)
        except FileExistsError:
            found = folder.lstat()
            if found.st_uid not in (os.geteuid(), account.uid) or found.st_mode & 0o170077 != 0o040000:
                raise Unavailable(f"{folder} is not a closed folder of ours: remove it.") from None
        return folder

    def _end_server(self) -> None:
        """Ask politely, then firmly: fast shutdown, immediate shutdown, kill."""
        for number, seconds in ((signal.SIGINT, 30), (signal.SIGQUIT, 5), (signal.SIGKILL, 5)):
            pid = self.pid or (self._process.pid if self._process and self._process.poll() is None else None)
            if pid is None:
                break
            send(pid, number)
            if wait_until(lambda: not self._is_alive(), seconds):
                break
        if server_processes(self.cluster):
            clear_leftovers(self.cluster)
        self._process = None
        if self._sockets and self._sockets.parent != self.data_dir:
            shutil.rmtree(self._sockets, ignore_errors=True)
        self._sockets = None

    def _keep_log_small(self) -> None:
        """Start the log anew when it is large, keeping one older part; the server goes on writing to the same file."""
        if self._lock.held and self.log_file.exists() and self.log_file.stat().st_size > LOG_BYTES:
            shutil.copy2(self.log_file, self.log_file.with_suffix(".log.1"))
            os.truncate(self.log_file, 0)

    def _last_words(self) -> str:
        lines = self.log_file.read_text(errors="replace").splitlines() if self.log_file.exists() else []
        return " | ".join(lines[-5:]) or f"it said nothing in {self.log_file}"


def _pause(deadline: float, otherwise: str) -> None:
    if time.monotonic() > deadline:
        raise Unavailable(otherwise)
    time.sleep(0.01)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
