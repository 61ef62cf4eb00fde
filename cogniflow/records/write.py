"""The one write path: authorise, parse, lock, compare versions, assign; the database has the last word."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import delete as delete_from
from sqlalchemy import func
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from cogniflow.db.failures import translated
from cogniflow.domain.accounts.delegation import refuse_more_rights
from cogniflow.domain.accounts.rights import Action, Caller
from cogniflow.errors import FieldError, Forbidden, Invalid, NotFound, VersionRequired
from cogniflow.kernel.entity import Entity, entity_of, is_master, lines, title, writable
from cogniflow.kernel.usable import Given, refuse_unusable
from cogniflow.records.authorise import reach, refuse_hidden, require
from cogniflow.records.items import add_items, merge_items
from cogniflow.records.parse import VERSION, Way, input_model, parse, without_echoes
from cogniflow.records.read import one
from cogniflow.records.rows import altered, changed, completed, inserted, locked, tell_once
from cogniflow.records.shape import ITEMS
from cogniflow.records.versions import Seen, is_current, refuse_stale, told


def create(session: Session, caller: Caller, entity: type[Entity], values: Mapping[str, Any]) -> Entity:
    """A new record, with the lines in `items` for a document. Raises Invalid, Forbidden, or the database's Conflict."""
    require(caller, "create", entity)
    given = _given_new(session, caller, entity, values)
    items = given.pop(ITEMS, ())
    line = lines(entity)
    refuse_unusable(session, [Given(entity, given), *(
        Given(line, item, before=f"{ITEMS}.{place}.") for place, item in enumerate(items) if line)])
    [row] = inserted(session, entity, [given])
    _refuse_strangers(caller, "create", row)
    add_items(session, row, items)
    refuse_more_rights(session, caller, row)
    tell_once(row)
    return row


def create_plain(session: Session, caller: Caller, entity: type[Entity], many: Sequence[Mapping[str, Any]]) -> list[Entity]:
    """New records without lines, in order, in one statement where they name the same columns."""
    require(caller, "create", entity)
    given = [_given_new(session, caller, entity, values) for values in many]
    refuse_unusable(session, [Given(entity, values) for values in given])
    rows = inserted(session, entity, given)
    for row in rows:
        _refuse_strangers(caller, "create", row)
        refuse_more_rights(session, caller, row)
    return rows


def update(session: Session, caller: Caller, entity: type[Entity], key: int | str, values: Mapping[str, Any], *,
           version: Seen = None, whole: bool = False) -> Entity:
    """The changed record: what `values` names, or all of it when `whole`; what the system gave may be sent back unchanged.

    Raises Stale when `version` (also among the values) is not the current one, VersionRequired when `whole` has none.
    """
    require(caller, "update", entity)
    row = locked(session, caller, entity, key, reach(caller, "update", entity))
    given = _given_change(session, caller, row, "replace" if whole else "patch", values, version)
    stated = given.pop(VERSION, None)
    if whole and version is None and stated is None:
        raise VersionRequired("Say which version you replace: If-Match with the record's ETag, or `version`.")
    for seen in (version, stated):
        refuse_stale(session, row, seen, given)
    items = given.pop(ITEMS, () if whole and lines(entity) else None)
    refuse_unusable(session, [Given(entity, altered(row, given), row)])
    refuse_unreadable(session, caller, entity, vars(row) | given)
    changed(session, row, completed(entity, given) if whole else given)
    _refuse_strangers(caller, "update", row)
    refuse_more_rights(session, caller, row)
    if items is not None:
        merge_items(session, row, items, whole=whole)
    return row


def delete(session: Session, caller: Caller, entity: type[Entity], key: int | str, *, version: Seen = None) -> None:
    """Remove the record; one of a master that something refers to is archived instead. Raises Stale or Conflict."""
    require(caller, "delete", entity)
    row = locked(session, caller, entity, key, reach(caller, "delete", entity))
    refuse_stale(session, row, version, {})
    try:
        with session.begin_nested():
            session.execute(delete_from(entity).where(entity.id == row.id), execution_options={"synchronize_session": False})
    except IntegrityError:
        if not is_master(entity):
            with translated():
                raise
        changed(session, row, {"archived_at": row.archived_at or func.now()})


def restore(session: Session, caller: Caller, entity: type[Entity], key: int | str, *, version: Seen = None) -> Entity:
    """An archived record, back in use. Raises NotFound for a record that is never archived, or Stale."""
    require(caller, "delete", entity)
    if not is_master(entity):
        raise NotFound(f"{title(entity)} are never archived.")
    row = locked(session, caller, entity, key, reach(caller, "delete", entity))
    refuse_stale(session, row, version, {})
    restored = changed(session, row, {"archived_at": None})
    refuse_more_rights(session, caller, restored)
    return restored


def refuse_unreadable(session: Session, caller: Caller, entity: type[Entity], values: Mapping[str, Any]) -> None:
    """Refuse what would be of a record that is not there for the caller: Invalid."""
    if not entity.resource.of_record:
        return
    try:
        one(session, caller, entity_of(values["entity"]), values["record_id"], fields=("id",))
    except (KeyError, NotFound, Forbidden):
        raise Invalid("There is no such record.", [FieldError("record_id", "names no record that you may read")]) from None


def _given_new(session: Session, caller: Caller, entity: type[Entity], values: Mapping[str, Any]) -> dict[str, Any]:
    _refuse_hidden(caller, "create", entity, values)
    given = parse(entity, "create", values)
    refuse_unreadable(session, caller, entity, given)
    return given


def _given_change(session: Session, caller: Caller, row: Entity, way: Way, values: Mapping[str, Any],
                  version: Seen) -> dict[str, Any]:
    entity, stated = type(row), values.get(VERSION)
    _refuse_hidden(caller, "update", entity, values)
    current = is_current(row, version) and is_current(row, stated if type(stated) is int else None)
    compared = values.keys() - (input_model(entity, way).model_fields.keys() - {ITEMS})
    now = told(session, row) if way == "replace" or (current and compared) else None
    given = without_echoes(entity, way, values, now if current else None)
    return parse(entity, way, _with_hidden(caller, entity, given, now) if way == "replace" else given)


def _refuse_hidden(caller: Caller, action: Action, entity: type[Entity], values: Mapping[str, Any]) -> None:
    refuse_hidden(caller, action, entity, values)
    items, line = values.get(ITEMS), lines(entity)
    for place, item in enumerate(items if line and isinstance(items, list) else ()):
        if isinstance(item, Mapping):
            refuse_hidden(caller, action, line, item, f"{ITEMS}.{place}.")


def _with_hidden(caller: Caller, entity: type[Entity], given: dict[str, Any], now: Mapping[str, Any]) -> dict[str, Any]:
    """The values of a replacement, with what the record holds in the fields that its writer may not give: they stay."""
    hidden, line = caller.hidden(entity.__tablename__, "update"), lines(entity)
    kept = {column.key: now[column.key] for column in writable(entity) if column.key in hidden and column.key in now} | given
    if line and isinstance(kept.get(ITEMS), list) and caller.hidden(line.__tablename__, "update"):
        there = {each["id"]: each for each in now[ITEMS]}
        kept[ITEMS] = [_with_hidden(caller, line, item, there[item["id"]])
                       if isinstance(item, Mapping) and item.get("id") in there else item for item in kept[ITEMS]]
    return kept


def _refuse_strangers(caller: Caller, action: Action, row: Entity) -> None:
    """Refuse what a right to own records alone would make somebody else's, as the database has it now: Forbidden."""
    entity = type(row)
    mine = caller.user_id is not None and any(getattr(row, name) == caller.user_id for name in entity.resource.owners)
    if caller.only_own(action, entity.__tablename__) and not mine:
        raise Forbidden(f"You may {action} only your own {title(entity).lower()}.")
