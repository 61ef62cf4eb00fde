"""What the database and its migrations say when a command fails, in one line."""

import psycopg
from alembic.util.exc import CommandError
from sqlalchemy.exc import DBAPIError

from cogniflow.db.failures import told


def in_short(error: Exception) -> str | None:
    """One line for a failure of the database; None for anything else, which is a mistake of ours."""
    if not isinstance(error, DBAPIError | psycopg.Error | CommandError):
        return None
    cause = error.orig if isinstance(error, DBAPIError) else error
    if isinstance(cause, psycopg.errors.UndefinedTable | psycopg.errors.UndefinedFunction | psycopg.errors.InvalidSchemaName):
        return "the database is not up to date: run `cogniflow db upgrade`."
    try:
        return told(cause).detail
    except psycopg.Error:
        return str(cause).splitlines()[0]
