"""What the feed must know of the business: the events of every table, and who may hear of what."""

import datetime as dt
from collections.abc import Iterable
from math import inf

import orjson
from sqlalchemy import select
from sqlalchemy.orm import Session

from cogniflow.analytics.panel import Panel
from cogniflow.db.session import Database
from cogniflow.domain.accounts.rights import Caller, caller_of_now
from cogniflow.kernel.entity import Entity, entities, entity_of, event_name
from cogniflow.realtime.topics import EventMap, EventRule
from cogniflow.records.authorise import OWNER, reach, reached

IDENTITY = ("name", "user_id", "token_id", "door", "session_id", "expires_at")
"""What is told of a caller to another process, which reads the rights of now itself."""
ACCESS_TABLES = frozenset({"users", "user_sessions", "user_roles", "roles", "permissions", "api_tokens",
                           "system_modules", "system_sub_modules"})


def event_map(panels: Iterable[Panel]) -> EventMap:
    """The events that a change of each table is, from the declarations of entities and dashboards."""
    rules = {each.__tablename__: _rules_of(each) for each in entities()}
    for panel in panels:
        for table in panel.reads & rules.keys():
            rules[table].append(EventRule(f"{panel.name.replace('-', '_')}_updated", topic=f"dashboard/{panel.name}"))
    return EventMap({table: tuple(found) for table, found in rules.items()}, ACCESS_TABLES)


def _rules_of(entity: type[Entity]) -> list[EventRule]:
    """What has a name of its own comes before what every change of the entity is."""
    owned = bool(entity.resource.owners)
    named = [EventRule(each.event, ops=each.ops, columns=frozenset(each.columns), to_owners=owned)
             for each in entity.resource.happenings]
    return [*named, EventRule(event_name(entity), to_owners=owned)]


class RecordAuthoriser:
    """Decides subscriptions by the same permission rows as every read."""

    def __init__(self, database: Database, panels: Iterable[Panel]):
        self._database = database
        self._panels = {panel.name: panel for panel in panels}

    def still_valid(self, caller: Caller) -> bool:
        """Whether the user may still sign in, or the token still works."""
        with self._database.reading() as session:
            return caller_of_now(session, caller) is not None

    def expires_at(self, caller: Caller) -> float:
        """When the session or the token runs out, in seconds since 1970."""
        return caller.expires_at.timestamp() if caller.expires_at else inf

    def may_subscribe(self, caller: Caller, topic: str) -> bool:
        """Whether the caller may now read what the topic tells of: a table, a record, a panel, or its own messages."""
        with self._database.reading() as session:
            now = caller_of_now(session, caller)
            if now is None:
                return False
            head, _, rest = topic.partition("/")
            if head == "user":
                return rest == str(now.user_id)
            if head in ("panel", "dashboard"):
                return self._panels[rest.partition("?")[0]].visible_to(now)
            if rest:
                return _readable(session, now, entity_of(head), int(rest))
            return now.may_follow(head)


def write_identity(caller: Caller) -> bytes:
    """Who the caller is, without any rights, as JSON for another process."""
    return orjson.dumps({name: getattr(caller, name) for name in IDENTITY})


def read_identity(written: bytes) -> Caller:
    """The caller of `write_identity`."""
    fields = orjson.loads(written)
    expires_at = fields.pop("expires_at")
    return Caller(**fields, expires_at=dt.datetime.fromisoformat(expires_at) if expires_at else None)


def _readable(session: Session, caller: Caller, entity: type[Entity], named: int) -> bool:
    """Whether the caller may read a record that events name by this id."""
    if not caller.may_open(entity.__tablename__):
        return False
    rows = entity.__table__
    within = reached(entity, rows, reach(caller, "read", entity))
    found = select(rows.c.id).where(rows.c[entity.resource.feed_id] == named, *within).limit(1)
    return session.execute(found, {OWNER: caller.user_id}).first() is not None
