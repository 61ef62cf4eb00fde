"""What a process has read, told again for as long as no table that it was read from has changed.

Every request that is told something again looks at the change log first, in a snapshot taken after the request came, and not at a
feed that may be behind: who reads after a commit was acknowledged reads what it changed, whoever wrote it and wherever.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Collection, Hashable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, TypeVar

from cogniflow.db.session import Database
from cogniflow.domain.accounts.rights import Caller
from cogniflow.kernel.entity import Entity, lines, references
from cogniflow.realtime.token import Token
from cogniflow.records.authorise import reach
from cogniflow.records.read import Page, Record

Told = TypeVar("Told", Page, Record)

MOST_BYTES = 16 * 1024 * 1024
"""Of all that a process keeps."""
NOW = "SELECT cogniflow.token()"
CHANGES = ("SELECT cogniflow.token(), "
           "cogniflow.changed_since(%(xmin)s::text::xid8, %(xmax)s::text::xid8, %(xips)s::text[]::xid8[])")


@dataclass(frozen=True)
class Look:
    """One look at the change log: its number among those of the process, and the position of then; None while nobody can say."""

    number: int
    position: Token | None


@dataclass(frozen=True)
class Entry:
    """What was read after a look, and the tables that it came from."""

    value: Any
    number: int
    tables: Collection[str]
    size: int


class Kept:
    """What a process keeps, the least used given up first.

    An entry read after look n has in it every change that the looks up to n have found: each was committed before it was found. A
    change that it lacks came later, so a later look finds it, and the entry is of no use from then on. Looks may overtake one
    another: one that begins at an earlier position finds again what was found, which costs an entry and tells nothing stale.
    """

    def __init__(self, most_bytes: int = MOST_BYTES):
        self._most, self._bytes = most_bytes, 0
        self._entries: OrderedDict[Hashable, Entry] = OrderedDict()
        self._turn, self._looking = threading.Lock(), threading.Lock()
        self._next: Future[Look] | None = None
        """The look that those who come now will share; it has not begun."""
        self._position: Token | None = None
        self._looks = self._oldest = 0
        self._changed: dict[str, int] = {}

    def look(self, database: Database) -> Look:
        """See what has changed until now; those who come while one looks share the next look. Raises what the database does."""
        with self._turn:
            leads = self._next is None
            shared = self._next = self._next or Future()
        if leads:
            with self._looking:
                with self._turn:
                    self._next = None  # who comes from now on may have come too late for this one
                try:
                    shared.set_result(self._look(database))
                except BaseException as error:
                    shared.set_exception(error)
        return shared.result()

    def _look(self, database: Database) -> Look:
        now, tables = _changes(database, self._position)
        with self._turn:
            self._looks += 1
            self._position = now
            if tables is None:
                self._oldest = self._looks
            else:
                self._changed.update(dict.fromkeys(tables, self._looks))
            return Look(self._looks, now)

    def __contains__(self, key: Hashable) -> bool:
        """Whether something is kept under `key`, of use or not."""
        return key in self._entries

    def get(self, key: Hashable) -> Entry | None:
        """What was kept under `key`, where the request's look, or a later one, found no change of it."""
        with self._turn:
            entry = self._entries.get(key)
            if not entry or entry.number < max(self._oldest, *(self._changed.get(each, 0) for each in entry.tables)):
                return None
            self._entries.move_to_end(key)
            return entry

    def told(self, look: Look, key: Hashable, read: Callable[[], tuple[Told, Collection[str]]]) -> tuple[Told, Collection[str]]:
        """What is told under `key`, as it is now, and the tables that it tells of; `read` reads both.

        `key` says all that it depends on beside their rows: what is asked for, and who asks.
        """
        if entry := self.get(key):
            # what another request has read since this one looked tells its own position
            is_later = look.position and look.position.includes(Token.parse(entry.value.token))
            return entry.value.moved(str(look.position)) if is_later else entry.value, entry.tables
        value, tables = read()
        if value.token:
            self.put(look, key, value, tables, len(value.body))
        return value, tables

    def put(self, look: Look, key: Hashable, value: Any, tables: Collection[str], size: int) -> None:
        """Keep what was read after `look` from these tables, `size` bytes of it; `key` says all else that it depends on."""
        if look.position is None:
            return
        with self._turn:
            former = self._entries.pop(key, None)
            self._entries[key] = Entry(value, look.number, tables, size)
            self._bytes += size - (former.size if former else 0)
            while self._bytes > self._most:
                _, oldest = self._entries.popitem(last=False)
                self._bytes -= oldest.size


def tables_of(caller: Caller, entity: type[Entity], expand: tuple[str, ...]) -> set[str]:
    """The tables whose rows decide what the caller is told of the entity, with the references that are nested."""
    told = [entity, *(references(entity)[name] for name in expand)]
    reaching = {table for table, own in reach(caller, "read", entity).tables or () if own}
    return reaching.union(each.__tablename__ for owner in told for each in (owner, lines(owner)) if each)


def _changes(database: Database, since: Token | None) -> tuple[Token | None, list[str] | None]:
    """The position of now, and the tables that have changed since another one; None for those that nobody can tell."""
    if since is None:
        told, tables = database.ask(NOW)[0], None
    else:
        told, tables = database.ask(CHANGES, {
            "xmin": str(since.xmin), "xmax": str(since.xmax), "xips": [str(xid) for xid in since.xips]})
    now = Token.parse(told) if told else None
    return now, tables if now and since and now.digest == since.digest else None
