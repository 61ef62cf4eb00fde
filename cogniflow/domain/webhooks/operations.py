"""What is done with webhooks and their messages."""

import datetime as dt

from sqlalchemy import cast, func, select
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Session

from cogniflow.domain.webhooks.models import NEW_SECRET, Webhook, WebhookDelivery
from cogniflow.errors import Conflict
from cogniflow.kernel.lifecycle import derived_moves
from cogniflow.kernel.operation import operation

derived_moves(WebhookDelivery, *((source, target) for source in ("pending", "failed")
                                 for target in ("delivered", "failed", "given_up") if source != target))


@operation(Webhook, "ping")
def ping_webhook(session: Session, webhook: Webhook) -> Webhook:
    """Send it a message that says nothing, to see whether it arrives."""
    if not webhook.enabled:
        raise Conflict("It is switched off.")
    tell(session, [message(webhook.id, "ping", {})])
    return webhook


@operation(Webhook, "rotate_secret", tells_once=True)
def rotate_secret(session: Session, webhook: Webhook) -> Webhook:
    """Give it another secret, which is told once; for a day its messages are signed with the former one, too."""
    webhook.former_secret, webhook.secret, webhook.rotated_at = webhook.secret, NEW_SECRET, func.now()
    return webhook


@operation(WebhookDelivery, "redeliver", moves={"delivered": "pending", "failed": "pending", "given_up": "pending"})
def redeliver(session: Session, delivery: WebhookDelivery) -> WebhookDelivery:
    """Send it again, now, under the same id."""
    delivery.attempts, delivery.next_attempt_at = 0, func.now()
    return delivery


def message(webhook_id: int, event: str, data: dict) -> dict:
    """A message as it is told: `type`, `timestamp` and `data`, as Standard Webhooks has them."""
    at = dt.datetime.now(dt.UTC).isoformat().replace("+00:00", "Z")
    return {"webhook_id": webhook_id, "payload": {"type": event, "timestamp": at, "data": data}}


def tell(session: Session, messages: list[dict]) -> None:
    """Have the messages sent as soon as this is committed."""
    session.execute(select(func.cogniflow.tell_webhooks(cast(messages, JSONB))))
