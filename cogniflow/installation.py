"""Making an installation ready: schema, reference data, declared rows, the first administrator."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import func, select

import cogniflow.analytics.texts  # noqa: F401  its texts are settings
from cogniflow.config import Settings
from cogniflow.db import migrate
from cogniflow.db.examine import connections_allowed
from cogniflow.db.seed import seed_demo, seed_reference
from cogniflow.db.server import Addresses, connections_needed
from cogniflow.db.session import SYSTEM, Database
from cogniflow.domain.accounts.defaults import list_missing_permissions
from cogniflow.domain.accounts.models import User
from cogniflow.domain.registry import load
from cogniflow.domain.system.navigation import list_missing
from cogniflow.domain.system.settings import list_missing_settings
from cogniflow.errors import Unavailable
from cogniflow.web.auth import create_user

ADMINISTRATOR = "admin@example.com"


@dataclass(frozen=True)
class FirstAdministrator:
    """The account made at the first start; `password` is None where the installer chose it."""

    email: str
    password: str | None


def make_ready(settings: Settings, found: Addresses, *, demo: bool, say: Callable[[str], None]) -> FirstAdministrator | None:
    """Bring the database up to date and fill in what is missing; the first administrator, where one was made.

    Raises Unavailable when the server allows fewer connections than the installation needs.
    """
    load()
    _check_connections(found, settings)
    say("Preparing the database")
    migrate.upgrade(found.owner)
    database = Database(found.app, pool_size=2)
    try:
        seed_reference(database)
        list_declared(database)
        if demo:
            say("Loading the Northwind demonstration")
            seed_demo(database)
        first = _first_administrator(database, settings)
        if demo and first:
            seed_demo(database, "25*.sql")  # what it tells its users, and what they said: now there is one
        return first
    finally:
        database.close()


def list_declared(database: Database) -> None:
    """Insert the navigation, permission and text rows that declarations ask for and nobody has made or changed yet."""
    with database.transaction(SYSTEM) as session:
        list_missing(session)
        list_missing_permissions(session)
        list_missing_settings(session)


def _first_administrator(database: Database, settings: Settings) -> FirstAdministrator | None:
    chosen = settings.admin_password.get_secret_value() if settings.admin_password else None
    password = chosen or secrets.token_urlsafe(15)
    with database.transaction(SYSTEM) as session:
        if session.scalar(select(func.count()).where(User.password.is_not(None))):
            return None  # the demonstration's people have none
        create_user(session, ADMINISTRATOR, "Administrator", password, ["administrator"])
    return FirstAdministrator(ADMINISTRATOR, None if chosen else password)


def _check_connections(found: Addresses, settings: Settings) -> None:
    database = Database(found.owner, pool_size=1)
    try:
        with database.reading() as session:
            allowed = connections_allowed(session)
    finally:
        database.close()
    needed = connections_needed(settings)
    if needed > allowed:
        raise Unavailable(f"{settings.workers} workers of {settings.pool_size} connections and what else runs need {needed}; "
                          f"the server allows {allowed}. Lower COGNIFLOW_WORKERS or COGNIFLOW_POOL_SIZE, or raise the limit.")
