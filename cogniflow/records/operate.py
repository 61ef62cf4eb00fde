"""Doing a business verb: lock, check the status, run the one function of the verb, move the status."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from cogniflow.domain.accounts.delegation import refuse_more_rights
from cogniflow.domain.accounts.rights import Caller
from cogniflow.errors import Conflict
from cogniflow.kernel.entity import Entity, label_column, references, title
from cogniflow.kernel.lifecycle import initial_status
from cogniflow.kernel.operation import Operation, operations
from cogniflow.records.address import addressed
from cogniflow.records.authorise import require_verb, through
from cogniflow.records.parse import parse_options
from cogniflow.records.rows import locked, tell_once
from cogniflow.records.versions import Seen, refuse_stale


def operate(session: Session, caller: Caller, entity: type[Entity], key: int | str, verb: str,
            options: Mapping[str, Any], *, version: Seen = None) -> Entity:
    """The record after the verb. Raises Stale, Conflict when its status does not allow the verb, Invalid for wrong options."""
    require_verb(caller, verb, entity)
    operation, given = operations(entity)[verb], parse_options(entity, verb, options)
    _lock_documents(session, entity, key)
    row = locked(session, caller, entity, key, through(caller, entity, caller.operates_only_own(verb, entity.__tablename__)))
    refuse_stale(session, row, version, {})
    _refuse_other_status(operation, row)
    target = operation.moves.get(row.status) if operation.moves else None
    # until the status is set nothing is written: the verb's changes and the move are one UPDATE, one version
    with session.no_autoflush:
        row = operation.run(session, row, **given)
        if target is not None:
            row.status = target
    session.flush()
    session.refresh(row)
    refuse_more_rights(session, caller, row)
    if operation.tells_once:
        tell_once(row)
    return row


def _lock_documents(session: Session, entity: type[Entity], key: int | str) -> None:
    """Lock what the document refers to and that has a status itself, before the document: order, then delivery note."""
    column, value = addressed(entity, key)
    table = entity.__table__
    for name, target in references(entity).items():
        if initial_status(target):
            wanted = select(table.c[f"{name}_id"]).where(table.c[column] == value).scalar_subquery()
            session.execute(select(target.id).where(target.id == wanted).with_for_update(key_share=True))


def _refuse_other_status(operation: Operation, row: Entity) -> None:
    if not operation.allows(row):
        name = getattr(row, label_column(type(row)).key) or row.id
        raise Conflict(f"{title(type(row))} {name} is {row.status}, and must be {' or '.join(operation.moves)} "
                       f"to {operation.verb} it.")
