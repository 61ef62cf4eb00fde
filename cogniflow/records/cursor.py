"""The place between two pages of a list, as an opaque text; a text that was not ours is refused."""

import base64
import binascii
import zlib
from dataclasses import dataclass
from typing import Any

import orjson
from pydantic import ValidationError

from cogniflow.errors import BadRequest, FieldError
from cogniflow.kernel.entity import Entity
from cogniflow.records.fields import adapter

LONGEST = 4000
Sort = tuple[tuple[str, bool], ...]


@dataclass(frozen=True)
class Position:
    """The sort values of the last row of a page, in the order of the sort."""

    values: tuple[Any, ...]


def write_cursor(sort: Sort, last: str) -> str:
    """The cursor after the row whose sort values are the JSON array `last`."""
    return base64.urlsafe_b64encode(_kind(sort) + last.encode()).decode().rstrip("=")


def read_cursor(entity: type[Entity], sort: Sort, text: str) -> Position:
    """The position that a cursor of this sort means. Raises BadRequest for any other text."""
    try:
        if len(text) > LONGEST:
            raise ValueError("too long")
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        if not raw.startswith(_kind(sort)):
            raise ValueError("of another sort")
        return Position(_values(entity, sort, orjson.loads(raw.removeprefix(_kind(sort)))))
    except (ValueError, binascii.Error, ValidationError):
        raise BadRequest("The cursor is not one that this list gave with this sort.", [FieldError("cursor", "is not valid")]) \
            from None


def _values(entity: type[Entity], sort: Sort, found: Any) -> tuple[Any, ...]:
    if not isinstance(found, list) or len(found) != len(sort):
        raise ValueError("not as many values as the sort has columns")
    return tuple(_value(entity, name, value) for (name, _), value in zip(sort, found, strict=True))


def _value(entity: type[Entity], name: str, value: Any) -> Any:
    column = entity.__table__.columns[name]
    if value is None:
        if not column.nullable:
            raise ValueError("empty where nothing is empty")
        return None
    return adapter(column).validate_python(value)


def _kind(sort: Sort) -> bytes:
    return zlib.crc32(repr(sort).encode()).to_bytes(4, "big")
