"""Transactions: the one place that commits, and that tells PostgreSQL who acts."""

import random
import select
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import psycopg
from sqlalchemy import Connection, Engine, Row, create_engine, event, make_url, text
from sqlalchemy.exc import DBAPIError, InvalidatePoolError
from sqlalchemy.orm import Session

from cogniflow.db.failures import is_transient, translated

Result = TypeVar("Result")
PAUSE = (0.02, 0.08)
"""Seconds between the least and the most before work is done a second time."""
NOTICED = {"connect_timeout": "5", "keepalives": "1", "keepalives_idle": "4", "keepalives_interval": "2",
           "keepalives_count": "2", "tcp_user_timeout": "8000"}
"""A connection whose other end is gone without a word is given up after 8 seconds, not after hours."""
NOTICED_BY_SERVER = "-c tcp_keepalives_idle=4 -c tcp_keepalives_interval=2 -c tcp_keepalives_count=2"
"""The server must notice, too: whoever is gone may hold locks, or the bell."""

NAME_ACTOR = text("SELECT set_config('cogniflow.actor', :user, true), set_config('cogniflow.request_id', :request, true), "
                  "set_config('cogniflow.door', :door, true)")


@dataclass(frozen=True)
class Actor:
    """Who changes data: the user (None for a program or the system), the door used, and the request."""

    user_id: int | None = None
    door: str = "system"
    request_id: str = ""


SYSTEM = Actor()


def sqlalchemy_url(url: str) -> str:
    """The same database address, with psycopg 3 named as its driver."""
    scheme, _, rest = url.partition("://")
    return url if "+" in scheme else f"postgresql+psycopg://{rest}"


def name_actor(session: Session | Connection, actor: Actor) -> None:
    """Tell PostgreSQL, for this transaction only, who acts; the change log and `updated_by` record it."""
    session.execute(NAME_ACTOR, {"user": str(actor.user_id or ""), "request": actor.request_id, "door": actor.door})


class Database:
    """A pool of connections to one database, and the transactions on it."""

    def __init__(self, url: str, pool_size: int = 16):
        self.url = url
        whole = make_url(sqlalchemy_url(url))
        given = whole.query.get("options", "")  # they may name the role to act in
        self.engine: Engine = create_engine(
            whole, pool_size=pool_size, max_overflow=0, pool_timeout=10,
            connect_args={**NOTICED, "application_name": "cogniflow",
                          "options": f"{given} -c timezone=UTC -c lock_timeout=5s {NOTICED_BY_SERVER}".strip()})
        event.listen(self.engine, "checkout", _refuse_ended)
        # an update that changes nothing is no update here (010_feed.sql): no rows then is no sign of a stale record
        self.engine.dialect.supports_sane_rowcount = self.engine.dialect.supports_sane_multi_rowcount = False
        self._reading = self.engine.execution_options(isolation_level="AUTOCOMMIT")

    @contextmanager
    def transaction(self, actor: Actor = SYSTEM) -> Iterator[Session]:
        """A unit of work: committed when the block ends, undone whole when it raises.

        Raises the errors of `cogniflow.errors` for what the database refuses, at commit too.
        """
        with translated(), self._committed(actor) as session:
            yield session

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session that only reads: each statement sees what is committed when it begins, and no transaction is held open."""
        with translated(), Session(self._reading) as session:
            yield session

    def ask(self, question: str, parameters: Mapping[str, Any] | None = None) -> Row:
        """The one row that answers a small question in SQL, as of now."""
        with translated(), self._reading.connect() as connection:
            return connection.exec_driver_sql(question, parameters).one()

    @contextmanager
    def snapshot(self) -> Iterator[Session]:
        """A session that only reads, and whose statements all see what was committed when the first began."""
        with translated(), Session(self.engine.execution_options(isolation_level="REPEATABLE READ")) as session:
            yield session

    def write(self, actor: Actor, work: Callable[[Session], Result]) -> Result:
        """Do `work` in one transaction, a second time when another writer made the first impossible (40001, 40P01)."""
        with translated():
            try:
                with self._committed(actor) as session:
                    return work(session)
            except DBAPIError as error:
                if not is_transient(error):
                    raise
            # the one that came first, just woken, would find its rows taken again by a second try at once
            time.sleep(random.uniform(*PAUSE))
            with self._committed(actor) as session:
                return work(session)

    def rehearse(self, actor: Actor, work: Callable[[Session], Result]) -> Result:
        """Do `work` with all that its commit would check, and undo it. Raises what the commit would."""
        with translated(), Session(self.engine, expire_on_commit=False) as session:
            name_actor(session, actor)
            result = work(session)
            session.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
            return result

    def close(self) -> None:
        """Give every connection back to the server."""
        self.engine.dispose()

    @contextmanager
    def _committed(self, actor: Actor) -> Iterator[Session]:
        with Session(self.engine, expire_on_commit=False) as session:
            name_actor(session, actor)
            yield session
            session.commit()


def _refuse_ended(connection: psycopg.Connection, *_: object) -> None:
    """Have the pool connect anew where the server has ended the connection meanwhile: its farewell waits to be read."""
    waiting = select.poll()
    waiting.register(connection.fileno(), select.POLLIN)
    if connection.closed or waiting.poll(0):
        raise InvalidatePoolError("the server has ended the connection")


def attribute(sessions: type[Session], actor: Callable[[], Actor]) -> None:
    """Name the actor at the start of every transaction of a session class that a library commits itself."""
    event.listen(sessions, "after_begin", lambda _session, _transaction, connection: name_actor(connection, actor()))
