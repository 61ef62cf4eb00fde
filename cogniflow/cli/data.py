"""Seeds, simulated traffic and business verbs from the command line."""

import json
import signal
import threading
from pathlib import Path

import click
from rich.console import Console
from rich.progress import MofNCompleteColumn, Progress

from cogniflow.cli.opened import entity_named, opened_database
from cogniflow.db.seed import seed_demo, seed_files, seed_reference
from cogniflow.db.session import Actor, Database
from cogniflow.domain.accounts.rights import SYSTEM_CALLER
from cogniflow.installation import list_declared
from cogniflow.records.operate import operate
from cogniflow.records.read import to_writer
from cogniflow.records.scale import scale
from cogniflow.records.simulate import simulate as run_traffic


@click.command()
@click.argument("files", nargs=-1, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--demo", is_flag=True, help="Load the Northwind demonstration.")
@click.option("--scale", "lines", type=click.IntRange(1), help="Add so many order lines, to see how it does at that size.")
def seed(files: tuple[Path, ...], demo: bool, lines: int | None) -> None:
    """Insert what is missing: the reference data, given FILES, or the demonstration."""
    with opened_database() as database:
        done = seed_files(database, files) if files else seed_reference(database)
        if demo:
            done += seed_demo(database)
        list_declared(database)
        for file, seconds in done:
            click.echo(f"{file}\t{seconds:.2f} s", err=True)
        if lines:
            _scale(database, lines)


def _scale(database: Database, lines: int) -> None:
    with Progress(*Progress.get_default_columns(), MofNCompleteColumn(), console=Console(stderr=True)) as progress:
        task = progress.add_task("Order lines", total=lines)
        for done in scale(database, lines):
            progress.update(task, completed=done)


@click.command()
@click.option("--rate", type=click.FloatRange(0.1, 1000), default=5, show_default=True, help="Business steps per second.")
@click.option("--steps", type=click.IntRange(1), help="Stop after so many; otherwise until Ctrl-C.")
def simulate(rate: float, steps: int | None) -> None:
    """Drive realistic business traffic through the real operations."""
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    with opened_database() as database:
        count = run_traffic(database, rate, stop, lambda step: click.echo(step, err=True), steps=steps)
    click.echo(f"{count} steps", err=True)


@click.command(context_settings={"ignore_unknown_options": True})
@click.argument("resource")
@click.argument("key", metavar="ID")
@click.argument("verb")
@click.argument("words", metavar="[--OPTION VALUE]...", nargs=-1, type=click.UNPROCESSED)
def do(resource: str, key: str, verb: str, words: tuple[str, ...]) -> None:
    """Do VERB with record ID of RESOURCE and print the record as JSON: cogniflow do goods-delivery-notes 7 ship."""
    options = _options(words)
    with opened_database() as database:
        entity = entity_named(resource)

        def work(session):
            row = operate(session, SYSTEM_CALLER, entity, key, verb, options)
            return to_writer(session, SYSTEM_CALLER, row).body
        click.echo(database.write(Actor(door="cli"), work))


def _options(words: tuple[str, ...]) -> dict[str, object]:
    """`--shipped-at 2026-05-04 --lines='[...]'` as option names and values; a list or an object is given as JSON."""
    given, rest = {}, iter(words)
    for word in rest:
        name, equals, value = word.partition("=")
        value = value if equals else next(rest, None)
        if not name.startswith("--") or value is None:
            raise click.UsageError(f"Options are given as --name value; {word} is not.")
        given[name[2:].replace("-", "_")] = _value(name, value)
    return given


def _value(name: str, text: str) -> object:
    if not text.startswith(("[", "{")):
        return text
    try:
        return json.loads(text)
    except ValueError as error:
        raise click.UsageError(f"{name} is no valid JSON: {error}") from None
