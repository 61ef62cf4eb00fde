"""What a person or program may give for a record: models derived from the entity, and errors that name the field."""

from collections.abc import Mapping
from functools import cache
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, ValidationError, create_model
from sqlalchemy import Column

from cogniflow.errors import FieldError, Invalid
from cogniflow.kernel.entity import Entity, lines, writable
from cogniflow.kernel.fields import Giver
from cogniflow.kernel.operation import operations
from cogniflow.records.fields import field_type, written_type
from cogniflow.records.shape import ITEMS, told_fields

Way = Literal["create", "patch", "replace"]
VERSION = "version"
MOST_ITEMS = 1000
ADDED, CHANGED = "added", "changed"


def is_required(column: Column) -> bool:
    """Whether a new record needs a value for `column`: it may not be empty and has no default."""
    return not column.nullable and column.server_default is None and not column.identity and not column.computed


def is_creatable(entity: type[Entity]) -> bool:
    """Whether a person can give all that a new record needs; a token's hash, for one, is not given."""
    given = {column.key for column in writable(entity)}
    return bool(given) and all(column.key in given for column in entity.__table__.columns if is_required(column))


@cache
def input_model(entity: type[Entity], way: Way, line: bool = False) -> type[BaseModel]:
    """The model of what is given to create, patch or replace a record; `line`, of one inside its document's items."""
    columns = [each for each in writable(entity) if not (line and each.key == f"{entity.resource.lines_of}_id")]
    if way == "create":
        columns = [entity.__table__.c.uid, *columns]
    fields: dict[str, Any] = {each.key: _field(each, way) for each in columns}
    if line and way != "create":
        fields = {"id": (field_type(entity.__table__.c.id), Field(description="Number of the line.")), **fields}
    elif way != "create":
        seen = "The version that is changed; If-Match does the same."
        fields[VERSION] = (field_type(entity.__table__.c.version), Field(default_factory=_absent, description=seen))
    if items := lines(entity):
        fields[ITEMS] = (_items(items, way), Field(
            default_factory=_absent, max_length=MOST_ITEMS, description=items.__table__.comment))
    name = f"{entity.__name__}{'Line' if line else ''}{way.capitalize()}"
    return create_model(name, __config__=ConfigDict(extra="forbid"), __doc__=entity.__table__.comment, **fields)


def parse(entity: type[Entity], way: Way, values: Mapping[str, Any]) -> dict[str, Any]:
    """The values given, by column, in Python's types; `items` as a list of such. Raises Invalid naming every wrong field."""
    try:
        return _given(input_model(entity, way).model_validate(dict(values)))
    except ValidationError as error:
        raise Invalid("Some values cannot be accepted.", [_told(entity, each) for each in error.errors(include_url=False)]) \
            from None


def without_echoes(entity: type[Entity], way: Way, values: Mapping[str, Any], told: Mapping[str, Any] | None) -> dict[str, Any]:
    """The values without what the system gives and `told` has the same, so that a record read can be sent back.

    Without `told`, of another version than the one that was read, nothing the system gives can be compared: all of it goes.
    """
    kept, line = _unlike(entity, input_model(entity, way), values, told), lines(entity)
    if line and isinstance(kept.get(ITEMS), list):
        model, there = input_model(line, way, line=True), {each["id"]: each for each in told[ITEMS]} if told else None
        kept[ITEMS] = [
            _unlike(line, model, item, there and there.get(item["id"], {}))
            if isinstance(item, Mapping) and type(item.get("id")) is int else item for item in kept[ITEMS]]
    return kept


def parse_options(entity: type[Entity], verb: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """The options of a verb in Python's types. Raises Invalid naming every wrong option."""
    model = operations(entity)[verb].options
    try:
        return {name: value for name, value in model.model_validate(dict(values)) if name in model.model_fields}
    except ValidationError as error:
        raise Invalid("Some options cannot be accepted.", [
            FieldError(_path(each["loc"]), _message(each)) for each in error.errors(include_url=False)]) from None


def _field(column: Column, way: Way) -> tuple[Any, Any]:
    kind = written_type(column)
    if column.nullable:
        kind = kind | None
    if way != "patch" and is_required(column):
        return kind, Field(description=column.comment)
    return kind, Field(default_factory=_absent, description=column.comment)


def _unlike(entity: type[Entity], model: type[BaseModel], values: Mapping[str, Any], told: Mapping[str, Any] | None) -> dict:
    given_by_system = set(told_fields(entity)) - set(model.model_fields)
    return {name: value for name, value in values.items()
            if name not in given_by_system or (told is not None and (name not in told or told[name] != value))}


def _absent() -> None:
    """Stands for a value not given, so that no schema says it were null."""


def _items(line: type[Entity], way: Way) -> Any:
    added = input_model(line, "create", line=True)
    if way == "create":
        return list[added]
    changed = input_model(line, way, line=True)
    return list[Annotated[Annotated[added, Tag(ADDED)] | Annotated[changed, Tag(CHANGED)], Discriminator(_added_or_changed)]]


def _added_or_changed(item: Any) -> str:
    return CHANGED if isinstance(item, Mapping) and "id" in item else ADDED


def _given(model: BaseModel) -> dict[str, Any]:
    values = {name: getattr(model, name) for name in type(model).model_fields if name in model.model_fields_set}
    if values.get(ITEMS) is not None:
        values[ITEMS] = [_given(item) for item in values[ITEMS]]
    return values


def _told(entity: type[Entity], error: Any) -> FieldError:
    where = entity
    if error["loc"][0] == ITEMS and len(error["loc"]) > 1:
        where = lines(entity) or entity
    if error["type"] == "extra_forbidden":
        return FieldError(_path(error["loc"]), _why_not(where, str(error["loc"][-1])))
    return FieldError(_path(error["loc"]), _message(error))


def _why_not(entity: type[Entity], name: str) -> str:
    column = entity.__table__.columns.get(name)
    if column is None or column.info.get("secret"):
        return "is not a field of this resource"
    if column.info.get("given_by") == Giver.OPERATION:
        return f"is changed by the operations alone; use the verb: {', '.join(operations(entity)) or 'none yet'}"
    return "is given by the system"


def _path(loc: tuple) -> str:
    return ".".join(str(part) for part in loc if part not in (ADDED, CHANGED))


def _message(error: Any) -> str:
    said = {"missing": "is required", "model_type": "must be an object"}
    return said.get(error["type"]) or error["msg"].removeprefix("Value error, ")
