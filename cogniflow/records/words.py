"""How fields and records are called and values are written for people: on pages, in files and on paper."""

import datetime as dt
import re
from decimal import Decimal
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import orjson
from sqlalchemy import Boolean, Column, Integer, Numeric
from sqlalchemy.dialects.postgresql import ARRAY

from cogniflow.kernel.entity import Entity, label_column
from cogniflow.records.named import LABEL, name_of

SPELLED = {"sku": "SKU", "id": "ID", "uid": "UID", "url": "URL", "kg": "kg", "m3": "m³", "grn": "GRN", "gdn": "GDN", "api": "API"}


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


def is_number(column: Column) -> bool:
    """Whether the column holds an amount, to be aligned right."""
    return isinstance(column.type, Numeric | Integer) and not is_reference(column) and column.key != "id"


def record_name(entity: type[Entity], row: Any) -> str:
    """What stands for a row: its number or name, else what it is and its id."""
    return str(getattr(row, label_column(entity).key, None) or f"{singular(entity)} {row.id}") \
        if label_column(entity).key != "id" else f"{singular(entity)} {row.id}"


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
