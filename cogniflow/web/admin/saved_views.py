"""The views of a list that its reader has saved."""

from dataclasses import dataclass

from flask import url_for
from sqlalchemy import select
from sqlalchemy.orm import Session

from cogniflow.domain.accounts.rights import Caller
from cogniflow.domain.workspace.models import SavedView
from cogniflow.kernel.entity import Entity


@dataclass(frozen=True)
class View:
    """A saved view: its row, and the address that opens it."""

    row: SavedView
    url: str


def views_of(session: Session, caller: Caller, entity: type[Entity]) -> list[View]:
    """The caller's own views of the list of an entity, by title."""
    own = select(SavedView).where(SavedView.user_id == caller.user_id, SavedView.entity == entity.__tablename__)
    return [View(row, f"{url_for('.index_view')}?{row.arguments}") for row in session.scalars(own.order_by(SavedView.title))]
