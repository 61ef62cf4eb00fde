"""Which database the installation uses: the given server, else the embedded one."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import parse_qsl, quote, urlencode

import psycopg
from psycopg.conninfo import conninfo_to_dict

from cogniflow.config import ConfigurationError, Settings
from cogniflow.db.embedded import EmbeddedServer
from cogniflow.errors import Unavailable

APP_ROLE = "cogniflow_app"
OLDEST_SERVER = 150000
FEED_CONNECTIONS = 12
"""Of one feed: tail, its probe, panels, the reader for clients that come back, and its questions about rights."""
OTHER_CONNECTIONS = 12
"""The supervisor, the housekeeper, five of webhooks, and five to spare for people with psql."""
KEPT_FOR_SUPERUSERS = 3
EMBEDDED_CONNECTIONS = 200


@dataclass(frozen=True)
class Addresses:
    """The database's libpq URLs: as the owner, who migrates, and as the application, which may only use it."""

    owner: str
    app: str
    server: EmbeddedServer | None = None

    @property
    def guarded(self) -> bool:
        """Whether the application acts in a role of its own, which the guards hold back."""
        return self.app != self.owner


def addresses(settings: Settings) -> Addresses:
    """Where the database is, or will be once its server runs; nothing is started or asked.

    Raises ConfigurationError for a DATABASE_URL that is no PostgreSQL URL.
    """
    if settings.database_url:
        given = _libpq_url(settings.database_url.get_secret_value())
        return Addresses(given, settings.app_url.get_secret_value() if settings.app_url else acting_as(given, APP_ROLE))
    most = max(EMBEDDED_CONNECTIONS, connections_needed(settings) + KEPT_FOR_SUPERUSERS)
    server = EmbeddedServer(settings.data_dir, max_connections=most)
    return Addresses(server.owner_url(), server.app_url(), server)


def connections_needed(settings: Settings) -> int:
    """How many database connections the installation may open at once."""
    feeds = 1 if settings.sockets == "hub" else settings.workers
    return settings.workers * settings.pool_size + feeds * FEED_CONNECTIONS + OTHER_CONNECTIONS


@contextmanager
def running(settings: Settings) -> Iterator[Addresses]:
    """The database, running for as long as the block lasts; a given server is made ready with our roles."""
    found = addresses(settings)
    if found.server is None:
        yield prepare_given(found)
        return
    with found.server:
        yield found


@contextmanager
def visited(settings: Settings) -> Iterator[Addresses]:
    """The same for one command among others: an embedded server runs on while any of them uses it."""
    found = addresses(settings)
    if found.server is None:
        yield prepare_given(found)
        return
    found.server.start()
    try:
        yield found
    finally:
        found.server.leave()


def acting_as(url: str, role: str) -> str:
    """The same address, with every connection acting as `role`."""
    base, _, query = url.partition("?")
    given = dict(parse_qsl(query))
    given["options"] = f"{given.get('options', '')} -c role={role}".strip()
    return f"{base}?{urlencode(given, quote_via=quote)}"


def prepare_given(given: Addresses) -> Addresses:
    """Make sure of the application's role on a given server; without the right to, the owner acts for it.

    `cogniflow doctor` then says what is not guarded. Raises Unavailable when the server cannot be used.
    """
    try:
        with psycopg.connect(given.owner, autocommit=True, connect_timeout=10) as connection:
            if connection.info.server_version < OLDEST_SERVER:
                raise Unavailable("DATABASE_URL names a PostgreSQL before 15; CogniFlow needs 15 to 18.")
            return given if _may_act_as_app(connection) else Addresses(given.owner, given.owner)
    except psycopg.OperationalError as error:
        raise Unavailable(f"DATABASE_URL cannot be reached: {str(error).strip().splitlines()[0]}") from error


def _may_act_as_app(connection: psycopg.Connection) -> bool:
    try:
        if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (APP_ROLE,)).fetchone():
            connection.execute(f"CREATE ROLE {APP_ROLE} NOLOGIN")
            connection.execute(f"GRANT {APP_ROLE} TO CURRENT_USER")
        connection.execute(f"GRANT USAGE ON SCHEMA public TO {APP_ROLE}")
        # PostgreSQL 16 and later tell being a member from being allowed to act as the role
        connection.execute(f"SET ROLE {APP_ROLE}")
    except psycopg.errors.InsufficientPrivilege:
        return False
    return True


def _libpq_url(url: str) -> str:
    scheme, mark, rest = url.partition("://")
    kind = scheme.partition("+")[0]  # SQLAlchemy's form names the driver too
    plain = f"postgresql{mark}{rest}"
    try:
        if kind not in ("postgresql", "postgres") or not mark or not conninfo_to_dict(plain):
            raise ValueError
    except (ValueError, psycopg.Error):
        raise ConfigurationError("DATABASE_URL: give it as postgresql://user:password@host:5432/database") from None
    return plain
