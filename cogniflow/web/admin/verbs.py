"""The form of a verb: what it is told of a record, and of the record's lines."""

import datetime as dt
from collections.abc import Iterator, Sequence
from decimal import Decimal
from functools import cache
from types import SimpleNamespace
from typing import Any, get_args

from pydantic import AwareDatetime, BaseModel
from pydantic.fields import FieldInfo
from werkzeug.datastructures import MultiDict

from cogniflow.kernel.entity import Entity, entity_of
from cogniflow.kernel.operation import LINES, REMOVED, Operation, RecordOf
from cogniflow.records.words import words
from cogniflow.web.admin.fields import (
    DayField,
    DecimalField,
    FlagField,
    MomentField,
    ReferenceField,
    Required,
    TextField,
    WholeNumberField,
)
from cogniflow.web.admin.forms import EntityForm, LineForm, posted_lines

KINDS = ((bool, FlagField), (AwareDatetime, MomentField), (dt.date, DayField), (int, WholeNumberField), (Decimal, DecimalField))
LISTS = {LINES, REMOVED}


class VerbForm(EntityForm):
    """What a verb is told of a record."""

    lines_name = LINES
    adds = removes = False
    """Whether the verb takes lines more, and whether it takes lines out."""

    def given(self) -> dict[str, Any]:
        """The options; of the lines, those of which something is said."""
        lines = [line.item() for line in self.line_forms if line.is_kept()]
        removed = [line.row.id for line in self.line_forms if line.removed and line.row]
        return super().given() | ({LINES: lines} if lines else {}) | ({REMOVED: removed} if removed else {})


class VerbLineForm(LineForm):
    """What a verb is told of one line."""

    row: SimpleNamespace | None = None
    """The line itself; None for one more."""
    before: dict[str, Any] = {}
    """What the form says of the line before anybody has changed it."""

    def item(self) -> dict[str, Any]:
        """What is said of the line: of one that is there, what differs."""
        if self.row is None:
            return self.given()
        said = {field.short_name: field.given() for field in self.columns()}
        return {"id": self.row.id} | {name: value for name, value in said.items() if value != self.before.get(name)}

    def is_kept(self) -> bool:
        """Whether anything is said of it."""
        return not self.removed and (len(self.item()) > 1 if self.row else super().is_kept())


def verb_form(operation: Operation, lines: Sequence[SimpleNamespace], posted: MultiDict | None) -> VerbForm:
    """The form of a verb of a record with these lines, as it was posted or as it is opened."""
    form = _form_class(operation)(posted)
    if model := line_model(operation):
        form.line_forms = list(_line_forms(model, operation, lines, posted))
    return form


def empty_line(operation: Operation, prefix: str) -> VerbLineForm:
    """A line with nothing in it, for a verb that takes lines more."""
    return _line_form_class(operation)(prefix=prefix)


def line_model(operation: Operation) -> type[BaseModel] | None:
    """What the verb is told of one line; None where it is told nothing."""
    option = operation.options.model_fields.get(LINES)
    parts = _parts(option) if option else ()
    return next((each for each in parts if isinstance(each, type) and issubclass(each, BaseModel)), None)


def referred(operation: Operation) -> Iterator[tuple[str, type[Entity]]]:
    """The options that are numbers of records, by the name that their search is asked with, and of what entity."""
    for before, model in ((f"{operation.verb}.", operation.options), (f"{operation.verb}.{LINES}.", line_model(operation))):
        for name, option in model.model_fields.items() if model else ():
            if target := _target(option):
                yield before + name, target


@cache
def _form_class(operation: Operation) -> type[VerbForm]:
    options = operation.options.model_fields
    fields = {name: _field(name, option, f"{operation.verb}.") for name, option in options.items() if name not in LISTS}
    model = line_model(operation)
    return type("VerbForm", (VerbForm,), fields | {
        "adds": bool(model) and not model.model_fields["id"].is_required(), "removes": REMOVED in options})


@cache
def _line_form_class(operation: Operation) -> type[VerbLineForm]:
    fields = {name: _field(name, option, f"{operation.verb}.{LINES}.")
              for name, option in line_model(operation).model_fields.items() if name != "id"}
    return type("VerbLineForm", (VerbLineForm,), fields)


def _line_forms(model: type[BaseModel], operation: Operation, lines: Sequence[SimpleNamespace],
                posted: MultiDict | None) -> Iterator[VerbLineForm]:
    made, there = _line_form_class(operation), {str(line.id): line for line in lines}
    # a line that is changed begins as it is; how much of it is counted or wanted is for a person to say
    is_changed = not model.model_fields["id"].is_required()
    opened = ((n, made(prefix=f"{LINES}-{n}", obj=line if is_changed else None), line) for n, line in enumerate(lines))
    if posted is not None:
        opened = ((n, form, there.get(form.id.data)) for n, form in posted_lines(made, LINES, posted))
    for n, form, line in opened:
        form.place, form.row = f"{LINES}-{n}", line
        if line:
            form.id.data = str(line.id)
            as_it_is = made(obj=line if is_changed else None)
            form.before = {field.short_name: field.given() for field in as_it_is.columns()}
        yield form


def _field(name: str, option: FieldInfo, lookup: str) -> Any:
    parts, target = set(_parts(option)), _target(option)
    about: dict[str, Any] = {"label": words(name.removesuffix("_id")), "description": option.description or "",
                             "validators": [Required()] if option.is_required() else []}
    if target:
        return ReferenceField(**about, target=target, render_kw={"data-lookup-name": lookup + name})
    return next((kind for type_, kind in KINDS if type_ in parts), TextField)(**about)


def _target(option: FieldInfo) -> type[Entity] | None:
    return next((entity_of(each.table) for each in _parts(option) if isinstance(each, RecordOf)), None)


def _parts(option: FieldInfo | Any) -> Iterator[Any]:
    """The types and marks that an option's type is made of."""
    if isinstance(option, FieldInfo):
        yield from option.metadata
        option = option.annotation
    yield option
    for each in get_args(option):
        yield from _parts(each)
