"""Reading: PostgreSQL builds the whole answer, its bytes pass through, and the feed token comes from the same snapshot."""

from dataclasses import dataclass, replace
from functools import lru_cache

import orjson
from sqlalchemy import Select, Text, bindparam, cast, func, select
from sqlalchemy.orm import Session

from cogniflow.domain.accounts.rights import Caller
from cogniflow.kernel.entity import Entity
from cogniflow.records.address import addressed, among_living, missing
from cogniflow.records.authorise import OWNER, Reach, reach, reached, require
from cogniflow.records.cursor import write_cursor
from cogniflow.records.query import ListQuery
from cogniflow.records.selection import COUNT_CAP, parameters, plan_of, statement
from cogniflow.records.shape import Projection, projection, record


@dataclass(frozen=True)
class Page:
    """One page of a list: the JSON answer and the feed position it is valid at."""

    body: bytes
    token: str | None
    total: int
    """How many there are, counted no further than 10,000."""

    def moved(self, token: str) -> "Page":
        """The page as it is told at another position, where it is the same."""
        end = orjson.dumps(self.token) + b"}"
        return replace(self, body=self.body.removesuffix(end) + orjson.dumps(token) + b"}", token=token)


@dataclass(frozen=True)
class Record:
    """One record: its JSON, its version, and the feed position it is valid at."""

    body: bytes
    version: int
    id: int
    token: str | None
    xid: str | None
    """The transaction that is writing it; None when nothing was written."""

    def moved(self, token: str) -> "Record":
        """The record as it is told at another position, where it is the same."""
        return replace(self, token=token)


def page(session: Session, caller: Caller, entity: type[Entity], query: ListQuery) -> Page:
    """The page of a list that the caller may read, in one statement."""
    require(caller, "read", entity)
    wanted = projection(caller, entity, query.fields, query.expand)
    plan = plan_of(caller, entity, query, wanted)
    found = session.execute(statement(plan), parameters(query, caller.user_id)).one()
    following = write_cursor(query.sort, found.last) if found.found > query.limit else None
    total = min(found.total, COUNT_CAP)
    about = {"next": following, "total": total,
             "total_is": "exact" if found.total <= COUNT_CAP else "capped"}
    body = b"".join((b'{"data":[', (found.data or "").encode(), b'],"page":', orjson.dumps(about),
                     b',"token":', orjson.dumps(found.token), b"}"))
    return Page(body, found.token, total)


def one(session: Session, caller: Caller, entity: type[Entity], key: int | str, *,
        fields: tuple[str, ...] | None = None, expand: tuple[str, ...] = ()) -> Record:
    """The record that `key` addresses. Raises NotFound where it is not there, or not for this caller."""
    require(caller, "read", entity)
    wanted = projection(caller, entity, fields, expand)
    column, value = addressed(entity, key)
    asked = _one(entity, column, wanted, reach(caller, "read", entity))
    found = session.execute(asked, {"key": value, OWNER: caller.user_id}).one_or_none()
    if found is None:
        raise missing(entity, key)
    return Record(found.body.encode(), found.version, found.id, found.token, found.xid)


def to_writer(session: Session, caller: Caller, row: Entity) -> Record:
    """The record that the caller has written, with the secrets that the write has made."""
    found = one(session, caller, type(row), row.id)
    return replace(found, body=orjson.dumps(orjson.loads(found.body) | row.told_once)) if row.told_once else found


def position(session: Session) -> tuple[str | None, str | None]:
    """The feed token of now, and the id of the session's transaction if it has written."""
    return tuple(session.execute(_position()).one())


@lru_cache(maxsize=1000)
def _one(entity: type[Entity], column: str, wanted: Projection, reach: Reach) -> Select:
    table = entity.__table__
    found = select(cast(record(entity, table, wanted), Text).label("body"), table.c.version, table.c.id,
                   *_position().selected_columns).where(table.c[column] == bindparam("key", type_=table.c[column].type))
    if among_living(entity, column):
        found = found.where(table.c.archived_at.is_(None))
    return found.where(*reached(entity, table, reach))


@lru_cache(maxsize=1)
def _position() -> Select:
    return select(func.cogniflow.token().label("token"),
                  cast(func.pg_current_xact_id_if_assigned(), Text).label("xid"))
