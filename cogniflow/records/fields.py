"""What a value of each kind of column must look like; the type is also its JSON schema."""

import datetime as dt
import re
import unicodedata
import uuid
from decimal import Decimal
from functools import cache, partial
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, AwareDatetime, BeforeValidator, Field, StrictBool, TypeAdapter
from sqlalchemy import Boolean, CheckConstraint, Column, Date, DateTime, Integer, Numeric, String, Uuid
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.types import BigInteger

from cogniflow.kernel.fields import Shape

DECIMAL = re.compile(r"[+-]?[0-9]{1,30}(\.[0-9]{1,30})?")
DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
WHOLE = re.compile(r"-?[0-9]{1,19}")
TRUTH = {"true": True, "false": False}
MOST_TEXTS = 1000
LINE_BREAKS = {ord(each): None for each in "\n\r\t"}
BETWEEN = re.compile(r"BETWEEN (-?[0-9]+) AND (-?[0-9]+)")
COMPARED = re.compile(r"(>|>=|<|<=) (-?[0-9]+)")
COMPARISONS = {">": "gt", ">=": "ge", "<": "lt", "<=": "le"}


@cache
def field_type(column: Column) -> Any:
    """The type of a value given for `column`: strict about kind, length, range and precision."""
    kind = column.type
    if choices := column.info.get("choices"):
        return Literal[tuple(choices)]
    if isinstance(kind, Boolean):
        return StrictBool
    if isinstance(kind, Integer):
        bits = 63 if isinstance(kind, BigInteger) else 31
        return Annotated[int, Field(strict=True, ge=-(2**bits), le=2**bits - 1)]
    if isinstance(kind, Numeric):
        return Annotated[Decimal, BeforeValidator(_exact), Field(max_digits=kind.precision, decimal_places=kind.scale)]
    if isinstance(kind, Date):
        return Annotated[dt.date, BeforeValidator(_day)]
    if isinstance(kind, DateTime):
        return Annotated[AwareDatetime, BeforeValidator(_moment), AfterValidator(_utc)]
    if isinstance(kind, Uuid):
        return uuid.UUID
    if isinstance(kind, JSONB):
        return Annotated[Any, AfterValidator(_plain)]
    if isinstance(kind, ARRAY):
        return Annotated[list[Annotated[str, AfterValidator(_text)]], Field(max_length=MOST_TEXTS)]
    longest = column.info.get("max_length") or getattr(kind, "length", None)
    return Annotated[str, Field(max_length=longest), AfterValidator(_text)]


@cache
def written_type(column: Column) -> Any:
    """The type of a value that may be written to `column`: as `field_type`, within its bounds, no blank or unprintable text."""
    kind, plain = field_type(column), isinstance(column.type, String) and not column.info.get("choices")
    if plain:
        kind = Annotated[kind, AfterValidator(_printable_lines if column.info.get("long") else _printable)]
    if shape := column.info.get("shape"):
        kind = Annotated[kind, Field(json_schema_extra={"pattern": shape.pattern}), AfterValidator(partial(_shaped, shape))]
    elif plain and not column.nullable:
        kind = Annotated[kind, Field(json_schema_extra={"pattern": r"\S"}), AfterValidator(_not_blank)]
    return Annotated[kind, Field(**limits)] if (limits := _bounds(column)) else kind


@cache
def adapter(column: Column) -> TypeAdapter:
    """The parser of one value given for `column`."""
    return TypeAdapter(field_type(column))


def from_text(column: Column, text: str) -> Any:
    """The value that `text` of a query means for `column`. Raises pydantic's ValidationError."""
    given: Any = text
    if isinstance(column.type, Boolean):
        given = TRUTH.get(text, text)
    elif isinstance(column.type, Integer) and WHOLE.fullmatch(text):
        given = int(text)
    return adapter(column).validate_python(given)


def _exact(value: Any) -> Any:
    if isinstance(value, float):
        value = repr(value)
    if isinstance(value, str) and DECIMAL.fullmatch(value):
        return Decimal(value)
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise ValueError("must be a decimal number, such as \"12.50\"")
    return value


def _day(value: Any) -> Any:
    if isinstance(value, str) and DAY.fullmatch(value):
        return value
    if isinstance(value, dt.datetime) or not isinstance(value, dt.date):
        raise ValueError("must be a date, such as 2024-12-31")
    return value


def _moment(value: Any) -> Any:
    if not isinstance(value, str | dt.datetime) or (isinstance(value, str) and not DAY.match(value)):
        raise ValueError("must be a time with its zone, such as 2024-12-31T23:59:59Z")
    return value


def _utc(value: dt.datetime) -> dt.datetime:
    try:
        return value.astimezone(dt.UTC)
    except OverflowError:
        raise ValueError("is not a time of the years 1 to 9999") from None


def _text(value: str) -> str:
    if "\x00" in value:
        raise ValueError("must not hold a NUL character")
    return value


def _not_blank(value: str) -> str:
    if not value.strip():
        raise ValueError("must not be empty")
    return value


def _shaped(shape: Shape, value: str) -> str:
    if not re.fullmatch(shape.pattern, value) or value.endswith("\n"):
        raise ValueError(shape.refusal)
    return value


def _printable(value: str) -> str:
    if any(unicodedata.category(character) == "Cc" for character in value):
        raise ValueError("must not hold control characters")
    return value


def _printable_lines(value: str) -> str:
    _printable(value.translate(LINE_BREAKS))
    return value


def _bounds(column: Column) -> dict[str, int]:
    """The least and the most of `column` alone, as the checks of its table declare them."""
    limits = {}
    for check in column.table.constraints:
        rule = str(check.sqltext) if isinstance(check, CheckConstraint) else ""
        for part in [] if " OR " in rule else re.split(" AND (?![0-9])", rule):
            name, _, bound = part.partition(" ")
            if name != column.key:
                continue
            if between := BETWEEN.fullmatch(bound):
                limits |= {"ge": int(between[1]), "le": int(between[2])}
            elif compared := COMPARED.fullmatch(bound):
                limits[COMPARISONS[compared[1]]] = int(compared[2])
    return limits


def _plain(value: Any) -> Any:
    """The same JSON value with floats for decimals, or an error where PostgreSQL could not store it."""
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, dict):
        return {_text(name): _plain(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    if isinstance(value, Decimal | float):
        if not abs(number := float(value)) < float("inf"):
            raise ValueError("holds a number that is too large")
        return number
    return value
