"""Rows with names: the columns of an entity, and beside every reference what it refers to is called."""

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

from sqlalchemy import ColumnElement, FromClause, Select, Text, cast, func, literal, null, select
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from cogniflow.domain.accounts.rights import Caller
from cogniflow.kernel.entity import Entity, document_of, is_master, label_column, references
from cogniflow.records.address import addressed, among_living, missing
from cogniflow.records.authorise import OWNER, reach, reached
from cogniflow.records.query import ListQuery, parse_list_query
from cogniflow.records.selection import COUNT_CAP, conditions, ordered, parameters, plan_of
from cogniflow.records.shape import Projection, line_order, visible, visible_to

LABEL = "label_of_"
"""Prefix of the attribute that holds the name of what a reference column refers to."""
DOCUMENT_STATUS = "document_status"
"""Attribute of a line that holds the status of its document."""


def selected(caller: Caller, entity: type[Entity]) -> Select:
    """Every row of the entity: each column but secrets, empty where hidden, each reference with its name where it may be read."""
    table, told = entity.__table__, visible_to(caller, entity)
    columns = [column if column in told else null().label(column.key) for column in visible(entity)]
    names = [_name_of(caller, target, table.c[f"{name}_id"]).label(f"{LABEL}{name}_id")
             for name, target in references(entity).items() if table.c[f"{name}_id"] in told]
    return select(*columns, *names, *_status_of_document(entity))


def listed(session: Session, caller: Caller, entity: type[Entity], query: ListQuery) -> Select:
    """The rows that a list query finds, in its order, all of them."""
    table = entity.__table__
    return selected(caller, entity).where(*_conditions(caller, entity, query, table)).order_by(
        *ordered(query.sort, table))


def page(session: Session, caller: Caller, entity: type[Entity], query: ListQuery,
         offset: int) -> tuple[list[SimpleNamespace], int]:
    """One page of the rows that a list query finds, and how many there are, counted no further than 10,001."""
    values = parameters(query, caller.user_id)
    rows = session.execute(listed(session, caller, entity, query).limit(query.limit).offset(offset), values)
    found = [SimpleNamespace(**row) for row in rows.mappings()]
    if len(found) < query.limit and (found or not offset):
        return found, offset + len(found)
    table = entity.__table__
    counted = select(literal(1)).select_from(table).where(*_conditions(caller, entity, query, table))
    return found, session.scalar(select(func.count()).select_from(counted.limit(COUNT_CAP + 1).subquery()), values)


def streamed(session: Session, caller: Caller, entity: type[Entity], query: ListQuery, most: int) -> Iterator[SimpleNamespace]:
    """The first `most` rows that a list query finds, read from the server as they are used."""
    statement = listed(session, caller, entity, query).limit(most).execution_options(yield_per=1000)
    for row in session.execute(statement, parameters(query, caller.user_id)).mappings():
        yield SimpleNamespace(**row)


def one(session: Session, caller: Caller, entity: type[Entity], key: str) -> SimpleNamespace:
    """The row that `key` addresses. Raises NotFound where it is not there, or not for this caller."""
    table, (column, value) = entity.__table__, addressed(entity, key)
    asked = selected(caller, entity).where(table.c[column] == value, *_reached(caller, entity, table))
    if among_living(entity, column):
        asked = asked.where(table.c.archived_at.is_(None))
    row = session.execute(asked, {OWNER: caller.user_id}).mappings().one_or_none()
    if row is None:
        raise missing(entity, key)
    return SimpleNamespace(**row)


def lines_of(session: Session, caller: Caller, line: type[Entity], document_id: int) -> list[SimpleNamespace]:
    """The lines of a document that the caller may read, in their order: whoever reads a document reads them with it."""
    table = line.__table__
    asked = selected(caller, line).where(table.c[f"{line.resource.lines_of}_id"] == document_id).order_by(*line_order(table))
    rows = session.execute(asked, {OWNER: caller.user_id})
    return [SimpleNamespace(**row) for row in rows.mappings()]


def choices(session: Session, caller: Caller, target: type[Entity], text: str, limit: int,
            needs: str | None) -> list[tuple[int, str]]:
    """Living records that a search finds, as number and name, for choosing what a reference that `needs` a flag refers to."""
    asked = MultiDict({"limit": str(limit)} | ({needs: "true"} if needs else {}))
    if text and target.resource.search:
        asked["q"] = text
    query = parse_list_query(caller, target, asked)
    table = target.__table__
    found = select(table.c.id, _label(caller, target, table)).where(*_conditions(caller, target, query, table))
    rows = session.execute(found.order_by(*ordered(query.sort, table)).limit(limit), parameters(query, caller.user_id))
    return [(key, name_of(key, name)) for key, name in rows]


def names_of(session: Session, caller: Caller, target: type[Entity], ids: set[int]) -> dict[int, str]:
    """The names of records by their numbers, of those that the caller may read."""
    if not ids or not caller.may("read", target.__tablename__):
        return {}
    table = target.__table__
    rows = session.execute(select(table.c.id, _label(caller, target, table)).where(
        table.c.id.in_(ids), *_reached(caller, target, table)), {OWNER: caller.user_id})
    return {key: name_of(key, name) for key, name in rows}


def ids_of(session: Session, caller: Caller, target: type[Entity], names: set[str]) -> dict[str, list[int]]:
    """The numbers of living records by their names, of those that the caller may read: more than one where they are alike."""
    table, found = target.__table__, {}
    name = _label(caller, target, table)
    living = [table.c.archived_at.is_(None)] if is_master(target) else []
    for key, said in session.execute(select(table.c.id, name).where(
            name.in_(names), *living, *_reached(caller, target, table)), {OWNER: caller.user_id}):
        found.setdefault(said, []).append(key)
    return found


def name_of(key: int | None, name: Any) -> str:
    """What stands for a record: its name, else its number."""
    return "" if key is None else str(name) if name not in (None, key, str(key)) else f"#{key}"


def _conditions(caller: Caller, entity: type[Entity], query: ListQuery, table: FromClause) -> list[ColumnElement[bool]]:
    return conditions(plan_of(caller, entity, query, Projection()), table)


def _label(caller: Caller, entity: type[Entity], row: FromClause) -> ColumnElement:
    label = label_column(entity)
    return cast(row.c[label.key], Text) if label in visible_to(caller, entity) else null()


def _name_of(caller: Caller, target: type[Entity], key: ColumnElement) -> ColumnElement:
    if not caller.may("read", target.__tablename__):
        return null()
    table = target.__table__.alias(f"named_by_{key.key}")
    return select(_label(caller, target, table)).where(
        table.c.id == key, *_reached(caller, target, table)).correlate(key.table).scalar_subquery()


def _status_of_document(entity: type[Entity]) -> list[ColumnElement]:
    document = document_of(entity)
    if document is None or "status" not in document.__table__.columns:
        return []
    table = document.__table__.alias("of_document")
    return [select(table.c.status).where(table.c.id == entity.__table__.c[f"{entity.resource.lines_of}_id"])
            .correlate(entity.__table__).scalar_subquery().label(DOCUMENT_STATUS)]


def _reached(caller: Caller, entity: type[Entity], row: FromClause) -> list[ColumnElement[bool]]:
    """What a row must meet for the caller to read it."""
    return reached(entity, row, reach(caller, "read", entity))
