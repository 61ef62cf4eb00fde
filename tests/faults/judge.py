"""What a client was told, held against what was committed: lost, twice, backwards, untrue."""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, NamedTuple

import psycopg

from cogniflow.realtime.token import Token

MOST_NAMED = 200
"""An event may say null instead of more ids than this."""
READ = """
SELECT id, xid::text::bigint, tbl, op, n, ids, at FROM cogniflow.change_log
WHERE tbl = ANY(%s) AND id > %s AND xid >= %s::text::xid8 ORDER BY id"""

parse = cache(Token.parse)


class Step(NamedTuple):
    """What a client was told between two positions."""

    prev: str
    k: str
    events: Sequence[dict[str, Any]]


class Change(NamedTuple):
    """A row of the change log."""

    id: int
    xid: int
    tbl: str
    op: str
    n: int
    ids: list[int] | None
    at: Any


class Life(NamedTuple):
    """A life of the server: its digest in tokens, and when it began; transaction numbers are its own."""

    digest: str
    since: Any


class Log:
    """The changes of some tables as the database has them, by the life of the server in which they were committed."""

    def __init__(self, connection: psycopg.Connection, tables: Iterable[str], lives: Sequence[Life], after: int, xid: int):
        rows = [Change(*row) for row in connection.execute(READ, (list(tables), after, str(xid)))]
        ends = [each.since for each in lives[1:]]
        self._lives: dict[str, list[Change]] = defaultdict(list)
        for row in rows:
            self._lives[lives[sum(end <= row.at for end in ends)].digest].append(row)
        for digest, found in self._lives.items():
            self._lives[digest] = sorted(found, key=lambda each: (each.xid, each.id))
        self.between = cache(self._between)

    def _between(self, prev: str, k: str) -> list[Change]:
        """What a holder of `k` has seen and a holder of `prev` has not, in the order it was made."""
        before, after = parse(prev), parse(k)
        rows = self._lives.get(after.digest, [])
        first = bisect_left(rows, before.xmin, key=lambda each: each.xid)
        last = bisect_left(rows, after.xmax, key=lambda each: each.xid)
        return sorted(each for each in rows[first:last] if after.covers(each.xid) and not before.covers(each.xid))


@dataclass
class Verdict:
    """What was lost, told twice, told after a later change of the same record, or otherwise not as the log has it."""

    lost: list[str] = field(default_factory=list)
    twice: list[str] = field(default_factory=list)
    inversions: list[str] = field(default_factory=list)
    untrue: list[str] = field(default_factory=list)
    told: int = 0
    """Changes that were told as they should be."""

    def __add__(self, other: "Verdict") -> "Verdict":
        return Verdict(self.lost + other.lost, self.twice + other.twice, self.inversions + other.inversions,
                       self.untrue + other.untrue, self.told + other.told)

    @property
    def is_clean(self) -> bool:
        """Whether nothing at all was wrong."""
        return not (self.lost or self.twice or self.inversions or self.untrue)


class Judge:
    """Follows one client of some whole tables, step by step."""

    def __init__(self, tables: Iterable[str]):
        self.verdict = Verdict()
        self._tables = frozenset(tables)
        self._told: set[tuple[str, str, str, int]] = set()
        self._last: dict[tuple[str, int], int] = {}

    def take(self, steps: Iterable[Step], log: Log) -> Verdict:
        """Judge further steps; the verdict on all so far."""
        for step in steps:
            changes = defaultdict(list)
            for each in log.between(step.prev, step.k):
                if each.tbl in self._tables:
                    changes[each.tbl, each.op].append(each)
                    self._order(each)
            told = {(each["topic"], each["op"]): each for each in step.events}
            if len(told) != len(step.events):
                self.verdict.untrue.append(f"one thing said in several events: {step}")
            for what in changes.keys() | told.keys():
                self._compare(what, changes[what], told.get(what), parse(step.k).digest)
        return self.verdict

    def forget(self, xid: int) -> None:
        """Nothing of a transaction below will be told any more."""
        self._told = {each for each in self._told if each[3] >= xid}

    def _compare(self, what: tuple[str, str], changes: list[Change], event: dict | None, digest: str) -> None:
        xids = {each.xid for each in changes}
        named = set() if event is None else xids if event["xids"] is None else set(map(int, event["xids"]))
        for xid in named - xids:
            (self.verdict.twice if (digest, *what, xid) in self._told else self.verdict.untrue).append(f"{what} {xid}: {event}")
        self._told |= {(digest, *what, xid) for xid in named}
        missing = [each for each in changes if each.xid not in named]
        self.verdict.lost += [str(each) for each in missing]
        self.verdict.told += len(changes) - len(missing)
        if event and not missing and not _is_as_logged(event, changes):
            self.verdict.untrue.append(f"{event}: {changes}")

    def _order(self, change: Change) -> None:
        for each in change.ids or ():
            key = change.tbl, each
            if self._last.get(key, 0) > change.id:
                self.verdict.inversions.append(f"{change} after {self._last[key]}")
            self._last[key] = max(self._last.get(key, 0), change.id)


def _is_as_logged(event: dict, changes: Sequence[Change]) -> bool:
    ids = None if any(each.ids is None for each in changes) else {number for each in changes for number in each.ids}
    may_be_null = ids is None or len(ids) > MOST_NAMED or event["xids"] is None
    ids_match = may_be_null if event["ids"] is None else set(event["ids"]) == ids
    return ids_match and event["n"] == sum(each.n for each in changes)
