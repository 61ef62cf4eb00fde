"""Notifications, the rules that make them, and what each user wants to hear of."""

from typing import Any

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from cogniflow.kernel.entity import Entity, Happening, Master, Resource, unique_living
from cogniflow.kernel.fields import BY_OPERATION, Code, Flag, Line, Moment, Name, Note, RecordId, Texts, choice, reference

MENU = "Notifications"
BELL = "bell"
"""The channel that every page shows."""


def severity(*, comment: str) -> Any:
    """How urgent a notification is."""
    return choice("info", "success", "warning", "critical", comment=comment, default="info")


class NotificationType(Master, Entity):
    """A kind of notification."""

    __tablename__ = "notification_types"
    __table_args__ = (
        unique_living("notification_types", "code"),
        CheckConstraint(f"channels <@ '{{{BELL}}}'", name="channels_known"),
    )
    resource = Resource(menu=MENU, icon="category", search=("title", "code"), order_by="code", key="code")

    code: Mapped[Code] = mapped_column(comment="Short name used by programs.")
    title: Mapped[Name] = mapped_column(comment="Name shown to people.")
    icon: Mapped[Code] = mapped_column(server_default=BELL, comment="Icon shown beside it.")
    severity: Mapped[str] = severity(comment="How urgent its notifications are.")
    channels: Mapped[Texts] = mapped_column(
        server_default=f"{{{BELL}}}", comment="Where users who have not muted it are told: bell; nowhere when empty."
    )


class Notification(Entity):
    """Something that a user is told, with the record it is about."""

    __tablename__ = "notifications"
    __table_args__ = (
        CheckConstraint("(entity IS NULL) = (record_id IS NULL)", name="record_whole"),
        Index("uq_notifications_unread_dedupe_key", "user_id", "dedupe_key", unique=True,
              postgresql_where=text("read_at IS NULL")),
    )
    resource = Resource(
        menu=MENU, icon=BELL, search=("title",), order_by="-id", owners=("user_id",),
        happenings=(Happening("notification_created", ops="I"), Happening("notification_read", ops="U", columns=("read_at",))),
    )

    user_id: Mapped[int] = reference("users", comment="User who is told.", on_delete="CASCADE")
    type_id: Mapped[int] = reference("notification_types", comment="Kind of notification.")
    severity: Mapped[str] = severity(comment="How urgent it is.")
    title: Mapped[Line] = mapped_column(comment="What happened, in a few words.")
    body: Mapped[Note | None] = mapped_column(comment="What happened, in full.")
    entity: Mapped[Code | None] = mapped_column(comment="Table of the record it is about.")
    record_id: Mapped[RecordId | None] = mapped_column(comment="Number of the record it is about.")
    dedupe_key: Mapped[Line | None] = mapped_column(comment="Not told again under the same key before it is read.")
    seen_at: Mapped[Moment | None] = mapped_column(comment="When it was first in view.", info={**BY_OPERATION})
    read_at: Mapped[Moment | None] = mapped_column(comment="When it was read; empty while it is new.", info={**BY_OPERATION})


class NotificationRule(Entity):
    """Which change of which records is told to whom, in the transaction that makes it."""

    __tablename__ = "notification_rules"
    __table_args__ = (
        CheckConstraint("(condition_column IS NULL) = (condition_value IS NULL)", name="condition_whole"),
        CheckConstraint("op = 'update' OR changed = '{}'", name="only_an_update_changes_columns"),
        CheckConstraint("recipient_role_id IS NOT NULL OR recipient_column IS NOT NULL", name="somebody_is_told"),
        Index("ix_notification_rules_entity", "entity"),
    )
    resource = Resource(menu=MENU, icon="adjustments", search=("title", "entity"), order_by="entity", history=True)

    type_id: Mapped[int] = reference("notification_types", comment="Kind of notification it makes.")
    entity: Mapped[Code] = mapped_column(comment="Table whose changes it watches.")
    op: Mapped[str] = choice("insert", "delete", "update", comment="Change that it watches for.")
    changed: Mapped[Texts] = mapped_column(server_default="{}", comment="Columns of which an update changes one; any when empty.")
    condition_column: Mapped[Code | None] = mapped_column(comment="Column that must hold a value; none for no condition.")
    condition_value: Mapped[Line | None] = mapped_column(comment="The value it must hold, such as confirmed.")
    recipient_role_id: Mapped[int | None] = reference("roles", comment="Role whose users are told.")
    recipient_column: Mapped[Code | None] = mapped_column(comment="Column of the record that names the user who is told.")
    title: Mapped[Line] = mapped_column(comment="What is said: {number} is the record's, {customer.name} its customer's.")
    body: Mapped[Note | None] = mapped_column(comment="What is said in full, in the same way.")
    enabled: Mapped[Flag] = mapped_column(server_default="true", comment="Whether it is followed.")


class NotificationPreference(Entity):
    """What a user does not want to be told."""

    __tablename__ = "notification_preferences"
    __table_args__ = (UniqueConstraint("user_id", "type_id"),)
    resource = Resource(menu=MENU, icon="user-check", order_by="user_id", owners=("user_id",))

    user_id: Mapped[int] = reference("users", comment="User whose wish it is.", on_delete="CASCADE")
    type_id: Mapped[int] = reference("notification_types", comment="Kind of notification.")
    muted: Mapped[Flag] = mapped_column(server_default="true", comment="Whether the user is not told.")
