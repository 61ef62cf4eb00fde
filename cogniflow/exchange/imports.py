"""Records from a file, through the one write path: all of them, or none.

A row with the `uid` or the `id` of a record there is changes that record, where it differs; any other is a new record.
What a reference refers to may be said by its name: `product` is an SKU where `product_id` is a number.
"""

import csv
import io
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from python_calamine import CalamineError, CalamineWorkbook
from sqlalchemy import Boolean, Column, Integer, select
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Session

from cogniflow.domain.accounts.rights import Caller
from cogniflow.errors import FieldError, Invalid
from cogniflow.kernel.entity import Entity, references, title
from cogniflow.records import named
from cogniflow.records.bulk import CREATED, write_all
from cogniflow.records.shape import told_fields
from cogniflow.records.strict_json import read_json

DELIMITERS = ",;\t"
TRUTH = {"true": True, "false": False}
MOST_ERRORS = 100
"""So many are told of a file."""


@dataclass(frozen=True)
class Row:
    """One record as the file gives it, and where: its line, or its place in a list of JSON."""

    place: str
    values: dict[str, Any]


def read_rows(entity: type[Entity], kind: str, data: bytes) -> list[Row]:
    """The records of a file of that kind; texts are in UTF-8. Raises Invalid saying where it cannot be read."""
    rows = READERS[kind](entity, data)
    known = [*told_fields(entity), *references(entity)]
    if unknown := sorted({name for row in rows for name in row.values} - set(known)):
        raise Invalid(f"{title(entity)} have no field {', '.join(map(ascii, unknown))}; there are: {', '.join(known)}.")
    return rows


def bring_in(session: Session, caller: Caller, entity: type[Entity], rows: Sequence[Row]) -> tuple[int, int]:
    """Write all of them; how many are new, and how many were there. Raises Invalid naming what is wrong in which row."""
    rows = _referred(session, caller, entity, rows)
    there = _there(session, entity, rows)
    items = [_item(entity, row.values, there) for row in rows]
    try:
        outcomes = write_all(session, caller, entity, items)
    except Invalid as problem:
        raise Invalid(f"Nothing was written: {len(problem.errors)} values cannot be accepted.", [
            _placed(rows, each) for each in problem.errors[:MOST_ERRORS]]) from None
    made = sum(each.status == CREATED for each in outcomes)
    return made, len(outcomes) - made


def _csv(entity: type[Entity], data: bytes) -> list[Row]:
    text = _text(data)
    first = text.partition("\n")[0]
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=max(DELIMITERS, key=first.count), strict=True)
    try:
        return _table(entity, next(reader, []), ((reader.line_num, cells) for cells in reader))
    except csv.Error as error:
        raise Invalid(f"Line {reader.line_num} cannot be read: {error}.") from None


def _workbook(entity: type[Entity], data: bytes) -> list[Row]:
    """Of its first sheet."""
    try:
        with CalamineWorkbook.from_filelike(io.BytesIO(data)) as book:
            lines = [[_typed(cell) for cell in line] for line in book.get_sheet_by_index(0).to_python(skip_empty_area=False)]
    except CalamineError as error:
        raise Invalid(f"The file is no workbook: {error}.") from None
    first, *rest = lines or [[]]
    wide = max((place for place, name in enumerate(first, start=1) if name), default=0)
    return _table(entity, first[:wide], ((place, line[:wide] if not any(line[wide:]) else line)
                                         for place, line in enumerate(rest, start=2) if any(line)))


def _typed(cell: Any) -> str:
    """What a cell of a workbook says, as somebody would type it: its numbers and days are not texts."""
    if isinstance(cell, bool):
        return str(cell).lower()
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() else format(Decimal(repr(cell)), "f")
    return cell.isoformat() if hasattr(cell, "isoformat") else str(cell)


def _table(entity: type[Entity], names: Sequence[str], lines: Iterable[tuple[int, Sequence[str]]]) -> list[Row]:
    """The records of a table whose first line names fields; each line has the number that its reader sees."""
    if len(set(names)) < len(names):
        raise Invalid("The first line names a field twice.")
    columns, rows = entity.__table__.columns, []
    for number, cells in lines:
        if len(cells) != len(names):
            raise Invalid(f"Line {number} has {len(cells)} values for {len(names)} fields.")
        rows.append(Row(f"line {number}", {
            name: _value(columns.get(name), cell) for name, cell in zip(names, cells, strict=True)}))
    return rows


def _value(column: Column | None, cell: str) -> Any:
    """What a cell says, as JSON has it; an empty one says nothing, or that there is nothing."""
    if cell == "":
        return None
    kind = column.type if column is not None else None
    if isinstance(kind, Boolean):
        return TRUTH.get(cell.lower(), cell)
    if isinstance(kind, Integer) and cell.removeprefix("-").isdecimal():
        return int(cell)
    if isinstance(kind, ARRAY | JSONB):
        try:
            return read_json(cell)
        except ValueError:
            return cell
    return cell


def _json(entity: type[Entity], data: bytes) -> list[Row]:
    text = _text(data)
    try:
        found = read_json(text)
    except ValueError as error:
        raise Invalid(f"The file is not JSON: {error}.") from None
    if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
        raise Invalid("The file must hold a list of objects.")
    return [Row(f"record {place}", each) for place, each in enumerate(found, start=1)]


def _text(data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Invalid(f"The file is not UTF-8 (byte {error.start}).") from None


def _referred(session: Session, caller: Caller, entity: type[Entity], rows: Sequence[Row]) -> Sequence[Row]:
    """The rows with numbers in the place of names. Raises Invalid for a name of no record, or of more than one."""
    wrong, used = [], {name for row in rows for name in row.values}
    for name, target in references(entity).items():
        if name not in used:
            continue
        names = {str(row.values[name]) for row in rows if row.values.get(name) is not None}
        ids = named.ids_of(session, caller, target, names) if names else {}
        wrong += [FieldError(f"{row.place} {name}", said) for row in rows if (said := _refusal(name, row, ids))]
        rows = [_with_number(row, name, ids) for row in rows]
    if wrong:
        raise Invalid(f"Nothing was written: {len(wrong)} names cannot be accepted.", wrong[:MOST_ERRORS])
    return rows


def _refusal(name: str, row: Row, ids: Mapping[str, list[int]]) -> str:
    """What is wrong with a row's name of a record; empty for nothing."""
    if row.values.get(name) is None:
        return ""
    if f"{name}_id" in row.values:
        return f"is given twice, as {name}_id too"
    found = ids.get(str(row.values[name]), [])
    return "" if len(found) == 1 else "is the name of no record" if not found else f"is the name of {len(found)} records"


def _with_number(row: Row, name: str, ids: Mapping[str, list[int]]) -> Row:
    if name not in row.values:
        return row
    values = {key: value for key, value in row.values.items() if key != name}
    if (said := row.values[name]) is not None or f"{name}_id" not in values:
        values[f"{name}_id"] = next(iter(ids.get(str(said), [])), None)
    return Row(row.place, values)


def _there(session: Session, entity: type[Entity], rows: Sequence[Row]) -> dict[str, int]:
    """Those of the named uids that there are, with the ids of their records."""
    uids = {each for row in rows if (each := _uid(row.values))}
    table = entity.__table__
    return {str(uid): key for uid, key in session.execute(select(table.c.uid, table.c.id).where(table.c.uid.in_(uids)))}


def _uid(values: Mapping[str, Any]) -> str | None:
    try:
        return str(uuid.UUID(values["uid"]))
    except (KeyError, ValueError, TypeError, AttributeError):
        return None


def _item(entity: type[Entity], values: Mapping[str, Any], there: Mapping[str, int]) -> dict[str, Any]:
    """The row as a write takes it; a new record is given no emptiness, but what it has by default."""
    key = there.get(_uid(values) or "", values.get("id"))
    if key is not None:
        return {**values, "id": key}
    return {name: value for name, value in values.items() if value is not None}


def _placed(rows: Sequence[Row], error: FieldError) -> FieldError:
    _, place, *field = error.field.split(".", 2)
    return FieldError(" ".join((rows[int(place)].place, *field)), error.message)


READERS: dict[str, Callable[[type[Entity], bytes], list[Row]]] = {"csv": _csv, "json": _json, "xlsx": _workbook}
"""What reads each kind of file."""
