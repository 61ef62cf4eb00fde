"""The views of a list that its reader has saved."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from cogniflow.domain.accounts.rights import Caller
from cogniflow.domain.workspace.models import SavedView
from cogniflow.kernel.entity import Entity


def views_of(session: Session, caller: Caller, entity: type[Entity]) -> Sequence[SavedView] | None:
    """The caller's own views of the list of an entity, by title; None where the caller has no right to keep any."""
    if not caller.may("read", SavedView.__tablename__):
        return None
    own = select(SavedView).where(SavedView.user_id == caller.user_id, SavedView.entity == entity.__tablename__)
    return session.scalars(own.order_by(SavedView.title)).all()
