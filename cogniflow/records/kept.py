"""Pages of lists, kept as they were told: told again for as long as no table that they tell of has changed.

Every process asks the change log, in the snapshot of now, and not a feed that may be behind: who reads after a commit was
acknowledged reads what it changed, whoever wrote it and wherever.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import replace

import orjson
from sqlalchemy.orm import Session

from cogniflow.kernel.entity import Entity, lines, references
from cogniflow.realtime.token import Token
from cogniflow.records.read import Page

MOST_BYTES = 16 * 1024 * 1024
"""Of all pages that a process keeps."""
CHANGES = """
SELECT cogniflow.token(),
       (SELECT count(*) > 1000 OR coalesce(bool_or(tbl = ANY(%(tables)s)), false)
        FROM (SELECT tbl FROM cogniflow.change_log WHERE xid >= %(xmax)s::text::xid8 ORDER BY xid DESC LIMIT 1001) later)
       OR EXISTS (SELECT FROM cogniflow.change_log WHERE xid = ANY(%(xips)s::text[]::xid8[]) AND tbl = ANY(%(tables)s))
       OR EXISTS (SELECT FROM cogniflow.change_floor WHERE floor_xid >= %(xmin)s::text::xid8)
"""
"""The position of now, and whether a change of the tables is to be seen there that was not at another one.

By the index whatever is guessed of the table; what is too far behind counts as changed.
"""


class KeptPages:
    """The pages that a process has told lately."""

    def __init__(self, most_bytes: int = MOST_BYTES):
        self._most, self._bytes = most_bytes, 0
        self._pages: OrderedDict[Hashable, tuple[Page, tuple[str, ...]]] = OrderedDict()
        self._turn = threading.Lock()

    def page(self, session: Session, key: Hashable, read: Callable[[], tuple[Page, tuple[str, ...]]]) -> Page:
        """The page of `key` as it is now; `read` reads it, and names the tables that it tells of.

        `key` says all that the page depends on beside their rows: the list, who asks, and what for.
        """
        page, tables = self._pages.get(key, (None, ()))
        now = _unchanged_until(session, page.token, tables) if page else None
        if now:
            page = _moved(page, now)
        else:
            page, tables = read()
        if page.token:
            self._keep(key, page, tables)
        return page

    def _keep(self, key: Hashable, page: Page, tables: tuple[str, ...]) -> None:
        with self._turn:
            former, _ = self._pages.pop(key, (None, ()))
            self._pages[key] = page, tables
            self._bytes += len(page.body) - (len(former.body) if former else 0)
            while self._bytes > self._most:
                _, (oldest, _) = self._pages.popitem(last=False)
                self._bytes -= len(oldest.body)


def tables_of(entity: type[Entity], expand: tuple[str, ...]) -> tuple[str, ...]:
    """The tables whose rows a page of the entity tells, with the references that are nested."""
    told = [entity, *(references(entity)[name] for name in expand)]
    return tuple({each.__tablename__ for owner in told for each in (owner, lines(owner)) if each})


def _unchanged_until(session: Session, token: str, tables: tuple[str, ...]) -> str | None:
    """The position of now where nothing of the tables has changed since `token`; None where something has, or nobody can say."""
    since = Token.parse(token)
    given = {"tables": list(tables), "xmin": str(since.xmin), "xmax": str(since.xmax), "xips": [str(xid) for xid in since.xips]}
    now, changed = session.connection().exec_driver_sql(CHANGES, given).one()
    return now if now and not changed and Token.parse(now).digest == since.digest else None


def _moved(page: Page, now: str) -> Page:
    """The page as it is told at another position, where it is the same."""
    return replace(page, body=page.body.removesuffix(orjson.dumps(page.token) + b"}") + orjson.dumps(now) + b"}", token=now)
