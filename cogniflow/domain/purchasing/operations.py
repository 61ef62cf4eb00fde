"""What is done with purchase orders and goods receipt notes."""

from decimal import Decimal
from itertools import permutations
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from cogniflow.domain.inventory.operations import Reason, post_movements, reverse_movements
from cogniflow.domain.purchasing.models import GoodsReceiptNote, GrnItem, PurchaseOrder
from cogniflow.errors import FieldError, Invalid
from cogniflow.kernel.lifecycle import derived_moves
from cogniflow.kernel.operation import operation, require_lines
from cogniflow.kernel.usable import require_usable

derived_moves(PurchaseOrder, *permutations(("confirmed", "partially_received", "received"), 2))


Units = Annotated[Decimal, Field(ge=0, max_digits=18, decimal_places=6)]
"""How much of a product: what a quantity column can hold."""


class ReceivedLine(BaseModel):
    """How much of a line arrived, accepted and rejected."""

    model_config = ConfigDict(extra="forbid")

    id: int
    accepted: Units
    rejected: Units = Decimal(0)


@operation(PurchaseOrder, "confirm", moves={"draft": "confirmed"}, role="manager")
def confirm_purchase_order(session: Session, order: PurchaseOrder) -> PurchaseOrder:
    """Place the order with the supplier: it gets its number, and what it orders counts as incoming."""
    require_lines(session, order)
    require_usable(session, order)
    return order


@operation(PurchaseOrder, "cancel", moves={"draft": "cancelled", "confirmed": "cancelled"}, role="manager")
def cancel_purchase_order(session: Session, order: PurchaseOrder) -> PurchaseOrder:
    """Call the order off; only while nothing has been received and no receipt is under way."""
    return order


@operation(PurchaseOrder, "close", moves={"received": "closed"}, role="manager")
def close_purchase_order(session: Session, order: PurchaseOrder) -> PurchaseOrder:
    """Put a completely received order away."""
    return order


@operation(GoodsReceiptNote, "expect", moves={"draft": "expected"}, role="storekeeper")
def expect_goods_receipt(session: Session, receipt: GoodsReceiptNote) -> GoodsReceiptNote:
    """Announce the goods: their lines are fixed and, without a purchase order, count as incoming."""
    require_lines(session, receipt)
    return receipt


@operation(GoodsReceiptNote, "receive", moves={"expected": "received"}, role="storekeeper")
def receive_goods(session: Session, receipt: GoodsReceiptNote, *, lines: list[ReceivedLine] | None = None,
                  received_at: AwareDatetime | None = None) -> GoodsReceiptNote:
    """Record what arrived: per line how much is accepted and rejected; all that was announced where nothing was counted."""
    items = {item.id: item for item in session.scalars(
        select(GrnItem).where(GrnItem.goods_receipt_note_id == receipt.id).order_by(GrnItem.id))}
    counted = {line.id: line for line in lines or ()}
    if len(counted) < len(lines or ()):
        raise Invalid("A line is counted twice.", [FieldError("lines", "names a line twice")])
    if strangers := counted.keys() - items.keys():
        raise Invalid("A line is not one of this note.", [FieldError("lines", f"no line {min(strangers)}")])
    for item in items.values():
        if line := counted.get(item.id):
            item.accepted_quantity, item.rejected_quantity = line.accepted, line.rejected
        elif not item.received_quantity:
            item.accepted_quantity = item.quantity
    receipt.received_at = received_at or func.now()
    return receipt


@operation(GoodsReceiptNote, "approve_capacity", moves={"received": "received"}, role="manager")
def approve_receipt_capacity(session: Session, receipt: GoodsReceiptNote) -> GoodsReceiptNote:
    """Let the goods into a warehouse that may not hold so much; who did is in the history."""
    receipt.capacity_approved = True
    return receipt


@operation(GoodsReceiptNote, "post", moves={"received": "posted"}, role="storekeeper")
def post_goods_receipt(session: Session, receipt: GoodsReceiptNote, *,
                       posted_at: AwareDatetime | None = None) -> GoodsReceiptNote:
    """Post a goods receipt: its accepted lines enter stock, it gets its number and can no longer change."""
    post_movements(session, GoodsReceiptNote.__tablename__, [receipt.id], posted_at)
    receipt.posted_at = posted_at or func.now()
    return receipt


@operation(GoodsReceiptNote, "reverse", moves={"posted": "reversed"}, role="manager")
def reverse_goods_receipt(session: Session, receipt: GoodsReceiptNote, *, reason: Reason) -> GoodsReceiptNote:
    """Take the posting back: the goods leave stock again, and the purchase order waits for them again."""
    reverse_movements(session, GoodsReceiptNote.__tablename__, [receipt.id])
    receipt.reversed_at, receipt.reversal_reason = func.now(), reason
    return receipt


@operation(GoodsReceiptNote, "cancel", moves={"draft": "cancelled", "expected": "cancelled", "received": "cancelled"},
           role="storekeeper")
def cancel_goods_receipt(session: Session, receipt: GoodsReceiptNote) -> GoodsReceiptNote:
    """Call the receipt off before it is posted; nothing enters stock."""
    return receipt
