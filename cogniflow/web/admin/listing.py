"""One page of a list: its rows, and the addresses of every other order, page and filter of it."""

import datetime as dt
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import SimpleNamespace
from urllib.parse import urlencode

from flask import url_for
from markupsafe import Markup
from sqlalchemy import Boolean, Column, Date
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from cogniflow.domain.accounts.rights import Caller
from cogniflow.kernel.entity import Entity, is_master, label_column, references, writable
from cogniflow.kernel.lifecycle import statuses
from cogniflow.records import named
from cogniflow.records.query import ListQuery, is_sortable, parse_list_query
from cogniflow.records.selection import COUNT_CAP
from cogniflow.records.shape import projection, visible_to
from cogniflow.records.words import field_title, is_number, is_reference, record_name, words
from cogniflow.web.admin import display
from cogniflow.web.admin.forms import form_class
from cogniflow.web.admin.guards import first_status, status_of
from cogniflow.web.admin.names import names_told
from cogniflow.web.admin.saved_views import views_of
from cogniflow.web.shell.shell import company_zone

COMPARED = {"": "is", "ne": "is not", "gt": "above", "gte": "from", "lt": "below", "lte": "up to", "in": "one of",
            "contains": "contains", "isnull": "is empty"}
ROWS = "50"


@dataclass(frozen=True)
class FilterField:
    """One way to narrow a list: a choice, a reference to search, or a bound."""

    name: str
    title: str
    kind: str
    """`choice`, `reference`, `date` or `number`."""
    value: str
    choices: tuple[tuple[str, str], ...] = ()
    text: str = ""
    """What the reference chosen is called."""


class Listing:
    """The list that the arguments of an address ask for; they are those of REST, and `page`; `fields` may be repeated."""

    def __init__(self, session: Session, caller: Caller, entity: type[Entity], args: MultiDict):
        self.entity, self.caller = entity, caller
        asked = {**args.to_dict(), "fields": ",".join(args.getlist("fields"))}
        self.args = {name: value for name, value in asked.items() if value != "" and name != "page"}
        self.page = int(args["page"]) if args.get("page", "").isdecimal() and 1 <= int(args["page"]) <= COUNT_CAP else 1
        self.query = query_of(caller, entity, self.args)
        self.rows, self._counted = named.page(session, caller, entity, self.query, (self.page - 1) * self.query.limit)
        self.columns = self._chosen_columns()
        self.views = views_of(session, caller, entity)
        self._form = form_class(entity)()
        self._names = self._chosen_names(session)

    @property
    def total(self) -> str:
        """How many rows there are, for people: "77" or "10,000+"."""
        return f"{COUNT_CAP:,}+" if self._counted > COUNT_CAP else f"{self._counted:,}"

    @property
    def span(self) -> str:
        """Which rows are shown: "51–100"."""
        first = (self.page - 1) * self.query.limit
        return f"{first + 1:,}–{first + len(self.rows):,}"

    @property
    def pages(self) -> int:
        """How many pages can be turned to."""
        return -(-min(self._counted, COUNT_CAP) // self.query.limit)

    def numbers(self) -> list[int | None]:
        """The pages to offer, None for a gap."""
        near = sorted({1, self.pages, *range(self.page - 1, self.page + 2)} & set(range(1, self.pages + 1)))
        offered: list[int | None] = []
        for number in near:
            if offered and number - (offered[-1] or 0) > 1:
                offered.append(None)
            offered.append(number)
        return offered

    def url(self, **changes: str | int | None) -> str:
        """The address of this list with some arguments changed, from its first page unless `page` says otherwise."""
        wanted = {name: value for name, value in {**self.args, **changes}.items() if value not in (None, "")}
        return url_for(".index_view", **wanted)

    def sort_url(self, column: Column) -> str | None:
        """The address of the list ordered by a column, the other way round where it is already; None where it cannot be."""
        if is_reference(column) or not is_sortable(column):
            return None
        return self.url(sort=f"-{column.key}" if self.order(column) == "ascending" else column.key)

    def order(self, column: Column) -> str | None:
        """Whether the list is ordered by the column: "ascending", "descending" or None."""
        name, descends = self.query.sort[0]
        return None if name != column.key else "descending" if descends else "ascending"

    def cell(self, column: Column, row: SimpleNamespace) -> Markup:
        """The value of a row as the list shows it."""
        return display.cell(self.entity, column, row, company_zone())

    def name(self, row: SimpleNamespace) -> str:
        """What stands for the row."""
        return record_name(self.entity, row)

    def searched(self) -> str:
        """What the search looks in: "name, SKU, barcode"."""
        said = (words(name) for name in self.entity.resource.search)
        return ", ".join(each if each.isupper() else each.lower() for each in said)

    def feed_id(self, row: SimpleNamespace) -> int:
        """The id by which the feed names changes of the row: of a stock balance, its product's."""
        return getattr(row, self.entity.resource.feed_id)

    def names(self) -> dict[str, str]:
        """The tables whose records the rows name, each with the column of the name."""
        return names_told(self.caller, self.entity, self.columns)

    def is_label(self, column: Column) -> bool:
        """Whether the column names the record, and leads to it."""
        return column.key == label_column(self.entity).key

    def editor(self, column: Column, row: SimpleNamespace) -> dict | None:
        """How a value of a row that may be edited is edited in the list itself: {kind, value, source}; None where it is not."""
        if column not in writable(self.entity) or is_reference(column) or self.is_label(column) \
                or isinstance(column.type, ARRAY | JSONB) \
                or column.key in self.caller.hidden(self.entity.__tablename__, "update"):
            return None
        if status_of(row) != first_status(self.entity):
            return None
        field = self._form[column.key]
        field.process_data(getattr(row, column.key))
        if isinstance(column.type, Boolean):
            return {"kind": "text", "value": "true" if field.data else "", "source": _source([("true", "Yes"), ("", "No")])}
        kind = "number" if is_number(column) else "date" if isinstance(column.type, Date) else "text"
        choices = [(each.value, each.label) for each in getattr(field, "choices", ())]
        return {"kind": kind, "value": field.data, "source": _source(choices) if choices else None}

    def filters(self) -> list[FilterField]:
        """Every way to narrow the list that a person is offered."""
        return [field for column in visible_to(self.caller, self.entity) if column.key not in display.BOOKKEEPING
                for field in self._filters_of(column)]

    def chips(self) -> list[tuple[str, str]]:
        """What narrows the list now: each in words, with the address of the list without it."""
        return [(self._said(each.column, name), self.url(**{name: None}))
                for each in self.query.filters
                for name in [each.column if each.operator == "eq" else f"{each.column}__{each.operator}"] if name in self.args]

    def offered_columns(self) -> list[tuple[Column, bool]]:
        """Every column that may stand in the list beside the record's name, each with whether it does."""
        return [(each, each in self.columns) for each in visible_to(self.caller, self.entity)
                if not self.is_label(each) and not each.info.get("long") and each.key not in ("uid", "version")]

    def arguments(self) -> str:
        """What stands after the question mark of the list's address, without its page."""
        return urlencode(self.args)

    def tabs(self) -> list[tuple[str, str, bool]]:
        """The views of the list: title, address, whether it is this one."""
        now = self.args.get("archived", "false")
        offered = (("In use", "false"), ("Archived", "true"), ("All", "all")) if is_master(self.entity) else ()
        return [(title, self.url(archived=None if value == "false" else value), value == now) for title, value in offered]

    def _chosen_columns(self) -> list[Column]:
        told = columns_of(self.caller, self.entity, self.query)
        if self.query.fields is None:
            return [each for each in display.list_columns(self.entity) if each in told]
        label = [each for each in visible_to(self.caller, self.entity) if self.is_label(each)]
        return label + [each for each in told if each not in label]

    def _filters_of(self, column: Column) -> list[FilterField]:
        key, title = column.key, field_title(column)
        choices = statuses(self.entity) if key == "status" else column.info.get("choices")
        if choices:
            return [self._filter(key, title, "choice", tuple((each, words(each)) for each in choices))]
        if isinstance(column.type, Boolean):
            return [self._filter(key, title, "choice", (("true", "Yes"), ("false", "No")))]
        if is_reference(column):
            target = references(self.entity)[key.removesuffix("_id")]
            return [self._filter(key, title, "reference")] if self.caller.may("read", target.__tablename__) else []
        shown = is_number(column) and column in self.columns
        if not shown and not isinstance(column.type, Date):
            return []
        kind = "number" if shown else "date"
        return [self._filter(f"{key}__gte", f"{title} from", kind), self._filter(f"{key}__lte", f"{title} up to", kind)]

    def _filter(self, name: str, title: str, kind: str, choices: tuple[tuple[str, str], ...] = ()) -> FilterField:
        return FilterField(name, title, kind, self.args.get(name, ""), choices, self._names.get(name, ""))

    def _chosen_names(self, session: Session) -> dict[str, str]:
        found = {}
        for name, target in references(self.entity).items():
            if (chosen := self.args.get(f"{name}_id", "")).isdecimal():
                found[f"{name}_id"] = named.names_of(session, self.caller, target, {int(chosen)}).get(int(chosen), f"#{chosen}")
        return found

    def _said(self, key: str, name: str) -> str:
        operator = name.removeprefix(key).removeprefix("__")
        value = self._names.get(name) or self.args[name]
        shown = value if operator in ("gt", "gte", "lt", "lte", "contains") or name in self._names else words(value)
        return f"{field_title(self.entity.__table__.c[key])} {COMPARED[operator]} {shown}"


def query_of(caller: Caller, entity: type[Entity], args: Mapping[str, str]) -> ListQuery:
    """The list query of an address. Raises BadRequest or Invalid for what no list of the entity can be asked."""
    return parse_list_query(caller, entity, MultiDict({"limit": ROWS, **args}))


def columns_of(caller: Caller, entity: type[Entity], query: ListQuery) -> list[Column]:
    """The columns that the query names, or all that the caller is told. Raises BadRequest for an unknown one."""
    told = projection(caller, entity, query.fields, ()).fields
    return [each for each in visible_to(caller, entity) if told is None or each.key in told]


def _source(choices: Iterable[tuple[str, str]]) -> str:
    return json.dumps([{"value": value, "text": said} for value, said in choices])


def file_name(entity: type[Entity], ending: str) -> str:
    """What a file of the list is called: its table and the day."""
    return f"{entity.__tablename__}-{dt.datetime.now(company_zone()):%Y-%m-%d}.{ending}"
