"""The lines of a document: taken and given as its `items`, written together with it."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from cogniflow.errors import FieldError, Invalid
from cogniflow.kernel.entity import Entity, lines
from cogniflow.kernel.usable import Given, refuse_unusable
from cogniflow.records.rows import altered, by_id, changed, completed, inserted
from cogniflow.records.shape import ITEMS

Items = Sequence[Mapping[str, Any]]


def add_items(session: Session, document: Entity, items: Items) -> None:
    """New lines of the document, in the order given."""
    line = lines(type(document))
    if line and items:
        inserted(session, line, [{**item, f"{line.resource.lines_of}_id": document.id} for item in items])


def merge_items(session: Session, document: Entity, items: Items, *, whole: bool) -> None:
    """Change the lines that name an id, add the others, and when `whole` delete those not named.

    Raises Invalid for an id that is not a line of the document, or is named twice.
    """
    line = lines(type(document))
    there = by_id(session.scalars(select(line).where(line.__table__.c[f"{line.resource.lines_of}_id"] == document.id)))
    named = {item["id"]: item for item in items if "id" in item}
    _refuse_strangers(items, set(there))
    rows = [there.get(item.get("id")) for item in items]
    refuse_unusable(session, [Given(line, altered(row, _values(item)) if row else item, row, f"{ITEMS}.{place}.")
                              for place, (item, row) in enumerate(zip(items, rows, strict=True))])
    if whole and (gone := sorted(set(there) - set(named))):
        session.execute(delete(line).where(line.id.in_(gone)), execution_options={"synchronize_session": False})
    for number, row in there.items():
        if number in named:
            given = _values(named[number])
            kept = {f"{line.resource.lines_of}_id": document.id}
            changed(session, row, completed(line, {**given, **kept}) if whole else given)
    add_items(session, document, [item for item in items if "id" not in item])
    session.refresh(document)


def _values(item: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in item.items() if name != "id"}


def _refuse_strangers(items: Items, there: set[int]) -> None:
    unseen, errors = set(there), []
    for place, item in enumerate(items):
        if "id" in item:
            if item["id"] not in unseen:
                errors.append(FieldError(f"{ITEMS}.{place}.id", "is not a line of this document, or is named twice"))
            unseen.discard(item["id"])
    if errors:
        raise Invalid("Some lines cannot be accepted.", errors)
