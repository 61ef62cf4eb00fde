"""The one check of rights: who may do what with which records, the same for REST, admin and command line."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, FromClause, and_, bindparam, false, or_, select

from cogniflow.domain.accounts.rights import Action, Caller
from cogniflow.errors import FieldError, Forbidden, Invalid, NotFound, ReadOnly
from cogniflow.kernel.entity import Entity, entities, entity_of, title
from cogniflow.kernel.operation import operations

OWNER = "owner"
"""Name of the parameter that holds the caller's user in a condition made by `owned`."""


def require(caller: Caller, action: Action, entity: type[Entity]) -> None:
    """Refuse what the caller may not do: NotFound where it may not even read, ReadOnly, or Forbidden,
    as what is switched off is to everybody.
    """
    table = entity.__tablename__
    if not caller.may("read", table):
        raise NotFound(f"There is no resource {table}.")
    if table in caller.off:
        raise Forbidden(f"{title(entity)} are switched off.")
    if action != "read" and entity.resource.read_only:
        raise ReadOnly(f"{title(entity)} are written by the system alone.")
    if not caller.may(action, table):
        raise Forbidden(f"You may not {action} {title(entity).lower()}.")


def require_verb(caller: Caller, verb: str, entity: type[Entity]) -> None:
    """Refuse a verb that does not exist or that the caller may not do: NotFound or Forbidden."""
    require(caller, "read", entity)
    if verb not in operations(entity):
        raise NotFound(f"{title(entity)} have no operation {verb}.")
    if not caller.may_operate(verb, entity.__tablename__):
        raise Forbidden(f"You may not {verb} {title(entity).lower()}.")


@dataclass(frozen=True)
class Reach:
    """How far a right goes: to every record, to one's own, or to what is of records that one may read."""

    own: bool = False
    tables: tuple[tuple[str, bool], ...] | None = None
    """Of what is of records: the tables that may be read, each with whether only one's own records there."""


EVERYTHING = Reach()


def reach(caller: Caller, action: Action, entity: type[Entity]) -> Reach:
    """How far the caller's right to `action` goes."""
    return through(caller, entity, caller.only_own(action, entity.__tablename__))


def through(caller: Caller, entity: type[Entity], own: bool) -> Reach:
    """How far a right goes that is on one's own records or on all, where the records are of others."""
    if not entity.resource.of_record:
        return Reach(own)
    tables = (each.__tablename__ for each in entities())
    return Reach(own, tuple((table, caller.only_own("read", table)) for table in tables if caller.may_open(table)))


def reached(entity: type[Entity], row: FromClause, reach: Reach) -> list[ColumnElement[bool]]:
    """What a row must meet to be within reach; the caller's user is parameter `owner`."""
    wanted = [owned(entity, row)] if reach.own else []
    if reach.tables is not None:
        whole = [table for table, own in reach.tables if not own]
        partly = [entity_of(table) for table, own in reach.tables if own]
        wanted.append(or_(row.c.entity.in_(whole), *(and_(row.c.entity == each.__tablename__, row.c.record_id.in_(
            select(each.id).where(owned(each, each.__table__)))) for each in partly)))
    return wanted


def refuse_hidden(caller: Caller, action: Action, entity: type[Entity], values: Mapping[str, Any], before: str = "") -> None:
    """Refuse values for fields that are hidden from the caller, as if they were not there: Invalid."""
    hidden = caller.hidden(entity.__tablename__, action)
    if given := [name for name in values if name in hidden]:
        raise Invalid("Some values cannot be accepted.", [
            FieldError(f"{before}{name}", "is not a field of this resource") for name in given])


def owned(entity: type[Entity], row: FromClause) -> ColumnElement[bool]:
    """Whether a row belongs to the user in parameter `owner`; never, for an entity without owners."""
    user = bindparam(OWNER, type_=BigInteger)
    return or_(false(), *(row.c[name] == user for name in entity.resource.owners))
