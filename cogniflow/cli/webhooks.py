"""The process that tells webhooks: one of this machine, and of all machines the one whose turn it is."""

import signal
import threading

import click

from cogniflow.config import Settings, load_settings
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
    telling = begin_telling(addresses(settings).owner, settings, stop)
    lifeline.say_ready()
    while not stop.is_set() and not lifeline.is_cut(1):
        pass
    stop.set()
    telling.join()


def begin_telling(owner_url: str, settings: Settings, stop: threading.Event) -> threading.Thread:
    """A thread that tells webhooks until `stop` is set, begun."""
    telling = threading.Thread(target=tell_webhooks, args=(owner_url,), name="webhooks", kwargs={
        "private": settings.private_webhooks, "stop": stop})
    telling.start()
    return telling
