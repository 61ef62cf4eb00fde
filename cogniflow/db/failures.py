"""What PostgreSQL refuses, told as the errors of CogniFlow."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg import errors as pg
from sqlalchemy import Table
from sqlalchemy.exc import DBAPIError, StatementError, TimeoutError

from cogniflow.errors import Busy, CogniFlowError, Conflict, FieldError, Forbidden, Invalid, Unavailable
from cogniflow.kernel.entity import metadata

GUARD_CONFLICT = "CF409"
GUARD_INVALID = "CF422"
"""SQLSTATEs that our own triggers raise; the message is for people, the column names the field."""


def is_transient(error: DBAPIError) -> bool:
    """Whether another writer came first, so that the same work may succeed when done again."""
    return isinstance(error.orig, (pg.SerializationFailure, pg.DeadlockDetected))


@contextmanager
def translated() -> Iterator[None]:
    """Raise the errors of `cogniflow.errors` in place of the database's own."""
    try:
        yield
    except DBAPIError as error:
        raise told(error.orig) from error
    except TimeoutError as error:
        raise Unavailable("Every database connection is busy; try again in a moment.") from error
    except StatementError as error:
        raise Invalid(str(error.orig)) from error


def told(error: BaseException | None) -> CogniFlowError:
    """The error of CogniFlow that says what the database refused; Unavailable where it could not be asked."""
    if not isinstance(error, psycopg.Error):
        return Invalid(str(error))
    if error.sqlstate == GUARD_CONFLICT:
        return Conflict(str(error.diag.message_primary), _field(error, str(error.diag.message_primary)))
    if error.sqlstate == GUARD_INVALID:
        return Invalid(str(error.diag.message_primary), _field(error, str(error.diag.message_primary)))
    for kind, tell in _TELLERS.items():
        if isinstance(error, kind):
            return tell(error)
    raise error


def _field(error: psycopg.Error, message: str) -> list[FieldError]:
    return [FieldError(error.diag.column_name, message)] if error.diag.column_name else []


def _taken(error: psycopg.Error) -> Conflict:
    columns = re.search(r"Key \((.+?)\)=", error.diag.message_detail or "")
    names = [name.strip() for name in columns.group(1).split(",")] if columns else []
    return Conflict("Another record already has this value.", [FieldError(name, "is already taken") for name in names])


def _collision(error: psycopg.Error) -> Conflict:
    rule = (error.diag.constraint_name or "").removeprefix(f"ex_{error.diag.table_name}_")
    return Conflict(f"A rule is broken: {_readable(rule)}.")


def _reference(error: psycopg.Error) -> CogniFlowError:
    detail = error.diag.message_detail or ""
    if "referenced from table" in detail:  # 15 to 17 say "still referenced from", 18 "is referenced from"
        return Conflict(f"It is still used by {_readable(error.diag.table_name)}.")
    column = re.search(r"Key \((.+?)\)=", detail)
    name = column.group(1) if column else ""
    return Invalid("A record referred to does not exist.", [FieldError(name, "refers to a record that does not exist")])


def _missing(error: psycopg.Error) -> Invalid:
    return Invalid("A value is missing.", [FieldError(error.diag.column_name or "", "is required")])


def _check(error: psycopg.Error) -> Invalid:
    table, name = metadata.tables.get(error.diag.table_name or ""), error.diag.constraint_name or ""
    rule = _readable(name.removeprefix(f"ck_{error.diag.table_name}_"))
    return Invalid(f"A rule is broken: {rule}.", [
        FieldError(column, f"breaks a rule: {rule}") for column in _checked(table, name)])


def _checked(table: Table | None, constraint: str) -> list[str]:
    """The columns that a check compares: those that people give, where it has any."""
    rules = [str(each.sqltext) for each in table.constraints if each.name == constraint] if table is not None else []
    words = [word for rule in rules for word in re.findall(r"\w+", re.sub("'[^']*'", "", rule))]
    columns = [table.columns[word] for word in dict.fromkeys(words) if word in table.columns]
    return [each.key for each in columns if "given_by" not in each.info] or [each.key for each in columns]


def _value(error: psycopg.Error) -> Invalid:
    return Invalid(str(error.diag.message_primary or error))


def _readable(name: str | None) -> str:
    return (name or "other records").replace("_", " ")


_TELLERS = {
    pg.UniqueViolation: _taken,
    pg.ExclusionViolation: _collision,
    pg.ForeignKeyViolation: _reference,
    pg.RestrictViolation: _reference,
    pg.NotNullViolation: _missing,
    pg.CheckViolation: _check,
    pg.SerializationFailure: lambda _: Busy("Someone else changed this at the same moment; try again."),
    pg.DeadlockDetected: lambda _: Busy("Someone else changed this at the same moment; try again."),
    pg.LockNotAvailable: lambda _: Busy("Someone else is changing this right now; try again."),
    pg.InsufficientPrivilege: lambda error: Forbidden(str(error.diag.message_primary)),
    pg.QueryCanceled: lambda _: Unavailable("The database took too long to answer."),
    pg.NumericValueOutOfRange: lambda _: Invalid("A number is too large, or what is calculated from it would be."),
    psycopg.DataError: _value,
    psycopg.OperationalError: lambda _: Unavailable("The database cannot be reached."),
    psycopg.InterfaceError: lambda _: Unavailable("The database cannot be reached."),
}
