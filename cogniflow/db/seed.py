"""Loading of SQL files: the reference data and the demonstration that come with CogniFlow, or a company's own."""

import time
from collections.abc import Iterable
from importlib import resources
from pathlib import Path

import psycopg

from cogniflow.db.session import Database
from cogniflow.errors import Invalid, Unavailable

NUMBERED = "[0-9]*.sql"


def seed_reference(database: Database) -> list[tuple[str, float]]:
    """Insert what is missing of the reference data; each file's name and seconds."""
    return seed_files(database, _packaged("cogniflow.seeds"))


def seed_demo(database: Database, which: str = NUMBERED) -> list[tuple[str, float]]:
    """Insert what is missing of the Northwind demonstration, which needs the reference data; each file's name and seconds."""
    return seed_files(database, _packaged("cogniflow.seeds.demo", which))


def seed_files(database: Database, files: Iterable[Path]) -> list[tuple[str, float]]:
    """Run SQL files in order, each in one transaction, as the application's role; each file's name and seconds.

    Raises Invalid with the file and line of a statement that fails; the files before it stay loaded.
    """
    done = []
    for file in files:
        begun = time.perf_counter()
        _run(database.url, file)
        done.append((file.name, time.perf_counter() - begun))
    return done


def _packaged(package: str, which: str = NUMBERED) -> list[Path]:
    return sorted(Path(str(resources.files(package))).glob(which))


def _run(url: str, file: Path) -> None:
    try:
        script = file.read_text("utf-8")
        # a connection per file: the triggers' plans made while the tables were empty are slow once they are full
        with psycopg.connect(url, autocommit=True, client_encoding="utf8", application_name="cogniflow seed") as connection:
            connection.execute("SELECT set_config('cogniflow.door', 'seed', false), set_config('timezone', 'UTC', false)")
            # the statements of one message are one transaction, whether or not the file says BEGIN and COMMIT itself
            connection.execute(script)
    except (OSError, UnicodeDecodeError) as error:
        raise Invalid(f"{file}: {error}") from error
    except psycopg.OperationalError as error:
        raise Unavailable(f"{file.name}: {error.diag.message_primary or 'the database cannot be reached.'}") from error
    except psycopg.Error as error:
        position = int(error.diag.statement_position or 0)
        where = f", line {script.count(chr(10), 0, position) + 1}" if position else ""
        raise Invalid(f"{file.name}{where}: {error.diag.message_primary or error}") from error
