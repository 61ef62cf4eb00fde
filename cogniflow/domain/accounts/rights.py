"""Who calls, and what the permission rows let them do; the same answer for REST, admin, dashboards and topics."""

import datetime as dt
import hashlib
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal, get_args

import orjson
from sqlalchemy import ScalarSelect, Select, Text, bindparam, cast, func, literal, or_, select
from sqlalchemy.dialects.postgresql import ARRAY, aggregate_order_by
from sqlalchemy.orm import InstrumentedAttribute, Session

from cogniflow.db.session import Actor
from cogniflow.db.tables import session_uses, token_uses
from cogniflow.domain.accounts.models import ApiToken, Permission, Role, User, UserRole, UserSession

Action = Literal["read", "create", "update", "delete"]
ACTIONS = frozenset(get_args(Action))
EVERY = "*"
OFF = func.cogniflow.switched_off(type_=ARRAY(Text)).label("off")
SAID = ("entity", *(f"can_{action}" for action in get_args(Action)), "operate", "reach", "hidden_fields")
"""What a permission row says, in the order in which a right is made of it."""
ALWAYS_TOLD = frozenset({"id", "uid", "version"})
"""What a record is known and written by, and no right hides."""


@dataclass(frozen=True)
class Grant:
    """What one role may do with one entity (`*` for every entity)."""

    entity: str
    actions: frozenset[str]
    verbs: frozenset[str]
    own_only: bool
    hidden: frozenset[str] = frozenset()
    """Fields that it neither tells nor lets be given."""


@dataclass(frozen=True)
class Caller:
    """A signed-in user or a program with a token, and the rights it has now: `grants` are those that its scopes leave."""

    name: str
    user_id: int | None = None
    token_id: int | None = None
    roles: frozenset[str] = frozenset()
    grants: tuple[Grant, ...] = ()
    scopes: frozenset[str] = frozenset({EVERY})
    door: str = "system"
    off: frozenset[str] = frozenset()
    """The tables whose records nobody uses now: their modules are switched off."""
    session_id: int | None = None
    """The session that a user is signed in with."""
    expires_at: dt.datetime | None = None
    """When the session or the token ends; None for never."""
    used_at: dt.datetime | None = field(default=None, compare=False)
    """When its last use was written down."""

    def has_ended(self) -> bool:
        """Whether the session or the token has run out by now."""
        return self.expires_at is not None and self.expires_at <= dt.datetime.now(dt.UTC)

    def may(self, action: Action, entity: str) -> bool:
        """Whether a permission row, and the token's scopes, allow `action` on the records of table `entity`."""
        return any(action in grant.actions for grant in self._on(entity))

    def may_open(self, entity: str) -> bool:
        """Whether the caller may read the records of table `entity`, and they are in use."""
        return self.may("read", entity) and entity not in self.off

    def may_follow(self, entity: str) -> bool:
        """Whether the caller may hear of every change of the records of table `entity`: it may open them all."""
        return self.may_open(entity) and not self.only_own("read", entity)

    def may_operate(self, verb: str, entity: str) -> bool:
        """Whether the caller may do `verb` with the records of table `entity`."""
        return any({verb, EVERY} & grant.verbs for grant in self._on(entity))

    def only_own(self, action: Action, entity: str) -> bool:
        """Whether the right to `action` reaches no further than the caller's own records."""
        return all(grant.own_only for grant in self._on(entity) if action in grant.actions)

    def operates_only_own(self, verb: str, entity: str) -> bool:
        """Whether the right to `verb` reaches no further than the caller's own records."""
        return all(grant.own_only for grant in self._on(entity) if {verb, EVERY} & grant.verbs)

    def hidden(self, entity: str, action: Action = "read") -> frozenset[str]:
        """The fields of table `entity` that no right to read it tells, and those that no right to `action` lets be given.

        What a right to own records alone would show stays hidden where another one reaches all of them.
        """
        allowing = [grant for grant in self._on(entity) if action in grant.actions]
        reaching = [grant.hidden for grant in allowing if not grant.own_only] or [grant.hidden for grant in allowing]
        unseen = self.hidden(entity) if action != "read" else frozenset()
        return unseen.union(frozenset.intersection(*reaching) if reaching else ())

    def actor(self, request_id: str = "") -> Actor:
        """How PostgreSQL is told who acts."""
        door = self.door if self.token_id is None else f"{self.door} by token {self.token_id}"
        return Actor(self.user_id, door, request_id)

    def _on(self, entity: str) -> list[Grant]:
        return [grant for grant in self.grants if grant.entity in (entity, EVERY)]


SYSTEM_CALLER = Caller("system", roles=frozenset({"administrator"}), grants=(
    Grant(EVERY, frozenset({"read", "create", "update", "delete"}), frozenset({EVERY}), own_only=False),))
"""Whoever has a shell on the machine: the command line."""


def token_hash(token: str) -> bytes:
    """SHA-256 of a bearer token: all that is kept of it."""
    return hashlib.sha256(token.encode()).digest()


def caller_of_session(session: Session, key: str, door: str) -> Caller | None:
    """The user whose session `key` opens, with the rights of now; None when it has ended, or the user is not active."""
    return _person(session, SESSION_BY_KEY, token_hash(key), door)


def caller_of_token(session: Session, token: str, door: str) -> Caller | None:
    """The program that presents `token`; None when it is unknown, revoked or expired, or its user is not active."""
    return _program(session, TOKEN_BY_KEY, token_hash(token), door)


def caller_of_now(session: Session, caller: Caller) -> Caller | None:
    """The same caller with the rights of now; None when it may not come in any more."""
    if caller.token_id is not None:
        return _program(session, TOKEN_BY_ID, caller.token_id, caller.door)
    return _person(session, SESSION_BY_ID, caller.session_id, caller.door)


def caller_of_user(session: Session, user_id: int, door: str) -> Caller | None:
    """The user, for whom something is done without a sign-in, with the rights of now; None when the user is not active."""
    found = session.execute(USER_BY_ID, {"key": user_id}).one_or_none()
    return found and Caller(found.name, found.id, None, *_rights_of(found.rights), door=door, off=frozenset(found.off))


def _rights_told(role_ids: Select | InstrumentedAttribute) -> ScalarSelect:
    """All that roles allow, as one text: what it says is made out once, until it says something else."""
    row = func.json_build_array(Role.name, *(getattr(Permission, name) for name in SAID))
    chosen = Role.id.in_(role_ids) if isinstance(role_ids, Select) else Role.id == role_ids
    return (select(cast(func.json_agg(aggregate_order_by(row, Role.id, Permission.id)), Text))
            .select_from(Role).outerjoin(Permission, Permission.role_id == Role.id)
            .where(chosen, Role.archived_at.is_(None)).correlate(User, ApiToken).scalar_subquery())


HELD = select(UserRole.role_id).where(UserRole.user_id == User.id).correlate(User)
USER = select(User.id, User.name, OFF, _rights_told(HELD).label("rights")).where(User.active, User.archived_at.is_(None))
USER_BY_ID = USER.where(User.id == bindparam("key"))
PERSON = (
    USER.add_columns(UserSession.id.label("session_id"), UserSession.expires_at, session_uses.c.last_used_at)
    .join(UserSession, UserSession.user_id == User.id).join(session_uses, session_uses.c.session_id == UserSession.id)
    .where(func.least(UserSession.expires_at, session_uses.c.idle_at) > func.now()))
PROGRAM = (
    select(ApiToken.id, ApiToken.name, ApiToken.user_id, ApiToken.scopes, ApiToken.expires_at, token_uses.c.last_used_at, OFF,
           _rights_told(ApiToken.role_id).label("rights"))
    .outerjoin(User, User.id == ApiToken.user_id).outerjoin(token_uses, token_uses.c.token_id == ApiToken.id)
    .where(ApiToken.revoked_at.is_(None), or_(ApiToken.expires_at.is_(None), ApiToken.expires_at > func.now()),
           or_(ApiToken.user_id.is_(None), User.active & User.archived_at.is_(None))))
SESSION_BY_KEY, SESSION_BY_ID = (PERSON.where(each == bindparam("key")) for each in (UserSession.key_hash, UserSession.id))
TOKEN_BY_KEY, TOKEN_BY_ID = (PROGRAM.where(each == bindparam("key")) for each in (ApiToken.token_hash, ApiToken.id))


def _person(session: Session, asked: Select, key: bytes | int | None, door: str) -> Caller | None:
    found = session.execute(asked, {"key": key}).one_or_none()
    if found is None:
        return None
    return Caller(found.name, found.id, None, *_rights_of(found.rights), door=door, session_id=found.session_id,
                  off=frozenset(found.off), expires_at=found.expires_at, used_at=found.last_used_at)


def _program(session: Session, asked: Select, key: bytes | int, door: str) -> Caller | None:
    found = session.execute(asked, {"key": key}).one_or_none()
    if found is None:
        return None
    roles, grants = _rights_of(found.rights)
    return Caller(found.name, found.user_id, found.id, roles, _left(grants, tuple(found.scopes)), scopes=frozenset(found.scopes),
                  door=door, off=frozenset(found.off), expires_at=found.expires_at, used_at=found.last_used_at)


def grants_of_role(session: Session, role_id: int) -> tuple[Grant, ...]:
    """What the role lets its users do; nothing where it is archived."""
    return _rights_of(session.scalar(select(_rights_told(select(literal(role_id))))))[1]


def grants_of_user(session: Session, user_id: int) -> tuple[Grant, ...]:
    """What the user may do, once signed in."""
    return _rights_of(session.scalar(select(_rights_told(select(UserRole.role_id).where(UserRole.user_id == user_id)))))[1]


def grants_of_token(session: Session, token: ApiToken) -> tuple[Grant, ...]:
    """What the token lets a program do, now or, where its user may not sign in, later; nothing where it has ended."""
    if token.revoked_at is not None:
        return ()
    return _left(grants_of_role(session, token.role_id), tuple(token.scopes))


@lru_cache(maxsize=200)
def _left(grants: tuple[Grant, ...], scopes: tuple[str, ...]) -> tuple[Grant, ...]:
    return tuple(part for grant in grants for part in _narrowed(grant, scopes))


@lru_cache(maxsize=200)
def _rights_of(told: str | None) -> tuple[frozenset[str], tuple[Grant, ...]]:
    rows = orjson.loads(told or "[]")
    return frozenset(name for name, *_ in rows), tuple(_grant(*said) for _, *said in rows if said[0] is not None)


def _narrowed(grant: Grant, scopes: tuple[str, ...]) -> list[Grant]:
    """The parts of a right that a token's scopes leave, each on one entity."""
    named = {scope.partition(":")[0] for scope in scopes if ":" in scope} if grant.entity == EVERY else set()
    parts = []
    for entity in sorted(named | {grant.entity}):
        words = {word for scope in scopes if ":" not in (word := scope.removeprefix(f"{entity}:"))}
        actions, verbs = grant.actions, grant.verbs
        if EVERY not in words:
            actions, words = actions & words, words - ACTIONS
            verbs = words if EVERY in verbs else verbs & words
        if actions or verbs:
            parts.append(Grant(entity, frozenset(actions), frozenset(verbs), grant.own_only, grant.hidden))
    return parts


def grant_of(permission: Permission) -> Grant:
    """The right that a permission row gives."""
    return _grant(*(getattr(permission, name) for name in SAID))


def _grant(entity: str, read: bool, create: bool, update: bool, delete: bool, operate: list[str], reach: str,
           hidden: list[str]) -> Grant:
    given = zip(get_args(Action), (read, create, update, delete), strict=True)
    return Grant(entity, frozenset(action for action, may in given if may), frozenset(operate), reach == "own",
                 frozenset(hidden) - ALWAYS_TOLD)
