"""The realtime process: one feed and one hub for all web workers of this machine."""

import contextlib
import signal
import socket

import click

from cogniflow.config import load_settings
from cogniflow.db.session import Database
from cogniflow.lifeline import Lifeline
from cogniflow.live import app_url, create_feed
from cogniflow.logs import configure_logging
from cogniflow.realtime.handover import Reception
from cogniflow.realtime.hub import Hub
from cogniflow.records.subscriptions import read_identity

POOL = 8
"""Database connections for questions about rights: as many as clients are answered at once."""
SECONDS_TO_FOLLOW = 5
"""Without a database it serves too, and says so to whoever asks how it is."""


@click.command(hidden=True)
@click.option("--listener", type=int, required=True, help="Number of the open socket at which workers hand over their sockets.")
def realtime(listener: int) -> None:
    """Follow the database and serve the sockets that web workers hand over, until stopped."""
    settings, lifeline = load_settings(), Lifeline()
    configure_logging(settings.log_level)
    url = app_url(settings)
    feed = create_feed(settings, url, Database(url, POOL))
    hub = Hub(feed)
    reception = Reception(socket.socket(fileno=listener), hub, read_identity)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _interrupt)
    hub.start()
    try:
        with contextlib.suppress(KeyboardInterrupt):
            feed.tail.read_again(SECONDS_TO_FOLLOW)
            reception.start()
            lifeline.say_ready()
            while not lifeline.is_cut(60):
                pass
    finally:
        reception.stop()
        hub.stop()


def _interrupt(*_: object) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt
