"""Seeing and reading notifications, one or all of a user's."""

from sqlalchemy import func, update
from sqlalchemy.orm import Session

from cogniflow.domain.notifications.models import Notification
from cogniflow.kernel.operation import operation


@operation(Notification, "see")
def see_notification(session: Session, notification: Notification) -> Notification:
    """Note that it has been in view; it stays unread."""
    if notification.seen_at is None:
        notification.seen_at = func.now()
    return notification


@operation(Notification, "read")
def read_notification(session: Session, notification: Notification) -> Notification:
    """Note that it has been read."""
    if notification.read_at is None:
        notification.read_at = func.now()
    return see_notification(session, notification)


def see_all(session: Session, user_id: int | None) -> int:
    """Note that all of a user's notifications have been in view; how many were new to them."""
    unseen = update(Notification).where(Notification.user_id == user_id, Notification.seen_at.is_(None))
    return session.execute(unseen.values(seen_at=func.now())).rowcount


def read_all(session: Session, user_id: int | None) -> int:
    """Note that all of a user's notifications have been read; how many were not."""
    unread = update(Notification).where(Notification.user_id == user_id, Notification.read_at.is_(None))
    return session.execute(unread.values(read_at=func.now(), seen_at=func.coalesce(Notification.seen_at, func.now()))).rowcount
