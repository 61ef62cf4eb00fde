"""Posting, the one way in which stock moves, and what is done with transfers, counts, adjustments and periods."""

import datetime as dt
from typing import Annotated

from pydantic import AwareDatetime, StringConstraints
from sqlalchemy import ARRAY, BigInteger, cast, exists, func, select
from sqlalchemy.orm import Session

from cogniflow.domain.inventory.models import (
    StockAdjustment,
    StockBalance,
    StockCount,
    StockCountItem,
    StockPeriod,
    StockTransfer,
)
from cogniflow.kernel.operation import operation, require_lines
from cogniflow.kernel.usable import require_usable

Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
"""Why something is taken back, in a line."""


def post_movements(session: Session, document_table: str, ids: list[int], moved_at: dt.datetime | None = None) -> int:
    """Enter what the documents move into the stock ledger and the balances; how many movements that is.

    The documents must stand posted when the transaction ends. Raises Conflict when stock, capacity or the order
    does not allow it.
    """
    return session.scalar(select(func.cogniflow.post_movements(document_table, cast(ids, ARRAY(BigInteger)), moved_at)))


def reverse_movements(session: Session, document_table: str, ids: list[int]) -> int:
    """Take back what the documents moved, once, by opposite movements; how many those are.

    The documents must stand reversed when the transaction ends. Raises Conflict when stock or the order does not allow it.
    """
    return session.scalar(select(func.cogniflow.reverse_movements(document_table, cast(ids, ARRAY(BigInteger)))))


@operation(StockTransfer, "ship", moves={"draft": "in_transit"}, role="storekeeper")
def ship_transfer(session: Session, transfer: StockTransfer, *, shipped_at: AwareDatetime | None = None) -> StockTransfer:
    """Send the goods on their way: they leave their warehouse, and the transfer gets its number."""
    require_lines(session, transfer)
    require_usable(session, transfer)
    post_movements(session, StockTransfer.__tablename__, [transfer.id], shipped_at)
    transfer.shipped_at = shipped_at or func.now()
    return transfer


@operation(StockTransfer, "approve_capacity", moves={"in_transit": "in_transit"}, role="manager")
def approve_transfer_capacity(session: Session, transfer: StockTransfer) -> StockTransfer:
    """Let the goods into a warehouse that may not hold so much; who did is in the history."""
    transfer.capacity_approved = True
    return transfer


@operation(StockTransfer, "receive", moves={"in_transit": "received"}, role="storekeeper")
def receive_transfer(session: Session, transfer: StockTransfer, *, received_at: AwareDatetime | None = None) -> StockTransfer:
    """Record that the goods have arrived: they enter the other warehouse."""
    post_movements(session, StockTransfer.__tablename__, [transfer.id], received_at)
    transfer.received_at = received_at or func.now()
    return transfer


@operation(StockTransfer, "cancel", moves={"draft": "cancelled"}, role="storekeeper")
def cancel_transfer(session: Session, transfer: StockTransfer) -> StockTransfer:
    """Call the transfer off before the goods leave."""
    return transfer


@operation(StockCount, "start", moves={"draft": "counting"}, role="storekeeper")
def start_count(session: Session, count: StockCount) -> StockCount:
    """Begin to count: the lines are fixed; all that the warehouse holds where none were given."""
    if not session.scalar(select(exists().where(StockCountItem.stock_count_id == count.id))):
        held = session.scalars(select(StockBalance.product_id).where(
            StockBalance.warehouse_id == count.warehouse_id, StockBalance.on_hand > 0).order_by(StockBalance.product_id))
        session.add_all(StockCountItem(stock_count_id=count.id, position=position, product_id=product)
                        for position, product in enumerate(held, start=1))
        # before the move: afterwards the lines are fixed
        session.flush()
    require_lines(session, count)
    return count


@operation(StockCount, "review", moves={"counting": "review"}, role="storekeeper")
def review_count(session: Session, count: StockCount) -> StockCount:
    """Look at what was counted: lines that have moved since are flagged, and may be counted again."""
    return count


@operation(StockCount, "recount", moves={"review": "counting"}, role="storekeeper")
def recount(session: Session, count: StockCount) -> StockCount:
    """Have the flagged lines counted again."""
    return count


@operation(StockCount, "post", moves={"review": "posted"}, role="manager")
def post_count(session: Session, count: StockCount, *, posted_at: AwareDatetime | None = None) -> StockCount:
    """Enter what differs from the books; what orders can no longer have goes back on backorder."""
    post_movements(session, StockCount.__tablename__, [count.id], posted_at)
    count.posted_at = posted_at or func.now()
    return count


@operation(StockCount, "cancel", moves=dict.fromkeys(("draft", "counting", "review"), "cancelled"), role="storekeeper")
def cancel_count(session: Session, count: StockCount) -> StockCount:
    """Give the count up; the books stay as they are."""
    return count


@operation(StockAdjustment, "post", moves={"draft": "posted"}, role="manager")
def post_adjustment(session: Session, adjustment: StockAdjustment, *,
                    posted_at: AwareDatetime | None = None) -> StockAdjustment:
    """Correct the books; what orders can no longer have goes back on backorder."""
    require_lines(session, adjustment)
    require_usable(session, adjustment)
    post_movements(session, StockAdjustment.__tablename__, [adjustment.id], posted_at)
    adjustment.posted_at = posted_at or func.now()
    return adjustment


@operation(StockAdjustment, "cancel", moves={"draft": "cancelled"}, role="storekeeper")
def cancel_adjustment(session: Session, adjustment: StockAdjustment) -> StockAdjustment:
    """Give the correction up; the books stay as they are."""
    return adjustment


@operation(StockPeriod, "close", moves={"open": "closed"}, role="manager")
def close_period(session: Session, period: StockPeriod) -> StockPeriod:
    """Settle the period: no movement is entered into its days any more."""
    return period


@operation(StockPeriod, "reopen", moves={"closed": "open"}, role="manager")
def reopen_period(session: Session, period: StockPeriod) -> StockPeriod:
    """Let movements be entered into the period's days again."""
    return period
