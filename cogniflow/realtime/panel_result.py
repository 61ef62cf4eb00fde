"""A panel's result: one process computes it, the database keeps it, every process shows it."""

import datetime as dt
import hashlib
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import orjson
import psycopg
import structlog
from psycopg import Connection

from cogniflow.realtime.token import Token

BACKSTOP = 900.0
"""Seconds after which a result is computed anew though nothing is known to have changed."""
MOST_BYTES = 4 * 1024 * 1024
"""A panel's result may not be longer."""

LOCK = "SELECT pg_try_advisory_xact_lock(%s)"
KEPT = """
SELECT token, rev, valid_until, extract(epoch FROM clock_timestamp() - computed_at)::float8,
       CASE WHEN rev IS DISTINCT FROM %(rev)s THEN data END
FROM public.analytics_cache
WHERE panel = %(panel)s AND scope = %(scope)s AND params = %(params)s AND definition = %(definition)s
  AND computed_at > clock_timestamp() - make_interval(secs => %(backstop)s)
  AND coalesce(valid_until > clock_timestamp(), true)
"""
CHANGED = """
SELECT cogniflow.token(), coalesce((SELECT max(floor_xid::text::bigint) FROM cogniflow.change_floor), 0),
       EXISTS (SELECT FROM cogniflow.change_log WHERE xid >= %(xmax)s::text::xid8 AND tbl = ANY(%(reads)s)),
       EXISTS (SELECT FROM cogniflow.change_log WHERE xid = ANY(%(xips)s::text[]::xid8[]) AND tbl = ANY(%(reads)s))
"""
SAVE = """
INSERT INTO public.analytics_cache AS kept (panel, scope, params, definition, data, rev, token, valid_until)
VALUES (%(panel)s, %(scope)s, %(params)s, %(definition)s, %(data)s, %(rev)s, %(token)s, %(valid_until)s)
ON CONFLICT (panel, scope, params) DO UPDATE
SET definition = excluded.definition, data = CASE WHEN kept.rev = excluded.rev THEN kept.data ELSE excluded.data END,
    rev = excluded.rev, token = excluded.token, valid_until = excluded.valid_until, computed_at = excluded.computed_at
"""

log = structlog.get_logger(__name__)


class Panel(Protocol):
    """A named query behind a chart or a list, computed once for all who may see it."""

    topic: str
    """`panel/<name>`, without parameters."""
    definition: str
    """A fingerprint of its query and texts: results of another definition are not used."""
    reads: frozenset[str]
    """The tables it is computed from: a change of one makes it stale."""
    permission: frozenset[str]
    """The entities that a caller must be allowed to read."""

    def accepts(self, params: Mapping[str, str]) -> dict[str, str] | None:
        """The parameters, each written in the one way it is known by; None when they cannot be used."""

    def scope_of(self, caller: Hashable) -> str:
        """Whose result the caller sees: "" for that of everyone, else the key of their own."""

    def compute(self, connection: Connection, params: Mapping[str, str], scope: str) -> tuple[bytes, str, dt.datetime | None]:
        """Its data as JSON, the feed token read in the same statement and, if known, until when it stays right."""


class TooLong(Exception):
    """A panel's result is longer than can be sent; the text says how long."""


class Subject(NamedTuple):
    """What a result is of: the panel, its parameters as `accepts` gave them, and whose it is ("" for everyone's)."""

    panel: Panel
    params: dict[str, str]
    scope: str

    @property
    def key(self) -> dict[str, str]:
        """What it is kept under in the database."""
        return {"panel": self.panel.topic.removeprefix("panel/"), "scope": self.scope, "definition": self.panel.definition,
                "params": orjson.dumps(self.params, option=orjson.OPT_SORT_KEYS).decode()}

    @property
    def lock(self) -> int:
        """The number of the advisory lock that whoever computes it holds."""
        digest = hashlib.blake2b(orjson.dumps(self.key, option=orjson.OPT_SORT_KEYS), digest_size=8).digest()
        return int.from_bytes(digest, signed=True)


@dataclass(frozen=True, slots=True)
class PanelResult:
    """A panel's data, right at feed token `token`; `data` is None where it is what the asker has already.

    `rev`: changes only when the data does. `valid_until`: when the clock alone makes it wrong. `age`: seconds since it was
    computed. `is_own`: whether this process computed it.
    """

    data: bytes | None
    rev: str
    token: str
    valid_until: dt.datetime | None
    age: float = 0.0
    is_own: bool = True


def bring_up_to_date(connection: Connection, subject: Subject, known_rev: str | None, *, alone: bool) -> PanelResult | None:
    """The result as of now: the kept one where nothing has changed since, else computed and kept; in autocommit.

    None while another process is at it, unless `alone`: then it is computed without regard to others, and not kept.
    Raises TooLong, and whatever the panel's query raises.
    """
    computed = None
    try:
        with connection.transaction():
            is_winner = connection.execute(LOCK, (subject.lock,)).fetchone()[0]
            if not is_winner and not alone:
                return None
            if is_winner and (kept := _kept(connection, subject, known_rev)):
                return kept
            computed = _computed(connection, subject)
            if is_winner:
                connection.execute(SAVE, subject.key | {
                    "data": computed.data.decode(), "rev": computed.rev, "token": computed.token,
                    "valid_until": computed.valid_until})
    except psycopg.Error as error:
        if computed is None:
            raise
        # whoever looks need not wait for the database to have room for it
        log.warning("panel_not_kept", panel=subject.panel.topic, error=str(error))
    return computed


def _kept(connection: Connection, subject: Subject, known_rev: str | None) -> PanelResult | None:
    row = connection.execute(KEPT, subject.key | {"rev": known_rev, "backstop": BACKSTOP}).fetchone()
    if row is None:
        return None
    text, rev, valid_until, age, data = row
    token = Token.parse(text)
    now, floor, *changed = connection.execute(CHANGED, {
        "xmax": str(token.xmax), "xips": [str(xid) for xid in token.xips], "reads": list(subject.panel.reads)},
        prepare=False).fetchone()  # a plan kept for any position would read the log from its beginning
    if now is None or any(changed) or token.refusal(Token.parse(now), floor):
        return None
    return PanelResult(None if data is None else data.encode(), rev, text, valid_until, age, is_own=False)


def _computed(connection: Connection, subject: Subject) -> PanelResult:
    data, token, valid_until = subject.panel.compute(connection, subject.params, subject.scope)
    if len(data) > MOST_BYTES:
        raise TooLong(f"{len(data)} bytes are more than the {MOST_BYTES} a panel may have")
    if token is None:
        raise psycopg.OperationalError("this life of the server has no name yet")
    return PanelResult(data, hashlib.blake2b(data, digest_size=8).hexdigest(), token, valid_until)
