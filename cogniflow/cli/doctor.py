"""`cogniflow doctor`: check everything and say how to mend it."""

import json
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, field

import click
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from cogniflow.cli.opened import opened_addresses
from cogniflow.cli.parts import realtime_path
from cogniflow.config import Settings, load_settings
from cogniflow.db import examine, migrate
from cogniflow.db.data_folder import prepare_data_folder
from cogniflow.db.server import Addresses, addresses, connections_needed
from cogniflow.db.session import Database
from cogniflow.errors import CogniFlowError, Unavailable
from cogniflow.realtime.handover import Handover
from cogniflow.records.subscriptions import write_identity
from cogniflow.web.health import FIGURES

FREE_BYTES = 1024**3
UPGRADE = "run `cogniflow db upgrade`"


@dataclass(frozen=True)
class Finding:
    """One thing that was checked; `problem` and `remedy` are empty where it is well."""

    check: str
    problem: str = ""
    remedy: str = ""
    figures: dict[str, float] = field(default_factory=dict)


@click.command()
@click.option("--deep", is_flag=True, help="Also ask of every row whether the rules of the business hold; takes its time.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def doctor(deep: bool, as_json: bool) -> None:
    """Check settings, disk, database, schema, guards and, with --deep, data; exit 1 where something is wrong."""
    sys.exit(report(examined(deep=deep), as_json=as_json))


def report(findings: Iterable[Finding], *, as_json: bool = False) -> int:
    """Print what was found; the exit code: 1 where something is wrong."""
    found = list(findings)
    if as_json:
        click.echo(json.dumps([{name: value for name, value in asdict(finding).items() if value != {}} for finding in found]))
    for finding in () if as_json else found:
        click.echo(f"{'WRONG' if finding.problem else 'ok':6}{finding.check}{': ' if finding.problem else ''}{finding.problem}")
        if finding.remedy:
            click.echo(f"      mend: {finding.remedy}")
        for name, value in finding.figures.items():
            click.echo(f"      {value:>12g}  {name}: {FIGURES[name]}")
    return int(any(finding.problem for finding in found))


def examined(*, deep: bool) -> Iterator[Finding]:
    """Check one thing after the other; what depends on one that is wrong is left out."""
    try:
        settings = load_settings()
        server = addresses(settings).server
    except CogniFlowError as error:
        yield Finding("settings", error.detail, "correct it in the environment or in .env")
        return
    yield Finding("settings")
    try:
        yield _disk(settings)
        if server and not server.cluster.exists():
            yield Finding("database", f"there is none in {settings.data_dir.absolute()}", "make it with `cogniflow up`")
            return
        with opened_addresses() as found:
            yield Finding("database")
            yield from _inside(settings, found, deep)
    except CogniFlowError as error:
        yield Finding("database", error.detail or error.title, "start it with `cogniflow up`, or correct DATABASE_URL")


def _inside(settings: Settings, found: Addresses, deep: bool) -> Iterator[Finding]:
    database = Database(found.owner, pool_size=1)
    try:
        schema = _asked(database, "schema", _schema)
        yield schema
        yield _asked(database, "connections", _connections(settings))
        yield from _feed(database, settings)
        yield _roles(found)
        if schema.problem:
            return  # what follows asks for tables that may not be there
        yield _asked(database, "guards", _guards)
        if deep:
            yield _asked(database, "data", _data)
        differences = migrate.check(found.owner)
        yield Finding("tables", "; ".join(differences), UPGRADE if differences else "")
    finally:
        database.close()


def _asked(database: Database, name: str, check: Callable[[Session], Finding]) -> Finding:
    """What a check finds; that it could not be made is a finding too, and hinders no other."""
    try:
        with database.reading() as session:
            return check(session)
    except (CogniFlowError, SQLAlchemyError) as error:
        return Finding(name, f"it could not be checked: {str(error).splitlines()[0]}", UPGRADE)


def _disk(settings: Settings) -> Finding:
    prepare_data_folder(settings.data_dir)
    free = shutil.disk_usage(settings.data_dir).free
    if free < FREE_BYTES:
        return Finding("disk", f"{free // 2**20} MB are free in {settings.data_dir}", "free at least 1 GB")
    return Finding("disk")


def _schema(session: Session) -> Finding:
    there, newest = migrate.current(session.connection())
    if there == newest:
        return Finding("schema")
    return Finding("schema", f"it is at revision {there or 'none'}, the code is at {newest}", UPGRADE)


def _connections(settings: Settings) -> Callable[[Session], Finding]:
    def check(session: Session) -> Finding:
        allowed, needed = examine.connections_allowed(session), connections_needed(settings)
        if needed <= allowed:
            return Finding("connections")
        return Finding("connections", f"{needed} are needed, {allowed} are allowed",
                       "lower COGNIFLOW_WORKERS or COGNIFLOW_POOL_SIZE, or raise max_connections")
    return check


def _feed(database: Database, settings: Settings) -> Iterator[Finding]:
    """How the realtime process is; nothing where none runs."""
    try:
        health = Handover(realtime_path(settings), write_identity).health()
    except Unavailable:
        return
    with database.reading() as session:
        health |= examine.strain(session)
    figures = {name: health[name] for name in FIGURES if name in health}
    if not health["connected"]:
        yield Finding("feed", f"it has lost the database: {health['error']}", "it tries again by itself", figures)
    elif health["bell"] == "deaf":
        yield Finding("feed", "notifications do not arrive, it asks instead",
                      "give DATABASE_URL a direct connection, without a transaction pooler", figures)
    else:
        yield Finding("feed", figures=figures)


def _roles(found: Addresses) -> Finding:
    if found.guarded:
        return Finding("roles")
    return Finding("roles", "the application acts as the owner, who can switch every guard off",
                   "let a superuser run: CREATE ROLE cogniflow_app; GRANT cogniflow_app TO <the role of DATABASE_URL>")


def _guards(session: Session) -> Finding:
    sleeping = examine.sleeping_guards(session)
    return Finding("guards", f"switched off: {', '.join(sleeping)}" if sleeping else "", UPGRADE if sleeping else "")


def _data(session: Session) -> Finding:
    broken = [f"{rule.partition('_')[2].replace('_', ' ')}: not so in {len(rows)} rows, first {rows[0]}"
              for rule, rows in examine.broken_rules(session).items()]
    return Finding("data", "; ".join(broken),
                   "guards were switched off; correct the rows as the owner, with the guards on" if broken else "")
