"""Requests that may be repeated: the same key and content get the same answer again, for a day."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import delete, func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from cogniflow.db.session import Database
from cogniflow.db.tables import idempotency_keys as keys
from cogniflow.domain.accounts.rights import Caller
from cogniflow.errors import Busy, FieldError, Invalid

KEPT = text("interval '24 hours'")
ABANDONED = text("interval '10 minutes'")
"""A request still unanswered after this has died with its process; nothing of it was committed."""


@dataclass(frozen=True)
class Answer:
    """What was answered: status, headers, body."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Claim:
    """A key that this request holds until it is answered."""

    caller: str
    key: str
    at: datetime


def claim(database: Database, caller: Caller, key: str, content: bytes) -> Claim | Answer:
    """Take the key for a request with this hash of its content, or find the answer it already had.

    Raises Invalid when the key was used for other content, Busy while that request still runs.
    """
    who = f"token:{caller.token_id}" if caller.token_id else f"user:{caller.user_id}"
    mine = (keys.c.caller == who) & (keys.c.key == key)
    with database.transaction(caller.actor()) as session:
        session.execute(delete(keys).where(keys.c.at < func.now() - KEPT))
        session.execute(delete(keys).where(mine, keys.c.status.is_(None), keys.c.at < func.now() - ABANDONED))
        taken = session.scalar(insert(keys).values(caller=who, key=key, body_hash=content)
                               .on_conflict_do_nothing().returning(keys.c.at))
        if taken:
            return Claim(who, key, taken)
        there = session.execute(select(keys.c.body_hash, keys.c.status, keys.c.headers, keys.c.body).where(mine)).one_or_none()
    if there is None or (there.status is None and there.body_hash == content):
        raise Busy("A request with this Idempotency-Key is still running.")
    if there.body_hash != content:
        raise Invalid("This Idempotency-Key was used for another request.", [
            FieldError("Idempotency-Key", "was used with other content")])
    return Answer(there.status, there.body, there.headers)


def keep(session: Session, held: Claim, answer: Answer) -> None:
    """Keep the answer, in the transaction whose work it tells. Raises Busy when the claim was given up meanwhile."""
    kept = session.execute(update(keys).where(*_held(held)).values(
        status=answer.status, headers=dict(answer.headers), body=answer.body))
    if kept.rowcount != 1:
        raise Busy("This took too long; another request with the same Idempotency-Key has been started.")


def release(session: Session, held: Claim) -> None:
    """Forget the claim: the request may be repeated, and be answered otherwise."""
    session.execute(delete(keys).where(*_held(held)))


def _held(held: Claim) -> tuple:
    return keys.c.caller == held.caller, keys.c.key == held.key, keys.c.at == held.at, keys.c.status.is_(None)
