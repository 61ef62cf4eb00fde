"""Forms of entities: one field for every column that a person may give, and the lines of a document below."""

import re
from collections.abc import Collection, Iterator
from functools import cache
from types import SimpleNamespace
from typing import Any, Self, TypeVar

from werkzeug.datastructures import MultiDict
from wtforms import Form, HiddenField

from cogniflow.errors import CogniFlowError, FieldError
from cogniflow.kernel.entity import Entity, writable
from cogniflow.records.shape import ITEMS
from cogniflow.records.words import words
from cogniflow.web.admin.fields import ReferenceField, field_of

POSITION = "position"
"""A line's place is where it stands in the form, not a field of it."""


class EntityForm(Form):
    """A form of one record; `line_forms` are those of its lines."""

    version = HiddenField()
    lines_name = ITEMS
    confirm: str | None = None
    """What a person must agree to before it is saved."""
    line_forms: list["LineForm"] = []

    def columns(self) -> list[Any]:
        """The fields a person sees."""
        return [field for field in self if hasattr(field, "given")]

    def without(self, names: Collection[str]) -> Self:
        """The form without fields that the caller neither sees nor gives."""
        for field in [each for each in self.columns() if each.short_name in names]:
            del self[field.short_name]
        return self

    def given(self) -> dict[str, Any]:
        """What the form says, for `records.create` and `records.update`; what is empty is left out."""
        values = {field.short_name: field.given() for field in self.columns()}
        return {name: value for name, value in values.items() if value is not None}

    def is_marked(self) -> bool:
        """Whether any field, here or in a line, says what is wrong with it."""
        return any(field.errors for part in (self, *self.line_forms) for field in part.columns())

    def take_errors(self, error: CogniFlowError) -> None:
        """Put every error beside its field, and what belongs to no field above the form."""
        loose = [each for each in error.errors if not self._take(each)]
        if loose or all(each.field == "version" for each in error.errors):
            self.form_errors = [error.detail or error.title, *(f"{words(each.field)}: {each.message}." for each in loose
                                                               if each.field and each.message not in error.detail)]

    def _take(self, error: FieldError) -> bool:
        name, _, rest = error.field.partition(".")
        if name == self.lines_name and rest:
            place, _, field = rest.partition(".")
            kept = [line for line in self.line_forms if line.is_kept()]
            return place.isdecimal() and int(place) < len(kept) and kept[int(place)]._take(FieldError(field, error.message))
        if name == "version":
            # Saving a second time overwrites, now that both values have been seen.
            self.version.data = str(error.theirs)
            return True
        if name not in self._fields or not hasattr(self[name], "given"):
            return False
        message = error.message
        if error.theirs is not None or error.mine is not None:
            message = f"{message}: saved is “{_said(error.theirs)}”, yours is “{_said(error.mine)}”."
        self[name].errors = [*self[name].errors, message[:1].upper() + message[1:]]
        return True


class LineForm(EntityForm):
    """The part of a document's form that is one line."""

    id = HiddenField()
    removed = False
    place = ""

    def widths(self) -> str:
        """The columns of the line's grid: references need the most room."""
        return " ".join(f"minmax(0,{3 if isinstance(field, ReferenceField) else 1}fr)" for field in self.columns())

    def is_kept(self) -> bool:
        """Whether the line is to be in the document: not taken out, and not a row left empty."""
        touched = any(field.data != field.default for field in self.columns() if field.data not in ("", None, False))
        return not self.removed and bool(self.id.data or touched)


Line = TypeVar("Line", bound=LineForm)


@cache
def form_class(entity: type[Entity]) -> type[EntityForm]:
    """The form of an entity's records."""
    fields = {column.key: field_of(column) for column in writable(entity)}
    return type(f"{entity.__name__}Form", (EntityForm,), fields)


@cache
def line_form_class(entity: type[Entity]) -> type[LineForm]:
    """The form of one line inside its document's."""
    own = [column for column in writable(entity) if column.key not in (f"{entity.resource.lines_of}_id", POSITION)]
    return type(f"{entity.__name__}LineForm", (LineForm,), {column.key: field_of(column, f"{ITEMS}.") for column in own})


def line_forms(line: type[Entity], posted: MultiDict | None, stored: list[SimpleNamespace]) -> list[LineForm]:
    """A form for every line: those posted, else those stored."""
    made = line_form_class(line)
    if posted is None:
        forms = [_placed(made(obj=row, prefix=f"{ITEMS}-{n}"), n) for n, row in enumerate(stored)]
        for form, row in zip(forms, stored, strict=True):
            form.id.data = str(row.id)
        return forms
    return [_placed(form, n) for n, form in posted_lines(made, ITEMS, posted)]


def posted_lines(made: type[Line], name: str, posted: MultiDict) -> Iterator[tuple[int, Line]]:
    """The lines posted under a name, each with its place, and whether it is to go."""
    places = {int(found.group(1)) for each in posted if (found := re.match(rf"{name}-(\d{{1,6}})-", each))}
    for n in sorted(places):
        form = made(posted, prefix=f"{name}-{n}")
        form.removed = f"del-{name}-{n}" in posted
        yield n, form


def items_given(line: type[Entity], forms: list[LineForm]) -> list[dict[str, Any]]:
    """The lines of the form for `records`, each placed where it stands."""
    kept = [form for form in forms if form.is_kept()]
    items = []
    for place, form in enumerate(kept, start=1):
        item = form.given()
        if form.id.data:
            item["id"] = int(form.id.data) if form.id.data.isdecimal() else form.id.data
        if POSITION in line.__table__.columns:
            item[POSITION] = place
        items.append(item)
    return items


def unnamed(form: EntityForm) -> Iterator[tuple[ReferenceField, int]]:
    """Every reference that the form holds, and the number it refers to."""
    for part in (form, *form.line_forms):
        for field in part.columns():
            if isinstance(field, ReferenceField) and str(field.data or "").isdecimal():
                yield field, int(field.data)


def _placed(form: LineForm, n: int) -> LineForm:
    form.place = f"{ITEMS}-{n}"
    return form


def _said(value: Any) -> str:
    return "" if value is None else "yes" if value is True else "no" if value is False else str(value)
