"""The field vocabulary: each fact of a column kind is stated once, here."""

import datetime as dt
import uuid
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Annotated

from pydantic import StringConstraints
from sqlalchemy import BigInteger, Boolean, Date, DateTime, ForeignKey, Identity, Integer, Numeric, String, Text, Uuid, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import MappedColumn, mapped_column


class Giver(StrEnum):
    """Who alone gives a column its value, where it is not the person who edits the record."""

    DATABASE = "database"
    OPERATION = "operation"


@dataclass(frozen=True)
class Shape:
    """How a text is written: a pattern for programs, what is wrong with one that is not, and one that is right."""

    pattern: str
    refusal: str
    example: str


COLOUR = Shape("^#[0-9a-f]{6}$", "must be a colour such as #4263eb", "#4263eb")
SLUG = Shape("^[a-z0-9]+(-[a-z0-9]+)*$", "must be small letters and digits, with hyphens between them", "good-news")
PICTURE = Shape("^data:image/(png|jpeg|webp);base64,[A-Za-z0-9+/]+=*$", "must be a PNG, JPEG or WebP picture",
                "data:image/png;base64,iVBORw0KGgo=")
"""No SVG: whoever opens one by itself runs its scripts."""

# spread into each column's own: SQLAlchemy adds the facts of a column's kind to the dict that it is given
BY_DATABASE = {"given_by": Giver.DATABASE}
BY_OPERATION = {"given_by": Giver.OPERATION}
SECRET = {"secret": True}
TOLD_ONCE = {"told_once": True}
"""A secret that the answer to the write that makes it tells, and nothing else ever."""
TODAY = text("cogniflow.company_today()")
"""Default of a day: the company's date."""

Key = Annotated[int, mapped_column(BigInteger, Identity(always=True), primary_key=True)]
Uid = Annotated[uuid.UUID, mapped_column(Uuid, server_default=text("gen_random_uuid()"), unique=True)]
Code = Annotated[str, mapped_column(String(40))]
Name = Annotated[str, mapped_column(String(200))]
Line = Annotated[str, mapped_column(String(200))]
Email = Annotated[str, mapped_column(String(254))]
Note = Annotated[str, mapped_column(Text, info={"max_length": 20_000, "long": True})]
Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=20_000)]
"""Why something was done: an option of an operation."""
Colour = Annotated[str, mapped_column(String(7), info={"shape": COLOUR})]
Slug = Annotated[str, mapped_column(String(80), info={"shape": SLUG})]
Picture = Annotated[str, mapped_column(Text, info={"shape": PICTURE, "max_length": 300_000, "long": True})]
Flag = Annotated[bool, mapped_column(Boolean)]
Count = Annotated[int, mapped_column(Integer)]
Money = Annotated[Decimal, mapped_column(Numeric(18, 4))]
UnitPrice = Annotated[Decimal, mapped_column(Numeric(20, 8))]
Quantity = Annotated[Decimal, mapped_column(Numeric(18, 6))]
Rate = Annotated[Decimal, mapped_column(Numeric(18, 8))]
Fraction = Annotated[Decimal, mapped_column(Numeric(9, 6))]
Moment = Annotated[dt.datetime, mapped_column(DateTime(timezone=True))]
Day = Annotated[dt.date, mapped_column(Date)]
Version = Annotated[int, mapped_column(Integer, server_default=text("1"), info={**BY_DATABASE})]
RecordId = Annotated[int, mapped_column(BigInteger)]
Texts = Annotated[list[str], mapped_column(ARRAY(Text))]
Number = Annotated[str, mapped_column(String(40), unique=True, info={**BY_DATABASE})]
Status = Annotated[str, mapped_column(String(40), info={**BY_OPERATION})]


def reference(table: str, *, comment: str, unique: bool = False, on_delete: str = "RESTRICT", **info) -> MappedColumn:
    """A column `<name>_id` that refers to a row of `table`; the relationship `<name>` is derived from it.

    `needs` names a flag that the row must have when it is referred to.
    """
    return mapped_column(
        ForeignKey(f"{table}.id", ondelete=on_delete), index=not unique, unique=unique or None, comment=comment, info=info
    )


def choice(*values: str, comment: str, default: str | None = None) -> MappedColumn:
    """A column that holds one of `values`; the check constraint and every option list are derived from it."""
    return mapped_column(String(40), server_default=default, comment=comment, info={"choices": values})


def given_status(initial: str) -> MappedColumn:
    """The status column of a document; its other values are what its operations move to."""
    return mapped_column(
        String(40), server_default=initial, comment="Where it stands; changed by its operations.", index=True,
        info={**BY_OPERATION},
    )


def summed(*, comment: str) -> MappedColumn:
    """A figure that the database adds up from other rows."""
    return mapped_column(server_default=text("0"), comment=comment, info={**BY_DATABASE})
