"""Sending what is due: the messages of one webhook one after another, those of several beside each other."""

import datetime as dt
import random
import threading
import time
from collections.abc import Sequence

import structlog
from sqlalchemy import Row, func, select, update
from sqlalchemy.orm import Session

from cogniflow.db.session import Actor, Database
from cogniflow.domain.accounts.rights import caller_of_user
from cogniflow.domain.webhooks.models import Webhook, WebhookDelivery
from cogniflow.exchange.receiver import GONE, WITHIN, Outcome, send

ACTOR = Actor(door="webhooks")
RETRIES = (5, 60, 5 * 60, 30 * 60, 2 * 3600, 5 * 3600, 10 * 3600, 14 * 3600, 20 * 3600, 24 * 3600)
"""Seconds from each failed attempt to the next; after the last one a message is given up."""
JITTER = (0.8, 1.2)
SWITCHED_OFF_AFTER = dt.timedelta(days=5)
"""A webhook that has taken nothing for so long is switched off."""
BOTH_SECRETS_FOR = dt.timedelta(days=1)
FIRST_REST, LONGEST_REST = 1.0, 60.0
"""Seconds in which a webhook is sent nothing after a failure, doubled by each one more: it would fail all that waits for it."""
MOST_AT_ONCE = 16
"""Webhooks that are sent to at the same time; one that is slow delays the others only when so many are."""
IN_A_ROW = 50
"""Messages that a webhook is sent before those that wait have their turn."""
AGAIN_AFTER = 1.0
"""Seconds until it is tried again where the database is away."""

log = structlog.get_logger(__name__)
delivery, webhook = WebhookDelivery.__table__, Webhook.__table__


class Sender:
    """Sends the messages that are due; nothing starts before `start`, and only one process may run it."""

    def __init__(self, database: Database, *, private: bool, retries: Sequence[float] = RETRIES, within: float = WITHIN):
        self._database, self._private, self._retries, self._within = database, private, retries, within
        self._busy: set[int] = set()
        self._rests: dict[int, tuple[float, float]] = {}
        """When the rest of a webhook that failed ends, and how long it is."""
        self._turns: dict[int, float] = {}
        """When each webhook was last begun to be sent to: the longest ago comes first."""
        self._changed = threading.Condition()
        self._asked = self._ending = False
        self._thread = threading.Thread(target=self._run, name="webhook-sender", daemon=True)

    def start(self) -> None:
        """Begin to send."""
        self._thread.start()

    def stop(self) -> None:
        """Begin no more attempts, and give those under way a moment; one that is cut short is made again later."""
        with self._changed:
            self._ending = True
            self._changed.notify_all()
            self._changed.wait_for(lambda: not self._busy, AGAIN_AFTER)

    def look(self) -> None:
        """Look at what is due, now; from any thread."""
        with self._changed:
            self._asked = True
            self._changed.notify_all()

    def _run(self) -> None:
        while not self._ending:
            try:
                pause = self._begin_what_is_due()
            except Exception as error:  # the database is away, or the thread would be gone for good
                log.warning("webhooks_wait", problem=str(error))
                pause = AGAIN_AFTER
            with self._changed:
                self._changed.wait_for(lambda: self._asked or self._ending, pause)
                self._asked = False

    def _begin_what_is_due(self) -> float | None:
        """Begin what can be; the seconds until there is more, None where nothing waits."""
        first = select(func.min(delivery.c.next_attempt_at)).where(delivery.c.webhook_id == webhook.c.id).scalar_subquery()
        with self._database.reading() as session:
            waiting = session.execute(select(webhook.c.id, func.extract("epoch", first - func.now())).where(
                webhook.c.enabled, first.is_not(None))).all()
        pauses = []
        with self._changed:
            for key, seconds in sorted(waiting, key=lambda each: self._turns.get(each[0], 0.0)):
                pause = max(float(seconds), self._rests.get(key, (0.0, 0.0))[0] - time.monotonic())
                if key in self._busy:
                    continue  # it looks again at its end
                if pause <= 0 and len(self._busy) < MOST_AT_ONCE:
                    self._busy.add(key)
                    self._turns[key] = time.monotonic()
                    threading.Thread(target=self._send_to, args=(key,), name=f"webhook-{key}", daemon=True).start()
                elif pause > 0:
                    pauses.append(pause)
        return min(pauses, default=None)

    def _send_to(self, key: int) -> None:
        """Send a webhook what is due to it, in order, until something fails or it is the turn of others."""
        try:
            for _ in range(IN_A_ROW):
                if self._ending or not (message := self._next(key)):
                    break
                if self._attempt(message):
                    rest = min(2 * self._rests.get(key, (0.0, FIRST_REST / 2))[1], LONGEST_REST)
                    self._rests[key] = (time.monotonic() + rest, rest)
                    break
                self._rests.pop(key, None)
        except Exception as error:
            log.warning("webhook_waits", webhook=key, problem=str(error))
            self._rests[key] = (time.monotonic() + AGAIN_AFTER, FIRST_REST)
        with self._changed:
            self._busy.discard(key)
        self.look()

    def _next(self, key: int) -> Row | None:
        with self._database.reading() as session:
            return session.execute(
                select(delivery.c.id, delivery.c.uid, delivery.c.payload, delivery.c.attempts, delivery.c.webhook_id,
                       webhook.c.url, webhook.c.secret, webhook.c.former_secret, webhook.c.rotated_at, webhook.c.user_id)
                .join(webhook, webhook.c.id == delivery.c.webhook_id)
                .where(webhook.c.enabled, webhook.c.id == key, delivery.c.next_attempt_at <= func.now())
                .order_by(delivery.c.next_attempt_at, delivery.c.id).limit(1)).one_or_none()

    def _attempt(self, message: Row) -> str | None:
        """What was wrong with the receiver, if anything."""
        with self._database.reading() as session:
            why_not = _forbidden(session, message)
        if why_not:
            with self._database.transaction(ACTOR) as session:
                _note(session, message, Outcome(None, why_not), None)
            return None
        secrets = [message.secret]
        if message.rotated_at and message.rotated_at > dt.datetime.now(dt.UTC) - BOTH_SECRETS_FOR:
            secrets.append(message.former_secret)
        outcome = send(message.url, str(message.uid), message.payload, secrets, private=self._private, within=self._within)
        left = self._retries[message.attempts:] if outcome.code != GONE else ()
        with self._database.transaction(ACTOR) as session:
            _note(session, message, outcome, left[0] * random.uniform(*JITTER) if left else None)
            _note_health(session, message.webhook_id, outcome)
        return outcome.problem


def _forbidden(session: Session, message: Row) -> str | None:
    """Why the webhook may not be told this now, though it might when it happened."""
    user = caller_of_user(session, message.user_id, ACTOR.door)
    if user is None:
        return "Its user may not sign in any more."
    topic = message.payload["data"].get("topic")
    return None if topic is None or user.may_follow(topic) else f"Its user may not follow {topic} any more."


def _note(session: Session, message: Row, outcome: Outcome, pause: float | None) -> None:
    """Write down what came of an attempt; without a pause until the next one there is none."""
    said = {"attempts": message.attempts + 1, "status_code": outcome.code, "duration_ms": outcome.milliseconds,
            "problem": outcome.problem, "next_attempt_at": None, "status": "given_up"}
    if outcome.problem is None:
        said |= {"status": "delivered", "delivered_at": func.now()}
    elif pause is not None:
        said |= {"status": "failed", "next_attempt_at": func.now() + dt.timedelta(seconds=pause)}
    session.execute(update(delivery).where(delivery.c.id == message.id).values(said))


def _note_health(session: Session, key: int, outcome: Outcome) -> None:
    """Write down since when a webhook fails, and switch off one that is gone or has failed for days."""
    changed = update(webhook).where(webhook.c.id == key)
    if outcome.problem is None:
        session.execute(changed.where(webhook.c.failing_since.is_not(None)).values(failing_since=None, problem=None))
        return
    lasts = func.coalesce(webhook.c.failing_since, func.now()) > func.now() - SWITCHED_OFF_AFTER
    session.execute(changed.values(failing_since=func.coalesce(webhook.c.failing_since, func.now()), problem=outcome.problem,
                                   enabled=webhook.c.enabled & lasts & (outcome.code != GONE)))
