"""Webhooks follow the feed as every client does: what is committed becomes messages, none of them lost and none told twice.

The position in the feed is written in the transaction that makes the messages of what came before it.
"""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from functools import cache, partial

import psycopg
import structlog
from sqlalchemy import select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from cogniflow.db.session import Database
from cogniflow.db.tables import webhook_position
from cogniflow.domain.accounts.rights import Caller, caller_of_user
from cogniflow.domain.webhooks.models import Webhook
from cogniflow.domain.webhooks.operations import message, tell
from cogniflow.domain.webhooks.rights import UNTOLD, told_tables
from cogniflow.errors import CogniFlowError, Conflict
from cogniflow.exchange.deliveries import ACTOR, RETRIES, Sender
from cogniflow.exchange.receiver import WITHIN
from cogniflow.realtime.bell import CHANNEL, SAFETY_INTERVAL
from cogniflow.realtime.changes import Batch, FeedConnection, conninfo, read_delta
from cogniflow.realtime.token import Token
from cogniflow.realtime.topics import EventMap, EventsByTopic
from cogniflow.records.subscriptions import event_map

TURN = 0x77656268
"""The advisory lock of the one process that tells webhooks, of all on all machines."""
TURN_INTERVAL, RETRY_INTERVAL = 1.0, 1.0
"""Seconds between two tries to be that one, and to reach a database that is away."""
TOGETHER = 0.05
"""Seconds in which changes are waited for that are told together."""
KEPT_EVERY = 60.0
"""Seconds after which the position is written though there was nothing to tell."""
STOP_INTERVAL = 0.2
POOL_SIZE = 4
ANY_WEBHOOK = select(Webhook.id).where(Webhook.enabled).exists()

log = structlog.get_logger(__name__)


class Teller:
    """Makes messages of what the feed says, over a connection of its own that also holds the turn."""

    def __init__(self, database: Database, connection: psycopg.Connection, events: EventMap, sender: Sender):
        self._database, self._connection, self._events, self._sender = database, connection, events, sender
        self._position: Token | None = None
        """None while there is no webhook to tell."""
        self._kept, self._kept_at = "", 0.0

    def follow(self, stop: threading.Event) -> None:
        """Tell, until `stop` is set, what is committed; without any webhook, only look for one."""
        while not stop.is_set():
            if self._position:
                self._tell(self._position)
                stop.wait(TOGETHER)
                self._rest(stop)
            elif not self._begin():
                stop.wait(SAFETY_INTERVAL)

    def _begin(self) -> bool:
        """Go on where the last one has come to, or where the database says that the first webhook was made."""
        with self._database.reading() as session:
            token = session.scalar(select(webhook_position.c.token).where(ANY_WEBHOOK))
        if token is None:
            return False
        # only now: to have somebody listen costs every writer
        self._connection.execute(f"LISTEN {CHANNEL}")
        self._position, self._kept, self._kept_at = Token.parse(token), token, time.monotonic()
        self._sender.look()
        return True

    def _tell(self, since: Token) -> None:
        batch, refusal = read_delta(self._connection, since)
        with self._database.reading() as session:
            found = list(_resets(session, batch.token, refusal) if refusal else self._messages(session, batch))
        self._move(batch.token, found)
        if any(each.tbl == Webhook.__tablename__ for each in batch.changes):
            self._end_without_any()
        # what the sender itself writes down says how long an attempt took
        if found or any(each.tbl in UNTOLD and "duration_ms" not in (each.cols or ()) for each in batch.changes):
            self._sender.look()

    def _end_without_any(self) -> None:
        with self._database.reading() as session:
            if not session.scalar(select(ANY_WEBHOOK)):
                self._connection.execute(f"UNLISTEN {CHANNEL}")
                self._position = None

    def _messages(self, session: Session, batch: Batch) -> Iterator[dict]:
        """What each webhook is told of the changes, by the rights that its user has now."""
        changed = {each.tbl for each in batch.changes} - UNTOLD
        if not changed:
            return
        topics = {webhook: told_tables(webhook, user) & changed for webhook, user in _webhooks(session)}
        events = EventsByTopic(batch.changes, self._events, frozenset().union(*topics.values()))
        for webhook, tables in topics.items():
            for each in events.of(tables):
                if not webhook.events or each.event in webhook.events:
                    said = asdict(each)
                    yield message(webhook.id, said.pop("event"), said | {"token": str(batch.token)})

    def _move(self, token: Token, messages: list[dict]) -> None:
        """Go on to a position, with the messages of what came before it. Raises Conflict where somebody else has gone on."""
        if messages or (token != self._position and time.monotonic() > self._kept_at + KEPT_EVERY):
            with self._database.transaction(ACTOR) as session:
                gone_on = update(webhook_position).where(webhook_position.c.token == self._kept).values(token=str(token))
                if session.scalar(gone_on.returning(webhook_position.c.token)) is None:
                    raise Conflict("Another process tells webhooks.")
                tell(session, messages)
            self._kept, self._kept_at = str(token), time.monotonic()
        self._position = token

    def _rest(self, stop: threading.Event) -> None:
        """Wait for the bell, at most until it is time to look without one."""
        until = time.monotonic() + SAFETY_INTERVAL
        while not stop.is_set() and time.monotonic() < until:
            if list(self._connection.notifies(timeout=STOP_INTERVAL, stop_after=1)):
                return


def tell_webhooks(url: str, *, private: bool, stop: threading.Event, retries: Sequence[float] = RETRIES,
                  within: float = WITHIN) -> None:
    """Until `stop` is set, have other systems told of changes; of several processes on one database, one does.

    `url`: a direct connection, as the owner of the database: only what we find out makes a message delivered. `private`:
    whether receivers may be in private networks; `retries`, `within`: seconds between attempts, and of one.
    """
    database = Database(url, POOL_SIZE)
    sender = partial(Sender, database, private=private, retries=retries, within=within)
    said = ""
    while not stop.is_set():
        try:
            _tell_in_turn(database, sender, stop)
        except (psycopg.Error, SQLAlchemyError, CogniFlowError) as error:
            if str(error) != said:
                said = str(error)
                log.warning("webhooks_wait", problem=said)
        except Exception:  # without this thread nobody would be told of anything any more
            log.exception("webhooks_failed")
        stop.wait(RETRY_INTERVAL)
    database.close()


def _tell_in_turn(database: Database, make_sender: Callable[[], Sender], stop: threading.Event) -> None:
    with FeedConnection.connect(conninfo(database.url, application_name="cogniflow-webhooks"), autocommit=True) as connection:
        while not connection.execute("SELECT pg_try_advisory_lock(%s)", (TURN,)).fetchone()[0]:
            if stop.wait(TURN_INTERVAL):
                return
        sender = make_sender()
        sender.start()
        try:
            Teller(database, connection, event_map(()), sender).follow(stop)
        finally:
            sender.stop()


def _webhooks(session: Session) -> Iterator[tuple[Webhook, Caller]]:
    """Every webhook that is told anything, with its user."""
    users = cache(lambda key: caller_of_user(session, key, ACTOR.door))
    for webhook in session.scalars(select(Webhook).where(Webhook.enabled).order_by(Webhook.id)).all():
        if user := users(webhook.user_id):
            yield webhook, user


def _resets(session: Session, token: Token, why: str) -> Iterator[dict]:
    for webhook, _ in _webhooks(session):
        yield message(webhook.id, "reset", {"topics": webhook.topics, "why": why, "token": str(token)})
