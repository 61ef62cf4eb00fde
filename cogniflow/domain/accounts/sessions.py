"""Where users are signed in: begun at a sign-in, ended by their user, an administrator, time, or another password."""

import datetime as dt
import secrets
from dataclasses import dataclass

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session

from cogniflow.db.tables import session_uses, token_uses
from cogniflow.domain.accounts.models import UserSession
from cogniflow.domain.accounts.rights import Caller, token_hash

NOTED_AGAIN = dt.timedelta(minutes=1)
"""A use is not written down while the last one written is younger."""


@dataclass(frozen=True)
class Lifetime:
    """How long a session lives: at most, and without being used."""

    longest: dt.timedelta
    idle: dt.timedelta


def begin_session(session: Session, user_id: int, device: str, address: str, lifetime: Lifetime) -> str:
    """A new session of the user; the key that opens it, of which only the hash is kept."""
    key = secrets.token_urlsafe(32)
    begun = session.scalar(insert(UserSession).returning(UserSession.id), {
        "user_id": user_id, "key_hash": token_hash(key), "device": device[:200] or "Unknown",
        "address": address[:200] or "Unknown",
        "expires_at": dt.datetime.now(dt.UTC) + lifetime.longest})
    session.execute(insert(session_uses).values(session_id=begun, idle_at=func.now() + lifetime.idle))
    return key


def end_session(session: Session, user_id: int, session_id: int) -> None:
    """End one session of the user; the sockets opened by it are closed when this is committed."""
    session.execute(delete(UserSession).where(UserSession.id == session_id, UserSession.user_id == user_id))


def end_other_sessions(session: Session, user_id: int, kept: int | None) -> None:
    """End every session of the user but one."""
    session.execute(delete(UserSession).where(UserSession.user_id == user_id, UserSession.id != kept))


def sessions_of(session: Session, user_id: int) -> list:
    """The user's sessions that have not ended, the one used last first: id, device, address, created_at, last_used_at."""
    return list(session.execute(
        select(UserSession.id, UserSession.device, UserSession.address, UserSession.created_at, session_uses.c.last_used_at)
        .join(session_uses, session_uses.c.session_id == UserSession.id)
        .where(UserSession.user_id == user_id, session_uses.c.idle_at > func.now(), UserSession.expires_at > func.now())
        .order_by(session_uses.c.last_used_at.desc())))


def note_use(session: Session, caller: Caller, idle: dt.timedelta) -> None:
    """Write down that the caller's session or token is used now; a session that is used does not end for idleness."""
    if caller.session_id is not None:
        session.execute(update(session_uses).where(session_uses.c.session_id == caller.session_id).values(
            last_used_at=func.now(), idle_at=func.greatest(session_uses.c.idle_at, func.now() + idle)))
    elif caller.token_id is not None:
        used = upsert(token_uses).values(token_id=caller.token_id, last_used_at=func.now())
        session.execute(used.on_conflict_do_update(index_elements=["token_id"], set_={"last_used_at": func.now()}))
