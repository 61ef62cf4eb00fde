"""All records of an entity as a file for another program: every field, as REST tells it."""

import csv
from collections.abc import Callable, Iterator
from io import TextIOWrapper
from typing import BinaryIO

import orjson
import xlsxwriter
from sqlalchemy import Numeric, Row, Text, cast, select
from sqlalchemy.orm import Session

from cogniflow.kernel.entity import Entity, title
from cogniflow.records.shape import record, value, visible

PORTION = 1000
"""Rows taken from the database at once."""
EXACT_DIGITS = 15
"""A spreadsheet's number holds no more; a longer one is written as text."""
LONGEST_CELL = 32_767


def export(session: Session, entity: type[Entity], kind: str, file: BinaryIO) -> int:
    """Write every record, archived ones too, in the order they came; how many there were."""
    return WRITERS[kind](session, entity, file)


def _csv(session: Session, entity: type[Entity], file: BinaryIO) -> int:
    text = TextIOWrapper(file, "utf-8", newline="")
    writer, count = csv.writer(text), 0
    writer.writerow([column.key for column in visible(entity)])
    for row in _rows(session, entity):
        writer.writerow(row)
        count += 1
    text.flush()
    text.detach()
    return count


def _json(session: Session, entity: type[Entity], file: BinaryIO) -> int:
    table = entity.__table__
    asked = select(cast(record(entity, table), Text)).select_from(table).order_by(table.c.id)
    count = 0
    for count, (body,) in enumerate(_streamed(session, asked), start=1):
        file.write((b"[\n" if count == 1 else b",\n") + body.encode())
    file.write(b"\n]\n" if count else b"[]\n")
    return count


def _workbook(session: Session, entity: type[Entity], file: BinaryIO) -> int:
    columns, count = visible(entity), 0
    with xlsxwriter.Workbook(file, {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}) as book:
        sheet = book.add_worksheet(title(entity)[:31])
        sheet.freeze_panes(1, 0)
        for place, column in enumerate(columns):
            sheet.write_string(0, place, column.key, book.add_format({"bold": True}))
        for count, row in enumerate(_rows(session, entity), start=1):
            for place, (column, cell) in enumerate(zip(columns, row, strict=True)):
                if isinstance(column.type, Numeric) and cell is not None and sum(map(str.isdigit, cell)) <= EXACT_DIGITS:
                    sheet.write_number(count, place, float(cell))
                elif cell is not None:
                    sheet.write_string(count, place, str(cell)[:LONGEST_CELL])
    return count


def _rows(session: Session, entity: type[Entity]) -> Iterator[list]:
    """The fields of each record; those that a table cannot hold as they are, as JSON."""
    table = entity.__table__
    asked = select(*(value(column, table.c[column.key]) for column in visible(entity))).order_by(table.c.id)
    for row in _streamed(session, asked):
        yield [_cell(each) for each in row]


def _cell(told: object) -> object:
    if isinstance(told, bool | list | dict):
        return orjson.dumps(told).decode()
    return told


def _streamed(session: Session, asked) -> Iterator[Row]:
    return iter(session.execute(asked, execution_options={"yield_per": PORTION}))


WRITERS: dict[str, Callable[[Session, type[Entity], BinaryIO], int]] = {"csv": _csv, "json": _json, "xlsx": _workbook}
"""What writes each kind of file."""
