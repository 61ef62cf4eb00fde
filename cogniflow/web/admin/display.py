"""How fields are named and values look: for people, in lists, details and exports."""

import datetime as dt
import re
from decimal import Decimal
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import orjson
from markupsafe import Markup, escape
from sqlalchemy import Boolean, Column, Date, DateTime, Integer, Numeric, String
from sqlalchemy.dialects.postgresql import ARRAY

from cogniflow.errors import CogniFlowError
from cogniflow.kernel.entity import Entity, label_column
from cogniflow.kernel.fields import COLOUR, PICTURE, Code
from cogniflow.kernel.lifecycle import initial_status, moves
from cogniflow.records.shape import visible
from cogniflow.web.admin.rows import LABEL, name_of

MOST_COLUMNS = 8
"""Columns that a list shows; the rest is in the details."""
SPELLED = {"sku": "SKU", "id": "ID", "uid": "UID", "url": "URL", "kg": "kg", "m3": "m³", "grn": "GRN", "gdn": "GDN", "api": "API"}
BOOKKEEPING = frozenset({"id", "uid", "created_at", "updated_at", "created_by", "updated_by", "version", "archived_at"})
CODE_LENGTH = Code.__metadata__[0].column.type.length
UNHAPPY = frozenset({"cancelled", "rejected", "reversed", "dismissed", "expired", "given_up", "lost"})
DRAWN = {COLOUR: '<span class="cf-swatch" style="background: {0}"></span>{0}',
         PICTURE: '<img class="cf-picture" src="{0}" alt="">'}
"""How values that are written in a shape of their own are shown."""
WAITING = frozenset({"on_hold", "blocked", "failed"})


def words(name: str) -> str:
    """A name of the code as people write it: `list_price` is "List price"."""
    said = " ".join(SPELLED.get(part, part) for part in name.split("_"))
    return said[:1].upper() + said[1:]


def field_title(column: Column) -> str:
    """What a column is called on a page."""
    return words(column.key.removesuffix("_id") if column.foreign_keys else column.key)


def singular(entity: type[Entity]) -> str:
    """What one record is called: "Goods receipt note"."""
    return words("_".join(re.findall(r"[A-Z][a-z]*", entity.__name__)).lower())


def is_reference(column: Column) -> bool:
    """Whether the column refers to another record."""
    return bool(column.foreign_keys) and column.key.endswith("_id")


def stays_whole(column: Column) -> bool:
    """Whether the value must not be broken over lines: numbers, dates, codes."""
    return isinstance(column.type, Numeric | Integer | Date | DateTime) and not is_reference(column) \
        or (isinstance(column.type, String) and column.type.length == CODE_LENGTH)


def is_number(column: Column) -> bool:
    """Whether the column holds an amount, to be aligned right."""
    return isinstance(column.type, Numeric | Integer) and not is_reference(column) and column.key != "id"


def list_columns(entity: type[Entity]) -> list[Column]:
    """The few columns that a list shows: what names the record first, then the most telling ones."""
    label = label_column(entity)
    rest = [column for column in visible(entity) if column is not label and column.key not in BOOKKEEPING
            and not column.info.get("long")]
    shown = [label, *rest]
    # From the last one back: texts that may be empty and what operations note, then other references and amounts that may,
    # then whatever may.
    for dispensable in (lambda column: column.nullable and (isinstance(column.type, String) or "given_by" in column.info),
                        lambda column: column.nullable and is_reference(column) or _is_extra_amount(column),
                        lambda column: column.nullable):
        for column in [each for each in reversed(rest) if dispensable(each) and each.key not in entity.resource.search]:
            if len(shown) > MOST_COLUMNS and column in shown:
                shown.remove(column)
    # The last column is the sum of a document: what goes is before it.
    return shown if len(shown) <= MOST_COLUMNS else [*shown[:MOST_COLUMNS - 1], shown[-1]]


def _is_extra_amount(column: Column) -> bool:
    return is_number(column) and column.server_default is not None and "given_by" not in column.info


def tone(entity: type[Entity], status: str) -> str:
    """How a status is coloured: not begun, under way, waiting, ended well (or all but), ended badly."""
    if status in UNHAPPY:
        return "bad"
    if status in WAITING:
        return "warn"
    if status == initial_status(entity):
        return "mute"
    onward = {move.target for move in moves(entity) if move.source == status and move.target != initial_status(entity)}
    final = {each for each in onward if not any(move.source == each for move in moves(entity))}
    return "ok" if onward == final - UNHAPPY else "info"


def way(entity: type[Entity]) -> list[str]:
    """The statuses that a record passes when all goes well, in order."""
    onward: dict[str, list[str]] = {}
    for move in moves(entity):
        onward.setdefault(move.source, []).append(move.target)

    def longest(status: str, passed: tuple[str, ...]) -> tuple[str, ...]:
        passed = (*passed, status)
        ahead = [longest(each, passed) for each in onward.get(status, ()) if each not in {*passed, *UNHAPPY, *WAITING}]
        return max(ahead, key=len, default=passed)

    first = initial_status(entity)
    return list(longest(first, ())) if first else []


def record_name(entity: type[Entity], row: Any) -> str:
    """What stands for a row: its number or name, else what it is and its id."""
    return str(getattr(row, label_column(entity).key, None) or f"{singular(entity)} {row.id}") \
        if label_column(entity).key != "id" else f"{singular(entity)} {row.id}"


def told(error: CogniFlowError) -> str:
    """What went wrong, in a sentence, and with which fields."""
    fields = [f"{words(each.field.removesuffix('_id'))} {each.message.rstrip('.')}." for each in error.errors
              if each.field and each.message not in error.detail]
    return " ".join([error.detail or error.title, *fields])


def plain(column: Column, row: SimpleNamespace, zone: ZoneInfo) -> str:
    """The value as text for people; empty for none."""
    value = getattr(row, column.key)
    if is_reference(column):
        return name_of(value, getattr(row, f"{LABEL}{column.key}", None))
    if value is None:
        return ""
    if isinstance(column.type, Boolean):
        return "Yes" if value else "No"
    if isinstance(value, Decimal):
        return number(value, column.type.scale)
    if isinstance(value, dt.datetime):
        return f"{value.astimezone(zone):%-d %b %Y %H:%M}"
    if isinstance(value, dt.date):
        return f"{value:%-d %b %Y}"
    if isinstance(column.type, ARRAY):
        return ", ".join(value)
    if isinstance(value, dict | list):
        return orjson.dumps(value).decode()
    return words(value) if column.key == "status" or column.info.get("choices") else str(value)


def number(value: Decimal, scale: int | None) -> str:
    """A number with thousands separated and no trailing zeros; money (4 or 8 digits kept) with its cents."""
    text = f"{value:,f}"
    whole, _, rest = text.partition(".")
    rest = rest.rstrip("0")
    if scale in (4, 8):
        rest = rest.ljust(2, "0")
    return f"{whole}.{rest}" if rest else whole


def cell(entity: type[Entity], column: Column, row: SimpleNamespace, zone: ZoneInfo) -> Markup:
    """The value as a list shows it: a status with its dot, a time with its exact moment."""
    text = plain(column, row, zone)
    if column.key == "status":
        return Markup('<span class="cf-status" data-tone="{}">{}</span>').format(tone(entity, row.status), text)
    value = getattr(row, column.key)
    if value and (how := DRAWN.get(column.info.get("shape"))):
        return Markup(how).format(text)
    if isinstance(column.type, DateTime) and value is not None:
        return Markup('<time datetime="{}">{}</time>').format(value.isoformat(), text)
    return escape(text)
