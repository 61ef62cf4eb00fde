"""The options of verbs as small forms."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, get_args

from cogniflow.kernel.operation import Operation
from cogniflow.web.admin.display import words


@dataclass(frozen=True)
class OptionField:
    """One option of a verb as a form asks for it."""

    name: str
    title: str
    kind: str
    """Type of the input: text, date, number or checkbox."""
    required: bool
    help: str


def option_fields(operation: Operation) -> list[OptionField]:
    """What the verb can be told."""
    return [OptionField(name, words(name), _kind(field.annotation), field.is_required(), field.description or "")
            for name, field in operation.options.model_fields.items()]


def options_given(operation: Operation, form: Mapping[str, str]) -> dict[str, Any]:
    """The options that a posted form gives; empty ones are left out."""
    return {name: form[name].strip() for name in operation.options.model_fields if form.get(name, "").strip()}


def _kind(annotation: Any) -> str:
    possible = {annotation, *get_args(annotation)}
    kinds = ((bool, "checkbox"), (dt.date, "date"), (int, "number"), (Decimal, "decimal"))
    return next((kind for type_, kind in kinds if type_ in possible), "text")
