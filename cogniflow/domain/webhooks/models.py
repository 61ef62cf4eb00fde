"""Webhooks, and every message that one was or will be sent."""

from typing import Any

from sqlalchemy import Index, String, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from cogniflow.kernel.entity import Entity, Resource
from cogniflow.kernel.fields import (
    BY_DATABASE,
    BY_OPERATION,
    SECRET,
    TOLD_ONCE,
    Count,
    Flag,
    Line,
    Moment,
    Name,
    Shape,
    Texts,
    given_status,
    reference,
)

MENU = "System"
EVERY = "*"
"""The topic that is every table."""
HTTP = Shape(r"^https?://[^/\s@]+(/\S*)?$", "must be an address such as https://shop.example.com/changes",
             "https://shop.example.com/changes")
NEW_SECRET = text("cogniflow.new_secret()")
"""PostgreSQL makes it, so that a webhook has one whatever the door; kept as it is, for every message is signed with it."""


class Webhook(Entity):
    """An address of another system that is told of every change of some tables: which records, never what is in them."""

    __tablename__ = "webhooks"
    resource = Resource(menu=MENU, icon="webhook", search=("title", "url"), order_by="title", owners=("user_id",), history=True)

    title: Mapped[Name] = mapped_column(comment="What it is for.")
    url: Mapped[str] = mapped_column(
        String(2000), comment="Address that messages are sent to, such as https://shop.example.com/changes.", info={"shape": HTTP}
    )
    topics: Mapped[Texts] = mapped_column(comment="Tables whose changes it is told, such as orders; * for every one.")
    events: Mapped[Texts] = mapped_column(
        server_default="{}", comment="Of their events those that it is told, such as lead_assigned; every one when empty."
    )
    user_id: Mapped[int] = reference(
        "users", comment="User by whose rights it is told: what this user may not follow it does not hear.", on_delete="CASCADE"
    )
    enabled: Mapped[Flag] = mapped_column(
        server_default="true", comment="Whether it is told anything; switched off by itself when it has failed for days."
    )
    failing_since: Mapped[Moment | None] = mapped_column(
        comment="Since when no message has arrived; empty while they do.", info={**BY_OPERATION}
    )
    problem: Mapped[Line | None] = mapped_column(comment="Why the last message did not arrive.", info={**BY_OPERATION})
    rotated_at: Mapped[Moment | None] = mapped_column(
        comment="When it was last given another secret; for a day messages are signed with both.", info={**BY_OPERATION}
    )
    secret: Mapped[str] = mapped_column(
        String(200), server_default=NEW_SECRET, comment="Key that messages are signed with; told once, when it is made.",
        info={**SECRET, **TOLD_ONCE, **BY_OPERATION},
    )
    former_secret: Mapped[str | None] = mapped_column(
        String(200), comment="Key before the last.", info={**SECRET, **BY_OPERATION}
    )


class WebhookDelivery(Entity):
    """A message to a webhook: what it says, how often it was sent, and what came of it."""

    __tablename__ = "webhook_deliveries"
    __table_args__ = (
        Index("ix_webhook_deliveries_due", "webhook_id", "next_attempt_at", postgresql_where=text("next_attempt_at IS NOT NULL")),
        Index("ix_webhook_deliveries_created_at", "created_at"),
    )
    resource = Resource(menu=MENU, icon="send", search=("event",), order_by="-id", read_only=True)

    webhook_id: Mapped[int] = reference("webhooks", comment="Webhook that is told.", on_delete="CASCADE", **BY_DATABASE)
    event: Mapped[Line] = mapped_column(comment="What happened, such as orders_updated.", info={**BY_DATABASE})
    status: Mapped[str] = given_status("pending")
    attempts: Mapped[Count] = mapped_column(
        server_default="0", comment="How often it was sent since it was made or last asked for again.", info={**BY_OPERATION}
    )
    status_code: Mapped[Count | None] = mapped_column(comment="What the receiver answered, such as 200.", info={**BY_DATABASE})
    duration_ms: Mapped[Count | None] = mapped_column(comment="Milliseconds that the last attempt took.", info={**BY_DATABASE})
    next_attempt_at: Mapped[Moment | None] = mapped_column(
        server_default=text("now()"), comment="When it is sent next; empty once it need not be.", info={**BY_OPERATION}
    )
    delivered_at: Mapped[Moment | None] = mapped_column(comment="When the receiver last took it.", info={**BY_DATABASE})
    problem: Mapped[Line | None] = mapped_column(comment="Why the last attempt failed.", info={**BY_DATABASE})
    payload: Mapped[Any] = mapped_column(JSONB, comment="What it says.", info={**BY_DATABASE, "long": True})
