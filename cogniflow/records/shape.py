"""How a record is told: one SQL expression per entity, the same in lists, single reads and write answers."""

from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    DateTime,
    FromClause,
    LargeBinary,
    Numeric,
    Text,
    Uuid,
    cast,
    func,
    literal_column,
    select,
)
from sqlalchemy.dialects.postgresql import JSON

from cogniflow.db.types import Xid8
from cogniflow.domain.accounts.rights import Caller
from cogniflow.errors import BadRequest, FieldError, Forbidden
from cogniflow.kernel.entity import Entity, lines, references
from cogniflow.records.authorise import owned

ITEMS = "items"
UTC = literal_column("'UTC'")
MOMENT = literal_column("""'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'""")


@dataclass(frozen=True)
class Projection:
    """Which fields of a record and of its lines are told (None for all), and which references are nested."""

    fields: frozenset[str] | None = None
    line_fields: frozenset[str] | None = None
    expand: tuple[tuple[str, bool, "Projection"], ...] = ()
    """Names of references, each with whether the caller reads only its own records there, and what of them is told."""


def visible(entity: type[Entity]) -> list[Column]:
    """Its columns without secrets, in the order they are told."""
    return [column for column in entity.__table__.columns if not column.info.get("secret")]


def told_once(entity: type[Entity]) -> list[Column]:
    """Its secrets that the answer to the write that makes them tells."""
    return [column for column in entity.__table__.columns if column.info.get("told_once")]


def visible_to(caller: Caller, entity: type[Entity]) -> list[Column]:
    """Those of them that no right hides from the caller."""
    hidden = caller.hidden(entity.__tablename__)
    return [column for column in visible(entity) if column.key not in hidden]


def told_fields(entity: type[Entity]) -> list[str]:
    """The names of everything a record tells: its columns and, for a document, `items`."""
    return [column.key for column in visible(entity)] + ([ITEMS] if lines(entity) else [])


def projection(caller: Caller, entity: type[Entity], fields: tuple[str, ...] | None, expand: tuple[str, ...]) -> Projection:
    """What of a record to tell. Raises BadRequest for an unknown field or reference, Forbidden for an unreadable one."""
    hidden = caller.hidden(entity.__tablename__)
    told = frozenset(told_fields(entity)) - hidden
    unknown = [("fields", name) for name in fields if name not in told] if fields else []
    if fields == ():
        unknown = [("fields", "nothing")]
    unknown += [("expand", name) for name in expand if name not in references(entity) or f"{name}_id" in hidden]
    if unknown:
        raise BadRequest("The query names what is not there.", [
            FieldError(where, f"unknown: {name[:80]}") for where, name in unknown])
    tables = {name: references(entity)[name].__tablename__ for name in sorted(set(expand))}
    if closed := [name for name, table in tables.items() if not caller.may("read", table)]:
        raise Forbidden(f"You may not read {', '.join(closed)}.", [
            FieldError("expand", f"may not be read: {name}") for name in closed])
    nested = tuple((name, caller.only_own("read", table), _whole(caller, references(entity)[name]))
                   for name, table in tables.items())
    whole = _whole(caller, entity)
    return replace(whole, fields=frozenset(fields) if fields is not None else whole.fields, expand=nested)


def _whole(caller: Caller, entity: type[Entity]) -> Projection:
    """All that the caller is told of a record and its lines."""
    told = [frozenset(told_fields(each)) - caller.hidden(each.__tablename__)
            if each and caller.hidden(each.__tablename__) else None for each in (entity, lines(entity))]
    return Projection(*told)


def value(column: Column, cell: ColumnElement) -> ColumnElement:
    """The cell as JSON tells it: decimals and transaction ids as text, moments in UTC with `Z`."""
    kind = column.type
    if isinstance(kind, Numeric):
        return cast(func.trim_scale(cell), Text)
    if isinstance(kind, DateTime):
        return func.to_char(func.timezone(UTC, cell), MOMENT)
    if isinstance(kind, LargeBinary):
        return func.encode(cell, "base64")
    return cast(cell, Text) if isinstance(kind, Uuid | Xid8) else cell


def record(entity: type[Entity], row: FromClause, wanted: Projection = Projection()) -> ColumnElement[Any]:
    """The JSON object of one row of the entity's table (or of an alias of it)."""
    parts = [value(column, row.c[column.key]).label(column.key) for column in visible(entity)]
    if items := lines(entity):
        parts.append(_items(items, row, wanted.line_fields).label(ITEMS))
    if wanted.fields is not None:
        parts = [part for part in parts if part.name in wanted.fields]
    parts += [_nested(references(entity)[name], row.c[f"{name}_id"], own, told).label(name)
              for name, own, told in wanted.expand]
    told = select(*parts).correlate(row).subquery("told")
    return select(func.row_to_json(told.table_valued(), type_=JSON)).correlate(row).scalar_subquery()


def line_order(line: FromClause) -> list[ColumnElement]:
    """What the lines of a document are ordered by."""
    return [line.c[name] for name in ("position", "id") if name in line.c]


def _items(line: type[Entity], document: FromClause, fields: frozenset[str] | None) -> ColumnElement[Any]:
    table = line.__table__.alias("line")
    of_document = table.c[f"{line.resource.lines_of}_id"] == document.c.id
    sorted_lines = select(record(line, table, Projection(fields)).label("body")).where(of_document).order_by(
        *line_order(table)).correlate(document).subquery("sorted_lines")
    bodies = func.coalesce(func.json_agg(sorted_lines.c.body), func.json_build_array(), type_=JSON)
    return select(bodies).correlate(document).scalar_subquery()


def _nested(target: type[Entity], key: ColumnElement, own: bool, wanted: Projection) -> ColumnElement[Any]:
    table = target.__table__.alias(f"nested_{key.key}")
    found = select(record(target, table, wanted)).where(table.c.id == key)
    if own:
        found = found.where(owned(target, table))
    return found.correlate(key.table).scalar_subquery()
