"""The process that tells webhooks: one of this machine, and of all machines the one whose turn it is."""

import signal
import threading

import click

from cogniflow.config import load_settings
from cogniflow.db.server import addresses
from cogniflow.domain.registry import load
from cogniflow.exchange.webhooks import tell_webhooks
from cogniflow.lifeline import Lifeline
from cogniflow.logs import configure_logging


@click.command(hidden=True)
def webhooks() -> None:
    """Tell webhooks of what is committed, until stopped."""
    settings, lifeline, stop = load_settings(), Lifeline(), threading.Event()
    configure_logging(settings.log_level)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    load()
    telling = threading.Thread(target=tell_webhooks, args=(addresses(settings).owner,), kwargs={
        "private": settings.private_webhooks, "stop": stop})
    telling.start()
    lifeline.say_ready()
    while not stop.is_set() and not lifeline.is_cut(1):
        pass
    stop.set()
    telling.join()
