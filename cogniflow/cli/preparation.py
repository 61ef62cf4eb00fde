"""Making the installation ready in a process of its own: the supervisor runs for months and needs nothing of what that loads."""

import multiprocessing
import signal
from collections.abc import Callable
from importlib import import_module
from multiprocessing.connection import Connection

from cogniflow.config import Settings
from cogniflow.db.server import Addresses
from cogniflow.errors import Unavailable


def prepare(settings: Settings, found: Addresses, *, demo: bool, say: Callable[[str], None]) -> tuple[str, str | None] | None:
    """Do `cogniflow.installation.make_ready`; address and password of the first administrator, where one was made."""
    ours, theirs = multiprocessing.Pipe(duplex=False)
    process = multiprocessing.get_context("fork").Process(target=_prepare, args=(theirs, settings, found, demo, say))
    process.start()
    theirs.close()
    try:
        answer = ours.recv()
    except EOFError:
        raise Unavailable("Preparing the database was broken off: start again.") from None
    finally:
        process.terminate()
        process.join()
    if isinstance(answer, Exception):
        raise answer
    return answer


def _prepare(answer: Connection, settings: Settings, found: Addresses, demo: bool, say: Callable[[str], None]) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # our parent hears it and ends us
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    try:
        first = import_module("cogniflow.installation").make_ready(settings, found, demo=demo, say=say)
        answer.send(first and (first.email, first.password))
    except Exception as error:
        answer.send(error)
