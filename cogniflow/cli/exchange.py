"""Data that leaves and enters as a whole: exports, imports, backups and their return."""

import sys
from pathlib import Path

import click

from cogniflow.cli.doctor import examined, report
from cogniflow.cli.opened import entity_named, opened_addresses, opened_database
from cogniflow.cli.up import alone
from cogniflow.config import load_settings
from cogniflow.db import migrate
from cogniflow.db.session import Actor, Database
from cogniflow.domain.accounts.rights import SYSTEM_CALLER
from cogniflow.errors import Invalid
from cogniflow.exchange import backups, exports, imports
from cogniflow.installation import list_declared
from cogniflow.kernel.entity import Entity, entities, rest_path

EVERY = "all"


@click.command()
@click.argument("names", metavar="[RESOURCE|all]...", nargs=-1)
@click.option("--format", "kind", type=click.Choice(list(exports.WRITERS)), default="csv", show_default=True)
@click.option("--out", type=click.Path(path_type=Path), help="File, or folder for more than one.  [default: standard output]")
def export(names: tuple[str, ...], kind: str, out: Path | None) -> None:
    """Write every record of RESOURCE, or of all, as REST tells it, at one moment: cogniflow export orders --format json."""
    with opened_database() as database:
        wanted = entities() if EVERY in (names or (EVERY,)) else [entity_named(each) for each in names]
        if out is None and len(wanted) > 1:
            raise click.UsageError("Say with --out in which folder more than one file shall be.")
        with database.snapshot() as session:
            for entity in wanted:
                _export(session, entity, kind, out, alone=len(wanted) == 1)


def _export(session, entity: type[Entity], kind: str, out: Path | None, *, alone: bool) -> None:
    if out is None:
        exports.export(session, entity, kind, sys.stdout.buffer)
        return
    file = out if alone and not out.is_dir() else out / f"{rest_path(entity).replace('/', '-')}.{kind}"
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("wb") as opened:
            count = exports.export(session, entity, kind, opened)
    except OSError as problem:
        raise Invalid(f"{file} cannot be written: {problem.strerror}.") from None
    click.echo(f"{file}\t{count} records", err=True)


@click.command("import")
@click.argument("resource")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--format", "kind", type=click.Choice(list(imports.READERS)), help="[default: as FILE is called, else csv]")
@click.option("--dry-run", is_flag=True, help="Check everything and write nothing.")
def import_(resource: str, file: Path, kind: str | None, dry_run: bool) -> None:
    """Write the records in FILE, all or none, as cogniflow export tells them: cogniflow import products new.csv --dry-run.

    A row with the uid or the id of a record changes it, any other is a new record. A row that gives the version it was
    exported with does not overwrite what somebody else has changed meanwhile. What a reference refers to may be said by
    its name: a column product holds SKUs, product_id numbers.
    """
    suffix = file.suffix.removeprefix(".").lower()
    kind = kind or (suffix if suffix in imports.READERS else "csv")
    with opened_database() as database:
        entity = entity_named(resource)
        rows = imports.read_rows(entity, kind, file.read_bytes())
        do = database.rehearse if dry_run else database.write
        made, there = do(Actor(door="cli"), lambda session: imports.bring_in(session, SYSTEM_CALLER, entity, rows))
    click.echo(f"{made} created, {there} brought up to date{': nothing was written' if dry_run else ''}", err=True)


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def backup(file: Path) -> None:
    """Write the whole database to FILE, as it is at one moment; everybody may go on working.

    FILE is PostgreSQL's custom format. The data folder's secret.key, which signs sessions, is not in it.
    """
    with opened_addresses() as found:
        backups.back_up(found, file)
    click.echo(f"{file}\t{file.stat().st_size} bytes", err=True)


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--force", is_flag=True, help="Replace what is in the database now.")
def restore(file: Path, force: bool) -> None:
    """Put a backup in the place of the database, bring it up to date and let the doctor examine it.

    CogniFlow must not be running. Whoever followed the feed is told to read again.
    """
    with alone(load_settings()), opened_addresses() as found:
        backups.restore(found, file, force=force)
        migrate.upgrade(found.owner)
        database = Database(found.app, pool_size=2)
        try:
            list_declared(database)
        finally:
            database.close()
        sys.exit(report(examined(deep=True)))
