"""The fields of forms: how a value of each kind is typed, and what `records` is given for it."""

import datetime as dt
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import orjson
from sqlalchemy import Boolean, Column, Date, DateTime, Integer, Numeric
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from wtforms import BooleanField, Form, SelectField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.widgets import ColorInput, DateInput, DateTimeLocalInput, HiddenInput, TextArea

from cogniflow.kernel.entity import Entity, entity_of, references
from cogniflow.kernel.fields import COLOUR, PICTURE
from cogniflow.records.fields import WHOLE
from cogniflow.records.parse import is_required
from cogniflow.records.words import field_title, is_reference, words
from cogniflow.web.shell.shell import company_zone


class Required:
    """Marks a field that a new record needs; whether it has one is checked by `records`."""

    field_flags = {"required": True}

    def __call__(self, form: Form, field: Any) -> None:
        """Nothing to check here."""


class TextField(StringField):
    """A line of text; empty is no value."""

    attributes: Mapping[str, str] = {}

    def process_data(self, value: Any) -> None:
        """Show the stored value, or a default, as text."""
        self.data = "" if value is None else value if isinstance(value, str) else self.shown(value)

    def shown(self, value: Any) -> str:
        """The stored value as it is edited."""
        return str(value)

    def given(self) -> Any:
        """The value for `records`, as JSON would hold it; None for none."""
        text = (self.data or "").replace("\r\n", "\n")
        return self.parsed(text) if text.strip() else None

    def parsed(self, text: str) -> Any:
        """The value that a text means; the text itself where it means none, for `records` to refuse."""
        return text


class LongTextField(TextField):
    """Text of several lines."""

    widget = TextArea()
    attributes = {"rows": "4"}


class PictureField(LongTextField):
    """A picture as text; scripts let a person choose a file."""

    attributes = {"rows": "2", "data-picture": "", "accept": "image/png,image/jpeg,image/webp"}


class ColourField(TextField):
    """A colour."""

    widget = ColorInput()


class DecimalField(TextField):
    """A decimal number, never a float."""

    attributes = {"inputmode": "decimal"}

    def shown(self, value: Decimal) -> str:
        """Without trailing zeros."""
        text = f"{value:f}"
        return text.rstrip("0").rstrip(".") if "." in text else text

    def parsed(self, text: str) -> str:
        """Without blanks around it."""
        return text.strip()


class WholeNumberField(TextField):
    """A whole number."""

    attributes = {"inputmode": "numeric"}

    def parsed(self, text: str) -> Any:
        """The number, or what was typed instead."""
        return int(text) if WHOLE.fullmatch(text.strip()) else text


class ReferenceField(WholeNumberField):
    """The record referred to, found by searching."""

    widget = HiddenInput()
    label_text = ""
    """What the record is called, filled in by whoever shows the form."""

    def __init__(self, *given: Any, target: type[Entity], **more: Any):
        super().__init__(*given, **more)
        self.target = target


class DayField(TextField):
    """A date."""

    widget = DateInput()

    def shown(self, value: dt.date) -> str:
        """In ISO 8601, as browsers want it."""
        return value.isoformat()


class MomentField(TextField):
    """A date and time, in the company's time zone."""

    widget = DateTimeLocalInput()
    attributes = {"step": "1"}

    def shown(self, value: dt.datetime) -> str:
        """The wall clock of the company."""
        return f"{value.astimezone(company_zone()):%Y-%m-%dT%H:%M:%S}"

    def parsed(self, text: str) -> str:
        """The moment with its zone: the stored one, to the microsecond, where the second it is shown as was left as it is."""
        try:
            if isinstance(self.object_data, dt.datetime) and text == self.shown(self.object_data):
                return self.object_data.isoformat()
            return dt.datetime.fromisoformat(text).replace(tzinfo=company_zone()).isoformat()
        except ValueError:
            return text


class TextsField(LongTextField):
    """Several texts, one a line."""

    def shown(self, value: list[str]) -> str:
        """One a line."""
        return "\n".join(value)

    def parsed(self, text: str) -> list[str]:
        """The lines that are not empty."""
        return [line.strip() for line in text.splitlines() if line.strip()]


class JsonField(LongTextField):
    """A text, a number, true or false, or anything else that JSON can say."""

    def process_data(self, value: Any) -> None:
        """Show the stored value as text."""
        self.data = "" if value is None else self.shown(value)

    def shown(self, value: Any) -> str:
        """A text as it is, where nobody could take it for anything else; the rest as JSON."""
        if isinstance(value, str) and self.parsed(value) == value:
            return value
        return orjson.dumps(value).decode()

    def parsed(self, text: str) -> Any:
        """What the JSON says; what is not JSON is a text."""
        try:
            return orjson.loads(text)
        except orjson.JSONDecodeError:
            return text


class FlagField(BooleanField):
    """Yes or no."""

    attributes: Mapping[str, str] = {}

    def given(self) -> bool:
        """Whether it is ticked."""
        return bool(self.data)


class ChoiceField(SelectField):
    """One of a few values."""

    attributes = {"class": "form-select"}

    def given(self) -> str | None:
        """The value chosen."""
        return self.data or None

    def pre_validate(self, form: Form) -> None:
        """Leave every check of values to `records`."""


def field_of(column: Column, lookup: str = "") -> Any:
    """The field of a column; `lookup` goes before its name where its references are searched."""
    # In a line, what a field means is said when it is pointed at: below it, it would be said again in every line.
    explained = {"render_kw": {"title": column.comment or ""}} if lookup else {"description": column.comment or ""}
    about = {"label": field_title(column), "default": _default(column), **explained}
    kind = _kind(column)
    if kind is ChoiceField:
        empty = [SelectChoice("", "–")] if column.nullable else []
        about["choices"] = empty + [SelectChoice(value, words(value)) for value in column.info["choices"]]
    if kind is ReferenceField:
        about["target"] = references(entity_of(column.table.name))[column.key.removesuffix("_id")]
        about["render_kw"] = {**about.get("render_kw", {}), "data-lookup-name": f"{lookup}{column.key}"}
    return kind(**about, validators=[Required()] if is_required(column) else [])


def _kind(column: Column) -> type:
    if is_reference(column):
        return ReferenceField
    if column.info.get("choices"):
        return ChoiceField
    if shaped := {COLOUR: ColourField, PICTURE: PictureField}.get(column.info.get("shape")):
        return shaped
    for type_, kind in ((Boolean, FlagField), (Integer, WholeNumberField), (Numeric, DecimalField), (DateTime, MomentField),
                        (Date, DayField), (ARRAY, TextsField), (JSONB, JsonField)):
        if isinstance(column.type, type_):
            return kind
    return LongTextField if column.info.get("long") else TextField


def _default(column: Column) -> Any:
    """The default that the database would give, where it is a plain value."""
    given = str(column.server_default.arg) if column.server_default is not None else ""
    if isinstance(column.type, Boolean):
        return given == "true"
    return given if re.fullmatch(r"-?[0-9.]+|[a-z_]+|#[0-9a-f]{6}", given) else ""
