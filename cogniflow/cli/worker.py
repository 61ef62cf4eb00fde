"""The housekeeper and the sender of webhooks as a process of its own."""

import signal
import threading

import click

from cogniflow.cli.opened import opened_addresses
from cogniflow.cli.webhooks import begin_telling
from cogniflow.config import load_settings
from cogniflow.jobs.housekeeping import keep_house
from cogniflow.logs import configure_logging


@click.command()
def worker() -> None:
    """Do the work beside the web server until stopped: forget what is past its retention, tell webhooks."""
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    settings = load_settings()
    configure_logging(settings.log_level)
    with opened_addresses() as found:
        begin_telling(found.owner, settings, stop)
        keep_house(found.owner, settings, stop)
