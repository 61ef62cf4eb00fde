"""Which version of a record a writer has seen, and the refusal to write over one that it has not."""

from collections.abc import Collection, Mapping
from functools import cache
from typing import Any

import orjson
from sqlalchemy import Select, Text, bindparam, cast, select
from sqlalchemy.orm import Session

from cogniflow.errors import FieldError, Stale
from cogniflow.kernel.entity import Entity
from cogniflow.records.parse import VERSION
from cogniflow.records.rows import is_held
from cogniflow.records.shape import ITEMS, record

Seen = int | Collection[int] | None
"""The version that a writer names, the versions it would accept, or None where it names none."""


def is_current(row: Entity, seen: Seen) -> bool:
    """Whether a writer that has seen this may change the row as it is now."""
    return seen is None or row.version in _versions(seen)


def refuse_stale(session: Session, row: Entity, seen: Seen, given: Mapping[str, Any]) -> None:
    """Refuse to write over a version that the caller has not seen: Stale, with both values of each field that differs."""
    if is_current(row, seen):
        return
    theirs = told(session, row)
    differing = [name for name in given if name == ITEMS or not is_held(row, name, given[name])]
    raise Stale("Someone else has changed the record since you read it.", [
        *(FieldError(name, "was changed meanwhile", given[name], theirs[name]) for name in differing),
        FieldError(VERSION, "is not the current one", max(_versions(seen), default=None), row.version)])


def told(session: Session, row: Entity) -> dict[str, Any]:
    """The record as every read tells it."""
    return orjson.loads(session.scalar(_told(type(row)), {"id": row.id}))


@cache
def _told(entity: type[Entity]) -> Select:
    table = entity.__table__
    return select(cast(record(entity, table), Text)).where(table.c.id == bindparam("id"))


def _versions(seen: int | Collection[int]) -> Collection[int]:
    return (seen,) if isinstance(seen, int) else seen
