"""The database from the command line."""

import json
import signal
import subprocess
import sys

import click

from cogniflow.cli.opened import opened_addresses
from cogniflow.config import load_settings
from cogniflow.db import migrate
from cogniflow.db.client import client_program
from cogniflow.db.server import addresses, prepare_given
from cogniflow.db.session import Database
from cogniflow.installation import list_declared


@click.group()
def db() -> None:
    """The database: upgrade, current, check, psql, url."""


@db.command()
def upgrade() -> None:
    """Bring tables, functions, triggers and grants to this version."""
    with opened_addresses() as found:
        migrate.upgrade(found.owner)
        database = Database(found.app, pool_size=2)
        try:
            list_declared(database)
        finally:
            database.close()
    click.echo("The database is up to date.", err=True)


@db.command()
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def current(as_json: bool) -> None:
    """Print the revision the database is at, and the newest."""
    with opened_addresses() as found:
        database = Database(found.owner, pool_size=1)
        with database.reading() as session:
            there, newest = migrate.current(session.connection())
        database.close()
    click.echo(json.dumps({"current": there, "newest": newest}) if as_json else f"{there or 'none'} of {newest}")


@db.command()
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def check(as_json: bool) -> None:
    """Compare the declarations with the tables; exit 1 where they differ."""
    with opened_addresses() as found:
        differences = migrate.check(found.owner)
    click.echo(json.dumps({"differences": differences}) if as_json else "\n".join(differences) or "No differences.")
    sys.exit(1 if differences else 0)


@db.command(context_settings={"ignore_unknown_options": True})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def psql(arguments: tuple[str, ...]) -> None:
    """Open psql as the application's role; ARGUMENTS go to psql."""
    with opened_addresses() as found:
        words, environment = client_program(found, "psql", found.app)
        interrupted = signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is psql's: it ends a query, not the session
        done = subprocess.run([*words, *arguments], check=False, env=environment)
        signal.signal(signal.SIGINT, interrupted)
    sys.exit(done.returncode)


@db.command()
def url() -> None:
    """Print the libpq URL of the database in use, as the application's role."""
    found = addresses(load_settings())
    click.echo((found if found.server else prepare_given(found)).app)
