"""Nobody gives more rights than they have: what a token, a role given or a permission adds is compared with the giver's."""

from collections.abc import Callable, Iterator

from sqlalchemy.orm import Session

from cogniflow.domain.accounts.models import ApiToken, Permission, Role, User, UserRole
from cogniflow.domain.accounts.rights import (
    ALWAYS_TOLD,
    EVERY,
    Caller,
    Grant,
    grant_of,
    grants_of_role,
    grants_of_token,
    grants_of_user,
)
from cogniflow.domain.accounts.tokens import refuse_unknown_scopes
from cogniflow.errors import FieldError, Forbidden, Invalid
from cogniflow.kernel.entity import Entity, entities

MOST_NAMED = 5
"""Rights named in one refusal."""


def refuse_more_rights(session: Session, caller: Caller, row: Entity) -> None:
    """Refuse a row, as it is now written, that gives anybody what the caller may not do itself: Forbidden, beside the field.

    Raises Invalid for a token's scopes, or fields to hide, that mean nothing.
    """
    kind = next((each for each in _GIVEN if isinstance(row, each)), None)
    if kind is None:
        return
    if isinstance(row, ApiToken):
        refuse_unknown_scopes(row.scopes)
    if isinstance(row, Permission):
        _refuse_unknown_fields(row)
    field, given = _GIVEN[kind]
    # a token for somebody else reaches that user's own records, not the caller's
    as_oneself = not isinstance(row, ApiToken) or row.user_id in (None, caller.user_id)
    lacking = sorted({each for grant in given(session, row) for each in _lacking(caller, grant, as_oneself)})
    if lacking:
        named = ", ".join(lacking[:MOST_NAMED]) + (" and more" if len(lacking) > MOST_NAMED else "")
        raise Forbidden("You may not give rights that you do not have.", [
            FieldError(field, f"gives what you may not do: {named}")])


def _lacking(caller: Caller, grant: Grant, as_oneself: bool) -> Iterator[str]:
    """The parts of a right that the caller does not have, as scopes say them."""
    own_is_enough = grant.own_only and as_oneself
    for action in grant.actions:
        if not caller.may(action, grant.entity) or (caller.only_own(action, grant.entity) and not own_is_enough):
            yield f"{grant.entity}:{action}"
    if "read" in grant.actions:
        yield from (f"{grant.entity}:{name}" for name in caller.hidden(grant.entity) - grant.hidden)
    for verb in grant.verbs:
        if not caller.may_operate(verb, grant.entity) or (caller.operates_only_own(verb, grant.entity) and not own_is_enough):
            yield f"{grant.entity}:{verb}"


def _refuse_unknown_fields(permission: Permission) -> None:
    tables = [each.__table__ for each in entities() if permission.entity in (EVERY, each.__tablename__)]
    known = {column.key for table in tables for column in table.columns} - ALWAYS_TOLD
    if tables and (unknown := sorted(set(permission.hidden_fields) - known)):
        said = f"cannot hide {', '.join(map(ascii, unknown))}"
        raise Invalid(f"It {said}.", [FieldError("hidden_fields", said)])


def gives(kind: type[Entity], field: str, given: Callable[[Session, Entity], tuple[Grant, ...]]) -> None:
    """Declare what a row of a kind gives, and the field that says so."""
    _GIVEN[kind] = (field, given)


_GIVEN: dict[type[Entity], tuple[str, Callable[[Session, Entity], tuple[Grant, ...]]]] = {
    ApiToken: ("role_id", grants_of_token),
    UserRole: ("role_id", lambda session, row: grants_of_role(session, row.role_id)),
    Permission: ("entity", lambda _, row: (grant_of(row),)),
    User: ("email", lambda session, row: grants_of_user(session, row.id)),
    Role: ("name", lambda session, row: grants_of_role(session, row.id)),
}
"""What a row of each kind gives, and the field that says so."""
