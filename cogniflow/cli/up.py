"""`cogniflow up`: everything running, on one port, until one Ctrl-C."""

import contextlib
import os
import queue
import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import click
import structlog

from cogniflow.cli.parts import Parts
from cogniflow.cli.preparation import prepare
from cogniflow.cli.web_server import listen, url
from cogniflow.config import Settings, load_settings
from cogniflow.db.data_folder import FolderLock, prepare_data_folder
from cogniflow.db.server import Addresses, addresses, running
from cogniflow.errors import Unavailable
from cogniflow.jobs.housekeeping import keep_house
from cogniflow.logs import configure_logging
from cogniflow.realtime.room import make_room


@click.command()
@click.option("--port", type=click.IntRange(1, 65535), help="Port of everything.  [default: 8000]")
@click.option("--host", help="Address to listen on.  [default: 127.0.0.1]")
@click.option("--data-dir", type=click.Path(file_okay=False, path_type=Path), help="Folder of the embedded database and keys.")
@click.option("--workers", type=click.IntRange(1, 64), help="Web worker processes.  [default: 1]")
@click.option("--demo", is_flag=True, help="Load the Northwind demonstration, once.")
def up(demo: bool, **given: object) -> None:
    """Run the database, the web server and the housekeeper until Ctrl-C."""
    settings = load_settings(**{name: value for name, value in given.items() if value is not None})
    addresses(settings)  # refuses a wrong DATABASE_URL before anything is touched
    configure_logging(settings.log_level)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _interrupt)
    reloads = _reloads()
    make_room()  # all that we start may open as many
    with (contextlib.suppress(KeyboardInterrupt), alone(settings),
          contextlib.closing(listen(settings.host, settings.port)) as door, running(settings) as found):
        first = prepare(settings, found, demo=demo, say=_say)
        parts = Parts(settings, found.app, door)
        with _helpers(settings, found):
            try:
                _announce(settings, parts, first)
                while True:
                    reloads.get()
                    parts.reload()
            finally:
                parts.end()


def _interrupt(*_: object) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)  # what follows takes seconds, and must not be cut short
    _say("Stopping")
    raise KeyboardInterrupt


def _reloads() -> queue.SimpleQueue:
    """Gets something whenever SIGHUP asks for a reload; where it only says that the terminal was closed, everything ends."""
    reloads = queue.SimpleQueue()
    had_terminal = _has_terminal()

    def hang_up(*_: object) -> None:
        if had_terminal and not _has_terminal():
            _interrupt()
        reloads.put(None)

    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # of nohup
        signal.signal(signal.SIGHUP, hang_up)
    return reloads


def _has_terminal() -> bool:
    try:
        os.close(os.open(os.ctermid(), os.O_RDONLY | os.O_NOCTTY))
    except OSError:
        return False
    return True


@contextlib.contextmanager
def alone(settings: Settings) -> Iterator[None]:
    """Keep everybody else from running this installation meanwhile. Raises Unavailable where somebody does."""
    prepare_data_folder(settings.data_dir)
    lock = FolderLock(settings.data_dir / "up.lock")
    if not lock.acquire():
        raise Unavailable(f"CogniFlow already runs in {settings.data_dir.absolute()}: end it first, or set COGNIFLOW_DATA_DIR.")
    try:
        yield
    finally:
        lock.release()


def _announce(settings: Settings, parts: Parts, first: tuple[str, str | None] | None) -> None:
    """Start serving and tell where; a password that was made is told whatever happens."""
    try:
        parts.start()
        click.echo(f"CogniFlow: {url(settings)}")
    finally:
        if first:
            email, password = first
            click.echo(f"Administrator: {email}")
            click.echo(f"Password: {password}  (shown this once)" if password
                       else "Password: as given in COGNIFLOW_ADMIN_PASSWORD")
        sys.stdout.flush()


@contextlib.contextmanager
def _helpers(settings: Settings, found: Addresses) -> Iterator[None]:
    """The threads beside the web server: housekeeping, and the watch over our own database."""
    stop = threading.Event()
    threads = [threading.Thread(target=keep_house, args=(found.owner, settings, stop), name="housekeeper")]
    if found.server:
        log = structlog.get_logger("supervisor")
        threads.append(threading.Thread(target=found.server.watch, args=(stop,), name="database watch", kwargs={
            "report": lambda message: log.warning("database", message=message)}))
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def _say(message: str) -> None:
    click.echo(message, err=True)
