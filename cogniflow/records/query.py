"""What a list is asked for: page, order, fields, search and filters, parsed once at the edge."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError
from sqlalchemy import Boolean, Column, String
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from werkzeug.datastructures import MultiDict

from cogniflow.domain.accounts.rights import Caller
from cogniflow.errors import BadRequest, CogniFlowError, FieldError, Invalid
from cogniflow.kernel.entity import Entity, is_master
from cogniflow.kernel.lifecycle import statuses
from cogniflow.records.cursor import Position, read_cursor
from cogniflow.records.fields import TRUTH, from_text
from cogniflow.records.shape import visible

MOST_ROWS = 500
MOST_VALUES = 500
MOST_WORDS = 8
LONGEST_SEARCH = 200
ARCHIVED = ("false", "true", "all")
ORDERED = ("gt", "gte", "lt", "lte")
OPERATORS = ("eq", "ne", *ORDERED, "in", "contains", "isnull")


@dataclass(frozen=True)
class Filter:
    """One condition: a column, how it is compared, and with what."""

    column: str
    operator: str
    value: Any


@dataclass(frozen=True)
class ListQuery:
    """A parsed request for one page of a list."""

    sort: tuple[tuple[str, bool], ...]
    """Columns to order by, each with whether it descends; the id comes last."""
    limit: int = 50
    cursor: Position | None = None
    fields: tuple[str, ...] | None = None
    expand: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    filters: tuple[Filter, ...] = ()
    archived: str = "false"


def parse_list_query(caller: Caller, entity: type[Entity], args: MultiDict[str, str]) -> ListQuery:
    """The list asked for. Raises BadRequest for what is unknown or hidden, Invalid for a value that cannot be."""
    for name, values in args.lists():
        if len(values) > 1:
            raise _unknown(name, "is given more than once")
    given = {name: value for name, value in args.items() if name not in PARAMETERS}
    known = {name: PARAMETERS[name](entity, value) for name, value in args.items() if name in PARAMETERS and name != "cursor"}
    known.setdefault("sort", _default_sort(caller, entity))
    if "cursor" in args:
        known["cursor"] = read_cursor(entity, known["sort"], args["cursor"])
    query = ListQuery(filters=tuple(_filter(entity, name, value) for name, value in given.items()),
                      **{"words" if name == "q" else name: value for name, value in known.items()})
    for name in (*(name for name, _ in query.sort), *(each.column for each in query.filters)):
        if name in caller.hidden(entity.__tablename__):
            raise _unknown(name, "is not a field of this resource")
    return query


def names(text: str) -> tuple[str, ...]:
    """The names in a list separated by commas."""
    return tuple(part.strip() for part in text.split(",") if part.strip())


def operators_of(column: Column) -> tuple[str, ...]:
    """How a column can be filtered."""
    if isinstance(column.type, JSONB):
        return ("isnull",)
    if isinstance(column.type, ARRAY):
        return ("contains", "isnull")
    if isinstance(column.type, Boolean):
        return ("eq", "ne", "isnull")
    return tuple(each for each in OPERATORS if each != "contains" or isinstance(column.type, String))


def is_sortable(column: Column) -> bool:
    """Whether a list can be ordered by the column."""
    return "eq" in operators_of(column)


def page_size(text: str) -> int:
    """How many rows a page is asked to have. Raises Invalid."""
    if not re.fullmatch("[0-9]{1,6}", text) or not 1 <= int(text) <= MOST_ROWS:
        raise _wrong("limit", f"must be a whole number from 1 to {MOST_ROWS}")
    return int(text)


def _sort(entity: type[Entity], text: str) -> tuple[tuple[str, bool], ...]:
    asked = [(part.removeprefix("-"), part.startswith("-")) for part in names(text)]
    sortable = {column.key for column in visible(entity) if is_sortable(column)}
    for name, _ in asked:
        if name not in sortable:
            raise _unknown("sort", f"cannot sort by {name[:80]}")
    unique = dict(reversed(asked))
    sort = [(name, unique.pop(name)) for name, _ in asked if name in unique]
    if "id" not in {name for name, _ in sort}:
        sort.append(("id", bool(sort) and sort[-1][1]))
    return tuple(sort)


def _default_sort(caller: Caller, entity: type[Entity]) -> tuple[tuple[str, bool], ...]:
    shown = [part for part in names(entity.resource.order_by)
             if part.removeprefix("-") not in caller.hidden(entity.__tablename__)]
    return _sort(entity, ",".join(shown))


def _words(entity: type[Entity], text: str) -> tuple[str, ...]:
    if not entity.resource.search:
        raise _unknown("q", "this resource has no search")
    if "\x00" in text:
        raise _wrong("q", "must not hold a NUL character")
    if len(text) > LONGEST_SEARCH or len(text.split()) > MOST_WORDS:
        raise _wrong("q", f"must be at most {MOST_WORDS} words and {LONGEST_SEARCH} characters")
    return tuple(text.split())


def _archived(entity: type[Entity], text: str) -> str:
    if not is_master(entity):
        raise _unknown("archived", "records of this resource are not archived")
    if text not in ARCHIVED:
        raise _wrong("archived", f"must be one of {', '.join(ARCHIVED)}")
    return text


def _filter(entity: type[Entity], name: str, text: str) -> Filter:
    field, _, operator = name.partition("__")
    column = next((each for each in visible(entity) if each.key == field), None)
    if column is None or (operator or "eq") not in operators_of(column) or name.endswith("__"):
        raise _unknown(name, "is not a filter of this resource")
    try:
        return Filter(field, operator or "eq", _operand(entity, column, operator, text))
    except ValidationError as error:
        message = error.errors(include_url=False, include_input=False)[0]["msg"].removeprefix("Value error, ")
        raise _wrong(name, message) from None


def _operand(entity: type[Entity], column: Column, operator: str, text: str) -> Any:
    if operator == "isnull":
        if text not in TRUTH:
            raise _wrong(f"{column.key}__isnull", "must be true or false")
        return TRUTH[text]
    if operator == "contains":
        if "\x00" in text:
            raise _wrong(f"{column.key}__contains", "must not hold a NUL character")
        return text
    if column.key == "status" and not set(text.split(",") if operator == "in" else [text]) <= set(statuses(entity)):
        raise _wrong(column.key, f"must be one of {', '.join(statuses(entity))}")
    if operator == "in":
        if not text:
            raise _wrong(f"{column.key}__in", "must name at least one value")
        if text.count(",") >= MOST_VALUES:
            raise _wrong(f"{column.key}__in", f"must be at most {MOST_VALUES} values")
        return [from_text(column, part) for part in text.split(",")]
    return from_text(column, text)


def _unknown(name: str, message: str) -> CogniFlowError:
    return BadRequest(f"{name[:80]}: {message}.", [FieldError(name[:80], message)])


def _wrong(name: str, message: str) -> CogniFlowError:
    return Invalid(f"{name}: {message}.", [FieldError(name, message)])


PARAMETERS: dict[str, Callable[[type[Entity], str], Any]] = {
    "limit": lambda _, text: page_size(text),
    "cursor": lambda _, text: text,
    "sort": _sort,
    "fields": lambda _, text: names(text),
    "expand": lambda _, text: names(text),
    "q": _words,
    "archived": _archived,
}
"""What a list can be asked beside filters."""
