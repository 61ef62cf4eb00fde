"""What people have added to a record, as its page shows it: comments and files."""

import datetime as dt
from dataclasses import dataclass, replace
from types import SimpleNamespace

from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from cogniflow.domain.accounts.models import User
from cogniflow.domain.accounts.rights import Caller
from cogniflow.domain.workspace.models import Attachment, Comment
from cogniflow.kernel.entity import Entity, rest_path
from cogniflow.records import named
from cogniflow.records.query import parse_list_query
from cogniflow.records.words import plain
from cogniflow.web.shell.shell import company_zone

MOST = 100
"""The newest, so many, are shown."""
UNITS = ("bytes", "kB", "MB")


@dataclass(frozen=True)
class Added:
    """A comment or a file: who added it when, and for a file where to get it."""

    who: str
    what: str
    at: dt.datetime
    when: str
    url: str | None = None
    size: str | None = None


def comments_on(session: Session, caller: Caller, entity: type[Entity], key: int) -> list[Added]:
    """What was said about a record that the caller may read, the oldest first."""
    return [_added(names, each, each.body) for each, names in _of_record(session, caller, Comment, entity, key)]


def files_of(session: Session, caller: Caller, entity: type[Entity], key: int) -> list[Added]:
    """The files that were added to a record that the caller may read, the oldest first."""
    path = f"/api/{rest_path(Attachment)}"
    return [replace(_added(names, each, each.file_name), url=f"{path}/{each.id}/content", size=_size(each.size))
            for each, names in _of_record(session, caller, Attachment, entity, key)]


def _of_record(session: Session, caller: Caller, kind: type[Entity], entity: type[Entity],
               key: int) -> list[tuple[SimpleNamespace, dict[int, str]]]:
    """The rows of a record, each with the names of everybody who added some."""
    query = parse_list_query(caller, kind, MultiDict({
        "entity": entity.__tablename__, "record_id": str(key), "sort": "-id", "limit": str(MOST)}))
    found, _ = named.page(session, caller, kind, query, 0)
    names = dict(session.execute(select(User.id, User.name).where(User.id.in_({each.author_id for each in found}))).all())
    return [(each, names) for each in reversed(found)]


def _added(names: dict[int, str], row: SimpleNamespace, what: str) -> Added:
    return Added(names.get(row.author_id, "A program"), what, row.created_at,
                 plain(Comment.__table__.c.created_at, row, company_zone()))


def _size(count: int) -> str:
    power = min(len(UNITS) - 1, (len(str(count)) - 1) // 3)
    return f"{count / 1000**power:.3g} {UNITS[power]}" if power else f"{count} {UNITS[0]}"
