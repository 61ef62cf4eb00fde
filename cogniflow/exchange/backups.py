"""The whole database as one file, and back; the feed begins anew, so that whoever followed it reads again."""

import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from sqlalchemy import text

from cogniflow.db.client import client_program
from cogniflow.db.server import Addresses
from cogniflow.db.session import Database
from cogniflow.errors import Conflict, Unavailable

LEFT_OUT = ("cogniflow.incarnation", "cogniflow.change_log", "cogniflow.change_floor", "public.analytics_cache")
"""Tables whose rows are true in one life of one server alone: positions of the feed, and what was computed at them."""
MADE_AGAIN = (" EXTENSION - ", " COMMENT - EXTENSION ", " INDEX public ix_search_", " COMMENT public INDEX ix_search_")
"""What an upgrade makes where the server can; another server may not have the extensions."""
SINCE_17 = b"SET transaction_timeout = 0;\n"
"""What the newest pg_restore tells every server, and older ones do not know."""
EMPTY = b"""
DO $$
DECLARE
    mine text;
BEGIN
    FOR mine IN SELECT nspname FROM pg_namespace
                WHERE nspname = 'public' OR nspname !~ '^pg_' AND nspowner = current_user::regrole LOOP
        EXECUTE format('DROP SCHEMA %I CASCADE', mine);
    END LOOP;
END $$;
CREATE SCHEMA public;
"""
OTHERS = text("SELECT count(*) FROM pg_stat_activity "  # of other roles' sessions not much more than the role is told
              "WHERE datname = current_database() AND usesysid IS NOT NULL AND pid <> pg_backend_pid()")
FILLED = text("SELECT count(*) FROM pg_class WHERE relkind = 'r' AND relnamespace::regnamespace::text IN ('public', 'cogniflow')")


def back_up(found: Addresses, file: Path) -> None:
    """Write all that is committed at one moment to `file`, which is whole or as it was. Raises Unavailable."""
    partial = file.with_name(f"{file.name}.partial")
    os.close(_opened(partial))
    try:
        words, environment = client_program(found, "pg_dump", found.owner)
        _run([*words, "--format=custom", "--no-owner", "--no-privileges", f"--file={partial}",
              *(f"--exclude-table-data={table}" for table in LEFT_OUT)], environment)
        partial.replace(file)
    finally:
        partial.unlink(missing_ok=True)


def restore(found: Addresses, file: Path, *, force: bool) -> None:
    """Put what `file` holds in the place of all that the owner has in the database, at once or not at all.

    Raises Conflict while anybody uses the database, or when it is not empty and nobody said `force`; Unavailable.
    """
    _refuse(found, force=force)
    listed = _run([*client_program(found, "pg_restore")[0], "--list", str(file)])
    with tempfile.NamedTemporaryFile("w", suffix=".list") as wanted:
        wanted.writelines(f"{line}\n" for line in listed.splitlines() if not any(each in line for each in MADE_AGAIN))
        wanted.flush()
        words = [*client_program(found, "pg_restore")[0], "--no-owner", "--no-privileges", f"--use-list={wanted.name}",
                 "--file=-", str(file)]
        script, environment = client_program(found, "psql", found.owner)
        with _piped([*script, "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--file=-"], environment) as psql:
            _pour(words, psql)


def _refuse(found: Addresses, *, force: bool) -> None:
    database = Database(found.owner, pool_size=1)
    try:
        with database.reading() as session:
            if others := session.scalar(OTHERS):
                raise Conflict(f"The database is in use by {others} others: end `cogniflow up` and what else is connected.")
            if session.scalar(FILLED) and not force:
                raise Conflict("The database is not empty; with --force all that is in it is lost.")
    finally:
        database.close()


def _pour(words: list[str], psql: IO[bytes]) -> None:
    """What `words` prints, to psql, in one transaction that ends only when all of it came."""
    with tempfile.TemporaryFile() as said, subprocess.Popen(words, stdout=subprocess.PIPE, stderr=said) as reading:
        psql.write(b"BEGIN;\n" + EMPTY + reading.stdout.read(4096).replace(SINCE_17, b""))
        while portion := reading.stdout.read(1 << 20):
            psql.write(portion)
        if reading.wait():
            raise Unavailable(_last_words(words, said))
        psql.write(b"COMMIT;\n")


@contextmanager
def _piped(words: list[str], environment: dict[str, str]) -> Iterator[IO[bytes]]:
    """The standard input of a program. Raises Unavailable with its last words when it fails."""
    with tempfile.TemporaryFile() as said:
        writing = subprocess.Popen(words, env=environment, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=said)
        try:
            yield writing.stdin
        except BrokenPipeError:
            pass  # it has ended, and says why
        finally:
            failed = _ended(writing)
        if failed:
            raise Unavailable(_last_words(words, said))


def _ended(process: subprocess.Popen) -> int:
    with suppress(BrokenPipeError):
        process.stdin.close()
    return process.wait()


def _run(words: list[str], environment: dict[str, str] | None = None) -> str:
    with tempfile.TemporaryFile() as said:
        done = subprocess.run(words, env=environment, stdout=subprocess.PIPE, stderr=said, text=True, check=False)
        if done.returncode:
            raise Unavailable(_last_words(words, said))
    return done.stdout


def _last_words(words: list[str], said: IO[bytes]) -> str:
    said.seek(0)
    lines = said.read().decode(errors="replace").strip().splitlines()
    return f"{Path(words[0]).name} failed: {lines[-1] if lines else 'it does not say why'}"


def _opened(file: Path) -> int:
    """The new file, which holds hashes of passwords and is for nobody else. Raises Unavailable."""
    try:
        return os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    except OSError as problem:
        raise Unavailable(f"{file} cannot be written: {problem.strerror}.") from None
