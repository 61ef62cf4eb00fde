"""A list as a file: every row that it finds, the columns chosen or every one that is no secret."""

import csv
from collections.abc import Iterator
from io import TextIOWrapper
from tempfile import TemporaryFile
from types import SimpleNamespace
from typing import BinaryIO
from zoneinfo import ZoneInfo

import xlsxwriter
from flask import Response, send_file
from sqlalchemy import Column, Numeric
from werkzeug.datastructures import MultiDict

from cogniflow.db.session import Database
from cogniflow.domain.accounts.rights import Caller
from cogniflow.errors import NotFound
from cogniflow.kernel.entity import Entity, title
from cogniflow.records import named
from cogniflow.records.words import field_title, is_number, is_reference, plain
from cogniflow.web.admin.listing import columns_of, file_name, query_of
from cogniflow.web.shell.shell import company_zone

MOST_ROWS = 100_000
EXACT_DIGITS = 15
"""A spreadsheet's number holds no more; a longer one is written as text."""


def exported(database: Database, caller: Caller, entity: type[Entity], args: MultiDict, kind: str) -> Response:
    """The first 100,000 rows of the list as `csv` or `xlsx`. Raises NotFound for any other kind."""
    if kind not in WRITERS:
        raise NotFound(f"A list is exported as csv or xlsx, not as {kind[:20]}.")
    query = query_of(caller, entity, {name: value for name, value in args.items() if value and name != "page"})
    columns = columns_of(caller, entity, query)
    file = TemporaryFile()  # noqa: SIM115 - closed when the answer has been sent
    # written whole first: who takes the file slowly holds no connection; in a transaction, as a cursor needs one
    with database.transaction(caller.actor()) as session:
        found = named.streamed(session, caller, entity, query, MOST_ROWS)
        WRITERS[kind](file, entity, columns, found, company_zone())
    file.seek(0)
    answer = send_file(file, as_attachment=True, download_name=file_name(entity, kind))
    answer.headers["Cache-Control"] = "no-store"  # Flask takes every file for one of the static ones, kept for a year
    return answer


def _csv(file: BinaryIO, entity: type[Entity], columns: list[Column], found: Iterator[SimpleNamespace],
         zone: ZoneInfo) -> None:
    text = TextIOWrapper(file, "utf-8-sig", newline="")
    writer = csv.writer(text)
    writer.writerow([field_title(column) for column in columns])
    writer.writerows([_harmless(_text(column, row, zone)) for column in columns] for row in found)
    text.detach()


def _workbook(file: BinaryIO, entity: type[Entity], columns: list[Column], found: Iterator[SimpleNamespace],
              zone: ZoneInfo) -> None:
    with xlsxwriter.Workbook(file, {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}) as book:
        sheet = book.add_worksheet(title(entity)[:31])
        sheet.freeze_panes(1, 0)
        bold = book.add_format({"bold": True})
        for place, column in enumerate(columns):
            sheet.write_string(0, place, field_title(column), bold)
        for line, row in enumerate(found, start=1):
            for place, column in enumerate(columns):
                value = getattr(row, column.key)
                if value is not None and is_number(column) and len(str(value).replace(".", "").strip("-0")) <= EXACT_DIGITS:
                    sheet.write_number(line, place, value)
                else:
                    sheet.write_string(line, place, _text(column, row, zone))


def _text(column: Column, row: SimpleNamespace, zone: ZoneInfo) -> str:
    """The value for a program to read: numbers without separators, dates in ISO 8601, references by name."""
    value = getattr(row, column.key)
    if value is None:
        return ""
    if isinstance(column.type, Numeric):
        return f"{value:f}".rstrip("0").rstrip(".") if "." in f"{value:f}" else f"{value:f}"
    if hasattr(value, "isoformat"):
        return value.astimezone(zone).isoformat() if hasattr(value, "tzinfo") else value.isoformat()
    return plain(column, row, zone) if is_reference(column) or isinstance(value, dict | list) else str(value)


def _harmless(text: str) -> str:
    """The text so that no spreadsheet takes it for a formula."""
    return f"'{text}" if text[:1] in ("=", "+", "@", "\t", "\r") or (text[:1] == "-" and not text[1:2].isdigit()) else text


WRITERS = {"csv": _csv, "xlsx": _workbook}
"""What writes each kind of file."""
