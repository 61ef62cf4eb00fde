"""Reading the change log: exactly what was committed between two positions, in one statement."""

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import psycopg
from psycopg import Connection
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from cogniflow.db.session import NOTICED, NOTICED_BY_SERVER
from cogniflow.realtime.token import Token

MOST_ROWS = 50_000
"""A reader that is further behind than this starts anew."""

DELTA = """
WITH now AS MATERIALIZED (
    SELECT cogniflow.token() AS token, coalesce((SELECT max(floor_xid::text::bigint) FROM cogniflow.change_floor), 0) AS floor
), missed AS MATERIALIZED (
    SELECT id, xid::text::bigint, tbl, op, n, ids, cols, routes, at FROM cogniflow.change_log
    WHERE xid >= %(xmax)s::text::xid8 OR xid = ANY(%(xips)s::text[]::xid8[]))
SELECT NULL::bigint AS id, floor AS xid, token AS tbl, NULL AS op,
       (SELECT coalesce(1000 * extract(epoch FROM clock_timestamp() - max(at)), 0) FROM missed)::bigint AS n,
       NULL::jsonb AS ids, NULL::text[] AS cols, NULL::jsonb AS routes FROM now
UNION ALL
(SELECT id, xid, tbl, op, n, ids, cols, routes FROM missed ORDER BY id LIMIT %(most)s)
ORDER BY id NULLS FIRST
"""

CONNECTION_OPTIONS = {
    **NOTICED, "application_name": "cogniflow-feed",
    # a plan by sequential scan would read three days of changes to find the last
    "options": "-c timezone=UTC -c enable_seqscan=off -c jit=off -c plan_cache_mode=force_custom_plan -c statement_timeout=30s "
               + NOTICED_BY_SERVER,
}


class FeedConnection(Connection):
    """A connection whose other end must answer: one that only acknowledges, as a proxy that hangs, is given up.

    `patience`: seconds for one answer; as given here, longer than the server itself lets a statement run.
    """

    patience = 40.0

    def wait(self, gen: Generator, *given: Any, timeout: float | None = None) -> Any:
        """Wait for the answer. Raises OperationalError when it does not come, and is closed then."""
        try:
            return super().wait(gen, *given, timeout=self.patience if timeout is None else timeout)
        except psycopg.OperationalError:
            if self.pgconn.transaction_status == psycopg.pq.TransactionStatus.ACTIVE:
                self.pgconn.finish()
            raise


class Change(NamedTuple):
    """One statement's change of one table: `op` is I, U, D or T, `n` the rows, `ids` None for "the table changed"."""

    id: int
    xid: int
    tbl: str
    op: str
    n: int
    ids: Sequence[int] | None
    cols: Sequence[str] | None
    routes: Sequence[int] | None

    @property
    def size(self) -> int:
        """About how many bytes it takes in memory."""
        return 400 + 40 * (len(self.ids or ()) + len(self.cols or ()) + len(self.routes or ()))


@dataclass(frozen=True, slots=True)
class Batch:
    """What one read found: the changes in the order they were made, and the position after them.

    `lag`: seconds from the newest change to the read, 0 where it found none.
    """

    changes: tuple[Change, ...]
    token: Token
    lag: float = 0.0


class Delta(NamedTuple):
    """Answer of one read: the batch, or why the position cannot be resumed ("epoch", "retention", "slow")."""

    batch: Batch
    refusal: str | None


def conninfo(url: str, *, options: str = "", **others: str) -> str:
    """The direct connection of the feed to the database at `url` (libpq or SQLAlchemy form), with its time limits."""
    scheme, mark, rest = url.partition("://")
    plain = f"{scheme.partition('+')[0]}{mark}{rest}"
    given = conninfo_to_dict(plain)
    own = " ".join(filter(None, (given.get("options"), CONNECTION_OPTIONS["options"], options)))
    return make_conninfo(plain, **{**CONNECTION_OPTIONS, "options": own, **others})


def read_delta(connection: Connection, since: Token | None) -> Delta:
    """What was committed after `since` and is now; from None, nothing but the position. Names a nameless server first."""
    parameters = {"xmax": str(since.xmax if since else 2 ** 62), "most": MOST_ROWS + 1,
                  "xips": [str(xid) for xid in since.xips] if since else []}
    while True:
        (_, floor, text, _, lag, *_), *rows = connection.execute(DELTA, parameters, prepare=True).fetchall()
        if text is not None:
            break
        connection.execute("SELECT cogniflow.begin_incarnation()")
    now = Token.parse(text)
    refusal = since.refusal(now, floor) if since else None
    if refusal is None and len(rows) > MOST_ROWS:
        refusal = "slow"
    return Delta(Batch(() if refusal else tuple(map(Change._make, rows)), now, lag / 1000), refusal)
