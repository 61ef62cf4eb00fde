"""Navigation rows of declared entities; what is shown comes from the rows, the declaration only begins them."""

import re

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from cogniflow.domain.system.models import SystemModule, SystemSubModule
from cogniflow.kernel.entity import Entity, document_of, entities, title

STEP = 10
"""Between the positions of two neighbours, so that others fit in."""


def list_missing(session: Session) -> None:
    """Insert a module for every heading, and an entry for every entity that is no line, where there is none yet."""
    listed = set(session.scalars(select(SystemSubModule.entity)))
    for entity in entities():
        if document_of(entity) is None and entity.__tablename__ not in listed:
            _list(session, entity)


def _list(session: Session, entity: type[Entity]) -> None:
    menu = entity.resource.menu
    code = re.sub(r"\W+", "_", menu.lower())
    session.execute(insert(SystemModule).values(
        code=code, title=menu, icon=entity.resource.icon, position=_last(SystemModule)).on_conflict_do_nothing())
    below = select(SystemModule.id).where(SystemModule.code == code).scalar_subquery()
    session.execute(insert(SystemSubModule).values(
        module_id=below, code=entity.__tablename__, title=title(entity), icon=entity.resource.icon, entity=entity.__tablename__,
        position=_last(SystemSubModule)).on_conflict_do_nothing())


def _last(rows: type[SystemModule] | type[SystemSubModule]):
    return select(func.coalesce(func.max(rows.position), 0) + STEP).scalar_subquery()
