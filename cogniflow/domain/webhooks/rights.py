"""What a webhook may be told: what its user may follow; and who may make one, for nobody hears by it what they may not read."""

from collections.abc import Iterator

from sqlalchemy.orm import Session

from cogniflow.domain.accounts.delegation import gives
from cogniflow.domain.accounts.rights import Caller, Grant, grants_of_user
from cogniflow.domain.webhooks.models import EVERY, Webhook, WebhookDelivery
from cogniflow.errors import FieldError, Invalid
from cogniflow.kernel.entity import entities, event_name

UNTOLD = frozenset({Webhook.__tablename__, WebhookDelivery.__tablename__})
"""Tables whose changes no webhook is told: its own messages would be told for ever."""


def told_tables(webhook: Webhook, user: Caller) -> frozenset[str]:
    """The tables whose changes the webhook is told by the rights of its user."""
    return frozenset(each.__tablename__ for each in entities() if each.__tablename__ not in UNTOLD
                     and not {EVERY, each.__tablename__}.isdisjoint(webhook.topics) and user.may_follow(each.__tablename__))


def _given(session: Session, webhook: Webhook) -> tuple[Grant, ...]:
    """To follow what it is told: an event says which fields were changed, and of none what is in it."""
    _refuse_unknown_events(webhook)
    user = Caller("", webhook.user_id, grants=grants_of_user(session, webhook.user_id))
    named = {each for each in webhook.topics if each != EVERY} | told_tables(webhook, user)
    hidden = {each.__tablename__: frozenset(each.__table__.columns.keys()) for each in entities()}
    return tuple(Grant(each, frozenset({"read"}), frozenset(), False, hidden.get(each, frozenset())) for each in sorted(named))


def _refuse_unknown_events(webhook: Webhook) -> None:
    if unknown := sorted(set(webhook.events) - set(_events())):
        said = f"names no event: {', '.join(map(ascii, unknown))}"
        raise Invalid(f"It {said}.", [FieldError("events", said)])


def _events() -> Iterator[str]:
    for each in entities():
        yield event_name(each)
        yield from (happening.event for happening in each.resource.happenings)


gives(Webhook, "topics", _given)
