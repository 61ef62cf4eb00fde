"""The housekeeper as a process of its own."""

import signal
import threading

import click

from cogniflow.cli.opened import opened_addresses
from cogniflow.config import load_settings
from cogniflow.jobs.housekeeping import keep_house
from cogniflow.logs import configure_logging


@click.command()
def worker() -> None:
    """Do the recurring work until stopped: forget what is past its retention."""
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    settings = load_settings()
    configure_logging(settings.log_level)
    with opened_addresses() as found:
        keep_house(found.owner, settings, stop)
