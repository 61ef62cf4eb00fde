"""The history of a record as its page shows it: who changed what, when, and what it was before."""

import datetime as dt
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import orjson
from pydantic import ValidationError
from sqlalchemy import Column
from sqlalchemy.orm import Session

from cogniflow.domain.accounts.rights import Caller
from cogniflow.kernel.entity import Entity, references
from cogniflow.records import named
from cogniflow.records.fields import adapter
from cogniflow.records.history import history
from cogniflow.records.words import field_title, plain
from cogniflow.web.shell.shell import company_zone

MOST = 20
"""Changes shown at once."""
Names = dict[tuple[str, Any], str]
DONE = {"I": "created it", "U": "changed it", "D": "deleted it"}


@dataclass(frozen=True)
class Change:
    """One change: who did what when, by which door, and the fields that differ, each with what it was and what it became."""

    who: str
    done: str
    at: dt.datetime
    when: str
    door: str
    differences: list[tuple[str, str, str]]


@dataclass(frozen=True)
class Changes:
    """The newest changes of a record, or those before a cursor; `following` is the cursor of older ones."""

    shown: list[Change]
    following: str | None


def changes_of(session: Session, caller: Caller, entity: type[Entity], key: int, cursor: str | None) -> Changes:
    """Some of the changes of a record, in words; of what it was created with, only its fields of today tell."""
    told = orjson.loads(history(session, caller, entity, key, limit=MOST, cursor=cursor).body)
    names = _names(session, caller, entity, told["data"])
    return Changes([_change(entity, each, names) for each in told["data"]], told["page"]["next"])


def _change(entity: type[Entity], told: dict[str, Any], names: Names) -> Change:
    differences = told["changes"] if told["op"] == "U" else {}
    at = dt.datetime.fromisoformat(told["at"])
    columns = entity.__table__.c
    return Change(told["actor"]["name"] if told["actor"] else "A program", DONE[told["op"]], at,
                  f"{at.astimezone(company_zone()):%-d %b %Y %H:%M}", told["door"] or "SQL",
                  [(field_title(columns[name]), *(_said(columns[name], value, names) for value in values))
                   for name, values in differences.items()])


def _said(column: Column, value: Any, names: Names) -> str:
    try:
        typed = value if value is None else adapter(column).validate_python(value)
    except ValidationError:  # it was right when it was written
        return str(value)
    row = SimpleNamespace(**{column.key: typed, f"{named.LABEL}{column.key}": names.get((column.key, value))})
    return plain(column, row, company_zone())


def _names(session: Session, caller: Caller, entity: type[Entity], told: list[dict[str, Any]]) -> Names:
    """The names of the records that references referred to, by column and number."""
    found = {}
    for name, target in references(entity).items():
        column = f"{name}_id"
        ids = {value for each in told for value in each["changes"].get(column, ()) if value is not None}
        found |= {(column, key): said for key, said in named.names_of(session, caller, target, ids).items()}
    return found
