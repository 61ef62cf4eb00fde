"""What the embedded database consists of: its files, its settings, its roles and the CogniFlow database in it."""

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import psycopg

from cogniflow.db.binaries import Binaries, find_binaries
from cogniflow.db.embedded_account import ServerAccount
from cogniflow.errors import Unavailable

SUPERUSER = "postgres"
OWNER_ROLE = "cogniflow_owner"
APP_ROLE = "cogniflow_app"
DATABASE = "cogniflow"
SETTINGS_FILE = "cogniflow.conf"

SETTINGS = """\
# Written at every start of CogniFlow; your own values belong into ALTER SYSTEM, which wins over this file.
cluster_name = 'cogniflow'
timezone = 'UTC'
log_timezone = 'UTC'
log_line_prefix = '%m [%p] %u '
log_checkpoints = off
log_autovacuum_min_duration = -1
shared_buffers = '256MB'
effective_cache_size = '1GB'
work_mem = '16MB'
maintenance_work_mem = '128MB'
max_wal_size = '1GB'
checkpoint_timeout = '15min'
random_page_cost = 1.1
jit = off
"""
NOT_DURABLE = """\
fsync = off
full_page_writes = off
synchronous_commit = off
"""


def binaries_for(cluster: Path, preferred: Binaries | None) -> Binaries:
    """The programs that can open this cluster: the preferred ones, or the installed ones of the cluster's version.

    Raises Unavailable, saying what to install, if the cluster's version is not on this machine.
    """
    try:
        version = int((cluster / "PG_VERSION").read_text())
    except FileNotFoundError:
        return preferred or find_binaries()
    if preferred and preferred.version == version:
        return preferred
    try:
        return find_binaries(version)
    except Unavailable:
        raise Unavailable(
            f"The database in {cluster} belongs to PostgreSQL {version}, which is not installed. "
            f"Install PostgreSQL {version} (`apt install postgresql-{version}`, `brew install postgresql@{version}`), "
            f"or make a backup with that version and restore it into a new data folder.") from None


def create_cluster(cluster: Path, binaries: Binaries, account: ServerAccount, *, durable: bool = True) -> None:
    """Make the empty database files; a crash half-way leaves nothing that a later start would take for a database."""
    unfinished = cluster.with_name(cluster.name + ".new")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(mode=0o700)
    account.give(unfinished)
    for locale in _locales(binaries.version):
        command = [*account.prefix, binaries.program("initdb"), "-D", unfinished, "-U", SUPERUSER,
                   "--auth-local=trust", "--auth-host=reject", "--encoding=UTF8", "--data-checksums",
                   "--no-instructions", *locale, *([] if durable else ["--no-sync"])]
        answer = subprocess.run(command, cwd=cluster.parent, env=server_environment(), capture_output=True, text=True)
        if answer.returncode == 0:
            break
    else:
        shutil.rmtree(unfinished, ignore_errors=True)
        raise Unavailable(f"The database could not be created in {cluster}: {answer.stderr.strip()[-500:]}")
    with open(unfinished / "postgresql.conf", "a") as configuration:
        configuration.write(f"\ninclude_if_exists '{SETTINGS_FILE}'\n")
        configuration.flush()
        os.fsync(configuration.fileno())
    unfinished.rename(cluster)


def _locales(version: int) -> list[list[str]]:
    """Ways to sort text, the preferred one first; macOS knows no C.UTF-8 outside of PostgreSQL."""
    if version >= 17:
        return [["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]]
    return [["--locale=C.UTF-8"], ["--locale=C"]]


def write_settings(cluster: Path, account: ServerAccount, *, durable: bool = True) -> None:
    """Write the server's settings; without `durable` a power cut may lose the database (tests only)."""
    path = cluster / SETTINGS_FILE
    path.write_text(SETTINGS + ("" if durable else NOT_DURABLE))
    path.chmod(0o600)
    account.give(path)


def server_environment() -> dict[str, str]:
    """The environment for server programs, without settings meant for somebody's psql."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "LC_", "LANG"))}
    return kept | {"LC_ALL": "C", "TZ": "UTC"}


def ensure_database(url: Callable[[str], str]) -> None:
    """Make sure of the roles, the database and who may enter it; `url` gives the superuser's URL of a database.

    The application's role comes last, so that whoever can sign in with it finds everything ready.
    """
    with psycopg.connect(url("postgres"), autocommit=True) as session:
        _ensure_role(session, OWNER_ROLE)
        if not session.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone():
            session.execute(f"CREATE DATABASE {DATABASE} OWNER {OWNER_ROLE}")
    with psycopg.connect(url(DATABASE)) as session:
        session.execute(f"ALTER SCHEMA public OWNER TO {OWNER_ROLE}")
        session.execute("REVOKE CREATE ON SCHEMA public FROM PUBLIC")
        session.execute(f"ALTER DATABASE {DATABASE} OWNER TO {OWNER_ROLE}")
        session.execute(f"REVOKE CONNECT, TEMPORARY ON DATABASE {DATABASE} FROM PUBLIC")
        _ensure_role(session, APP_ROLE)
        session.execute(f"GRANT CONNECT ON DATABASE {DATABASE} TO {OWNER_ROLE}, {APP_ROLE}")
        session.execute(f"GRANT pg_read_all_stats TO {OWNER_ROLE}, {APP_ROLE}")


def _ensure_role(session: psycopg.Connection, role: str) -> None:
    known = session.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role]).fetchone()
    session.execute(f"{'ALTER' if known else 'CREATE'} ROLE {role} "
                    "LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS")
