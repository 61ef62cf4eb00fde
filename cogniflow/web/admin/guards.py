"""What would be refused for a record, so that no page offers it: by its status, or because it is somebody else's."""

from typing import Any

from sqlalchemy import column, func, select, table
from sqlalchemy.orm import Session

from cogniflow.domain.accounts.rights import Action, Caller
from cogniflow.kernel.entity import Entity, document_of
from cogniflow.kernel.lifecycle import initial_status, statuses
from cogniflow.records.named import DOCUMENT_STATUS

DOCUMENT_GUARD, FINAL = "cogniflow_40_document", 2
"""The trigger that guards documents, and which of its arguments are the statuses in which nothing changes."""
LINES_GUARD, LATER = "cogniflow_lines_u", 4
"""The trigger that guards the changes of lines, and which of its arguments are the later statuses in which some may change."""


def status_of(row: Any) -> str | None:
    """The status that decides what may be done with a row: its own, or that of the document it is a line of."""
    return getattr(row, DOCUMENT_STATUS, getattr(row, "status", None))


def first_status(entity: type[Entity]) -> str | None:
    """The status in which everything of a record may change; None where it has none."""
    return initial_status(document_of(entity) or entity)


def changeable_statuses(session: Session, entity: type[Entity]) -> frozenset[str | None]:
    """The statuses in which anything of a record may change, as the database's own guard of it was told."""
    first = first_status(entity)
    if document_of(entity):
        return frozenset({first, *_argument(session, entity, LINES_GUARD, LATER)})
    return frozenset(statuses(entity) or [None]) - _argument(session, entity, DOCUMENT_GUARD, FINAL)


def reaches(caller: Caller, action: Action, entity: type[Entity], row: Any) -> bool:
    """Whether the caller's right to `action` reaches the row, or only others that are the caller's own."""
    return not caller.only_own(action, entity.__tablename__) or _is_own(caller, entity, row)


def may_operate(caller: Caller, verb: str, entity: type[Entity], row: Any) -> bool:
    """Whether the caller may do the verb with the row, whatever its status."""
    table = entity.__tablename__
    return caller.may_operate(verb, table) and (not caller.operates_only_own(verb, table) or _is_own(caller, entity, row))


def _is_own(caller: Caller, entity: type[Entity], row: Any) -> bool:
    return caller.user_id is not None and caller.user_id in {getattr(row, name) for name in entity.resource.owners}


def _argument(session: Session, entity: type[Entity], guard: str, place: int) -> frozenset[str]:
    trigger = table("pg_trigger", column("tgrelid"), column("tgname"), column("tgargs"), schema="pg_catalog")
    told = session.scalar(select(trigger.c.tgargs).where(
        trigger.c.tgrelid == func.to_regclass(f"public.{entity.__tablename__}"), trigger.c.tgname == guard))
    return frozenset(bytes(told).split(b"\0")[place].decode().strip("{}").split(",")) if told else frozenset()
