"""Rows of an entity: found and locked, inserted, changed; what the database gives comes back with them."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar

from sqlalchemy import insert, literal_column, null, select, update
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Session

from cogniflow.domain.accounts.rights import Caller
from cogniflow.kernel.entity import Entity, writable
from cogniflow.records.address import addressed, among_living, missing
from cogniflow.records.authorise import OWNER, Reach, reached
from cogniflow.records.shape import told_once

Row = TypeVar("Row", bound=Entity)
DEFAULT = literal_column("DEFAULT")
AS_STORED = {"populate_existing": True, "synchronize_session": False}


def locked(session: Session, caller: Caller, entity: type[Row], key: int | str, reach: Reach) -> Row:
    """The record that `key` addresses, locked against every other writer. Raises NotFound."""
    table = entity.__table__
    column, value = addressed(entity, key)
    asked = select(entity).where(table.c[column] == value).with_for_update(key_share=True, of=entity)
    if among_living(entity, column):
        asked = asked.where(table.c.archived_at.is_(None))
    asked = asked.where(*reached(entity, table, reach))
    row = session.scalars(asked, {OWNER: caller.user_id}, execution_options=AS_STORED).one_or_none()
    if row is None:
        raise missing(entity, key)
    return row


def inserted(session: Session, entity: type[Row], values: Sequence[Mapping[str, Any]]) -> list[Row]:
    """New rows, in the order of `values`, in one statement where they name the same columns."""
    asked = insert(entity).returning(entity, sort_by_parameter_order=True)
    return list(session.scalars(asked, [_stored(entity, each) for each in values]))


def changed(session: Session, row: Row, values: Mapping[str, Any]) -> Row:
    """The row with `values`; nothing is written when they are what it holds, or what the database would hold."""
    entity = type(row)
    if new := altered(row, values):
        asked = update(entity).where(entity.id == row.id).values(_stored(entity, new)).returning(entity)
        session.scalars(asked, execution_options=AS_STORED).one_or_none()
    return row


def altered(row: Entity, values: Mapping[str, Any]) -> dict[str, Any]:
    """Those of the values that the row does not hold."""
    return {name: value for name, value in values.items() if not is_held(row, name, value)}


def completed(entity: type[Entity], values: Mapping[str, Any]) -> dict[str, Any]:
    """The values with the default of every column that a person may give and did not."""
    return {column.key: DEFAULT for column in writable(entity)} | dict(values)


def is_held(row: Entity, name: str, value: Any) -> bool:
    """Whether the row holds exactly `value`; never said of JSON, where Python takes 1, 1.0 and true for equal."""
    if isinstance(row.__table__.columns[name].type, JSONB):
        return False
    held = getattr(row, name)
    return value is not DEFAULT and type(held) is type(value) and held == value


def tell_once(row: Entity) -> None:
    """Have the answer to this write tell the secrets that it has made."""
    row.told_once = {column.key: getattr(row, column.key) for column in told_once(type(row))}


def by_id(rows: Iterable[Row]) -> dict[int, Row]:
    """The rows by their ids, lowest first: every change takes its locks in this order."""
    return {row.id: row for row in sorted(rows, key=lambda row: row.id)}


def _stored(entity: type[Entity], values: Mapping[str, Any]) -> dict[str, Any]:
    json = {column.key for column in entity.__table__.columns if isinstance(column.type, JSONB)}
    return {name: null() if value is None and name in json else value for name, value in values.items()}
