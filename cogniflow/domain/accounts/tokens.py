"""Tokens of programs: made once, shown once, kept as a hash."""

import datetime as dt
import secrets
from collections.abc import Iterable

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from cogniflow.domain.accounts.models import ApiToken, Role
from cogniflow.domain.accounts.rights import ACTIONS, EVERY, token_hash
from cogniflow.errors import FieldError, Invalid
from cogniflow.kernel.entity import entities
from cogniflow.kernel.operation import operations


def create_token(session: Session, role: str, name: str, *, expires_days: int | None = None,
                 scopes: tuple[str, ...] = ("*",),
                 user_id: int | None = None) -> str:
    """Make a token with the rights of `role`, acting for a user where one is named, and return it; it cannot be read again.

    `scopes`: `*`, `read`, `products:read`, `orders:confirm`, `orders:*`. Raises Invalid for an unknown role or scope.
    """
    role_id = session.scalar(select(Role.id).where(Role.name == role, Role.archived_at.is_(None)))
    if role_id is None:
        known = ", ".join(session.scalars(select(Role.name).where(Role.archived_at.is_(None)).order_by(Role.name)))
        raise Invalid(f"There is no role {role}; there are: {known}.", [FieldError("role", "is not known")])
    refuse_unknown_scopes(scopes)
    token = f"cf_{secrets.token_urlsafe(32)}"
    expires_at = dt.datetime.now(dt.UTC) + dt.timedelta(days=expires_days) if expires_days else None
    session.add(ApiToken(name=name, role_id=role_id, token_hash=token_hash(token), scopes=list(scopes), expires_at=expires_at,
                         user_id=user_id))
    session.flush()
    return token


def revoke_token(session: Session, user_id: int, token_id: int) -> None:
    """Take back a token that acts for the user."""
    session.execute(update(ApiToken).where(
        ApiToken.id == token_id, ApiToken.user_id == user_id, ApiToken.revoked_at.is_(None)).values(revoked_at=func.now()))


def refuse_unknown_scopes(scopes: Iterable[str]) -> None:
    """Refuse scopes that name no entity, action or verb there is: Invalid, naming them."""
    known = {EVERY, *ACTIONS}
    for entity in entities():
        known |= {f"{entity.__tablename__}:{word}" for word in (EVERY, *ACTIONS, *operations(entity))}
    if unknown := [scope for scope in scopes if scope not in known]:
        said = f"has no part called {', '.join(map(ascii, unknown))}; there are *, read, products:read, orders:* and the like"
        raise Invalid(f"What the token may do {said}.", [FieldError("scopes", said)])
