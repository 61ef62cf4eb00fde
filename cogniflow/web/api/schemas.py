"""The shapes that REST gives and takes, as models: what a JSON schema is made of."""

import datetime as dt
import uuid
from functools import cache
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, create_model
from sqlalchemy import Boolean, Column, Date, DateTime, Integer, Numeric, Uuid
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from cogniflow.kernel.entity import Entity, lines
from cogniflow.kernel.lifecycle import statuses
from cogniflow.records.parse import is_required
from cogniflow.records.shape import ITEMS, visible

EXAMPLES: dict[type, Any] = {
    Boolean: True, Integer: 1, Numeric: "12.5", Date: "2024-12-31", DateTime: "2024-12-31T23:59:59.000000Z",
    Uuid: "0b3140b3-fa97-4353-bf2e-eb0810ad274e", JSONB: "Europe/Berlin", ARRAY: ["read"],
}
"""An example value for each kind of column; a text is its own name."""
TOLD: dict[type, Any] = {
    Boolean: bool, Integer: int, Numeric: Annotated[str, Field(pattern=r"^-?\d+(\.\d+)?$")], Date: dt.date,
    DateTime: dt.datetime, Uuid: uuid.UUID, JSONB: Any, ARRAY: list[str],
}


class FieldProblem(BaseModel):
    """What is wrong with one field; `mine` and `theirs` where somebody else changed it meanwhile."""

    field: str
    message: str
    mine: Any = None
    theirs: Any = None


class Problem(BaseModel):
    """What went wrong (RFC 9457)."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    errors: list[FieldProblem] = []
    request_id: str | None = None


class PageInfo(BaseModel):
    """Where a list goes on, and how long it is."""

    next: str | None = Field(description="Cursor of the next page; null on the last.")
    total: int
    total_is: Literal["exact", "estimate", "capped"]


class BulkResult(BaseModel):
    """What became of one record of many."""

    status: int
    id: int | None = None
    problem: Problem | None = None


class BulkResults(BaseModel):
    """What became of each record, in the order given."""

    results: list[BulkResult]


class Actor(BaseModel):
    """The user who made a change."""

    id: int
    name: str


class HistoryEntry(BaseModel):
    """One change of a record: inserted, updated or deleted (I, U, D), by whom, and each field before and after."""

    id: int
    at: dt.datetime
    op: Literal["I", "U", "D"]
    actor: Actor | None
    door: str | None
    request_id: str | None
    changes: dict[str, Annotated[list[Any], Field(min_length=2, max_length=2)]]


class HistoryPage(BaseModel):
    """A page of the changes of a record."""

    data: list[HistoryEntry]
    page: PageInfo
    token: str | None


class PanelRows(BaseModel):
    """The figures of a dashboard."""

    data: list[dict[str, Any]]
    as_of: dt.datetime
    token: str | None


@cache
def told_model(entity: type[Entity]) -> type[BaseModel]:
    """The model of a record as it is told."""
    fields: dict[str, Any] = {each.key: (_told(entity, each), Field(description=each.comment)) for each in visible(entity)}
    if items := lines(entity):
        fields[ITEMS] = (list[told_model(items)], Field(description="Its lines."))
    return create_model(entity.__name__, __doc__=entity.__table__.comment, **fields, __config__=ConfigDict(
        json_schema_extra={"examples": [told_example(entity)]}))


@cache
def page_model(entity: type[Entity]) -> type[BaseModel]:
    """The model of a page of records."""
    return create_model(f"{entity.__name__}Page", __doc__=f"A page of records: {entity.__table__.comment}",
                        data=(list[told_model(entity)], ...), page=(PageInfo, ...), token=(str | None, ...))


def told_example(entity: type[Entity]) -> dict[str, Any]:
    """An example of a record as it is told."""
    told = {column.key: _example(entity, column) for column in visible(entity)}
    return told | ({ITEMS: [told_example(items)]} if (items := lines(entity)) else {})


def example_of(entity: type[Entity], columns: list[Column]) -> dict[str, Any]:
    """An example of a new record, with the columns that it must have, or all where it must have none."""
    needed = [column for column in columns if is_required(column)] or columns[:2]
    return {column.key: _example(entity, column) for column in needed}


def _told(entity: type[Entity], column: Column) -> Any:
    known = column.info.get("choices") or (tuple(statuses(entity)) if column.key == "status" else ())
    kind = Literal[tuple(known)] if known else _of_kind(TOLD, column, str)
    return kind | None if column.nullable and kind is not Any else kind


def _example(entity: type[Entity], column: Column) -> Any:
    if choices := column.info.get("choices") or (column.key == "status" and statuses(entity)):
        return choices[0]
    if shape := column.info.get("shape"):
        return shape.example
    longest = getattr(column.type, "length", None) or 40
    return _of_kind(EXAMPLES, column, column.key.replace("_", " ").capitalize()[:longest])


def _of_kind(table: dict[type, Any], column: Column, otherwise: Any) -> Any:
    return next((value for kind, value in table.items() if isinstance(column.type, kind)), otherwise)
