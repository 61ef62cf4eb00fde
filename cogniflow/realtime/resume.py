"""Coming back: what a client missed, from memory, else from the change log, else the word that it must refetch."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg
from psycopg import Connection

from cogniflow.realtime.changes import Change, FeedConnection, conninfo, read_delta
from cogniflow.realtime.ring import Ring
from cogniflow.realtime.tail import Tail
from cogniflow.realtime.token import BadToken, Token
from cogniflow.realtime.waker import MOMENT

PATIENCE = 5.0
"""Seconds a client waits for a feed whose database is away before it is sent off to try again."""


class FeedAway(Exception):
    """The feed cannot say where it stands: its database is not reachable."""


@dataclass(frozen=True)
class Missed:
    """The changes between a client's token and `position`, or why they cannot be told."""

    position: Token
    changes: Sequence[Change] = ()
    why: str | None = None


class Resumption:
    """Finds what a token's holder has missed; `held` is the lock under which the feed hands out batches."""

    def __init__(self, url: str, tail: Tail, ring: Ring, held: threading.RLock):
        self._dsn = conninfo(url)
        self._tail, self._ring, self._held = tail, ring, held
        self._connection: Connection | None = None
        self._reading = threading.Lock()

    def before(self, text: str | None) -> Missed:
        """What was missed between the token (None: nothing) and about now. Raises FeedAway."""
        token, why = _parsed(text)
        if self._ring.position is None or token and not self._ring.position.includes(token):
            # the reader is behind the token, or the token is none of this server's: a fresh read tells
            if not self._tail.read_again(PATIENCE):
                raise FeedAway
            if token and not self._ring.position.includes(token):
                token, why = None, "epoch"
        if token is None:
            return Missed(self._ring.position, (), why)
        older: Sequence[Change] = ()
        found = self._ring.since(token)
        if found is None:
            older, token, why = self._from_log(token)
            if token is None:
                return Missed(self._ring.position, (), why)
            found = self._ring.since(token)
        return Missed(found.token, (*older, *found.changes)) if found else Missed(token, older)

    @contextmanager
    def rest(self, missed: Missed) -> Iterator[Missed]:
        """What came since `missed` was read, a moment ago, with the feed held still while the block subscribes."""
        with self._held:
            found = self._ring.since(missed.position)
            yield Missed(found.token, found.changes) if found else Missed(self._ring.position, (), "slow")

    def close(self) -> None:
        """Give its connection back."""
        if self._reading.acquire(timeout=MOMENT):
            if self._connection:
                self._connection.close()
            self._reading.release()

    def _from_log(self, token: Token) -> tuple[Sequence[Change], Token | None, str | None]:
        with self._reading:
            try:
                if self._connection is None or self._connection.closed or self._connection.broken:
                    self._connection = FeedConnection.connect(self._dsn, autocommit=True)
                batch, why = read_delta(self._connection, token)
            except psycopg.Error as error:
                raise FeedAway from error
        if why:
            return (), None, why
        if not self._ring.position.includes(batch.token) and not self._tail.read_again(PATIENCE):
            raise FeedAway
        return batch.changes, batch.token, None


def _parsed(text: str | None) -> tuple[Token | None, str | None]:
    if text is None:
        return None, None
    try:
        return Token.parse(text), None
    except BadToken:
        return None, "epoch"
