"""What is done with customer orders and goods delivery notes."""

from decimal import Decimal
from itertools import permutations

from pydantic import AwareDatetime
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from cogniflow.domain.inventory.operations import Reason, post_movements, reverse_movements
from cogniflow.domain.sales.models import GdnItem, GoodsDeliveryNote, Order, OrderItem
from cogniflow.errors import Conflict
from cogniflow.kernel.lifecycle import derived_moves
from cogniflow.kernel.operation import operation, require_lines
from cogniflow.kernel.usable import require_usable

derived_moves(Order, *permutations(("confirmed", "partially_delivered", "delivered"), 2))
OPEN = ("confirmed", "partially_delivered")
"""An order of one of these statuses is still to be delivered."""
NOT_SHIPPED = ("draft", "picking", "packed")
"""A delivery note of one of these statuses holds goods of the order that have not left yet."""


@operation(Order, "confirm", moves={"draft": "confirmed"}, role="sales")
def confirm_order(session: Session, order: Order) -> Order:
    """Accept the order: it gets its number, its lines, prices and promised date are fixed, and its goods are reserved."""
    require_lines(session, order)
    require_usable(session, order)
    return order


@operation(Order, "approve_credit", moves={"draft": "draft"}, role="manager")
def approve_credit(session: Session, order: Order) -> Order:
    """Let the order, at its total of now, be confirmed although it exceeds the customer's credit limit."""
    order.credit_approved = order.total
    return order


@operation(Order, "deliver", moves={each: each for each in OPEN}, role="sales")
def deliver_order(session: Session, order: Order) -> Order:
    """Draft a delivery note of everything that is neither shipped nor on another note that waits to be."""
    rows = _still_open(session, order)
    if not rows:
        raise Conflict("Everything is shipped, or on a delivery note that waits to be.")
    note = GoodsDeliveryNote(order_id=order.id, warehouse_id=order.warehouse_id, promised_on=order.promised_on,
                             carrier_id=order.carrier_id)
    session.add(note)
    session.add_all(GdnItem(goods_delivery_note=note, position=position, order_item_id=row.id, product_id=row.product_id,
                            quantity=left) for position, (row, left) in enumerate(rows, start=1))
    return order


@operation(Order, "close", moves={"delivered": "closed"}, role="sales")
def close_order(session: Session, order: Order) -> Order:
    """Put a completely delivered order away."""
    return order


@operation(Order, "cancel", moves={"draft": "cancelled", "confirmed": "cancelled"}, role="sales")
def cancel_order(session: Session, order: Order) -> Order:
    """Call the order off and give back what it has reserved; only while nothing is shipped and no delivery is under way."""
    return order


@operation(Order, "hold", moves={"confirmed": "on_hold"}, role="sales")
def hold_order(session: Session, order: Order) -> Order:
    """Stop the order for now: nothing of it is shipped until it is resumed, and others may have what it has reserved."""
    return order


@operation(Order, "resume", moves={"on_hold": "confirmed"}, role="sales")
def resume_order(session: Session, order: Order) -> Order:
    """Let an order on hold go on: its goods are reserved again, as far as they are available."""
    return order


@operation(GoodsDeliveryNote, "pick", moves={"draft": "picking"}, role="storekeeper")
def pick_delivery(session: Session, note: GoodsDeliveryNote) -> GoodsDeliveryNote:
    """Start to take the goods from their places; the lines are fixed from now on."""
    require_lines(session, note)
    return note


@operation(GoodsDeliveryNote, "pack", moves={"picking": "packed"}, role="storekeeper")
def pack_delivery(session: Session, note: GoodsDeliveryNote) -> GoodsDeliveryNote:
    """Say that the goods are packed and ready to leave."""
    return note


@operation(GoodsDeliveryNote, "ship", moves={"packed": "shipped"}, role="storekeeper")
def ship_delivery(session: Session, note: GoodsDeliveryNote, *, shipped_at: AwareDatetime | None = None) -> GoodsDeliveryNote:
    """Ship the goods: they leave stock, the order counts them as delivered, and the note gets its number."""
    post_movements(session, GoodsDeliveryNote.__tablename__, [note.id], shipped_at)
    note.shipped_at = shipped_at or func.now()
    return note


@operation(GoodsDeliveryNote, "deliver", moves={"shipped": "delivered"}, role="storekeeper")
def deliver_delivery(session: Session, note: GoodsDeliveryNote, *,
                     delivered_at: AwareDatetime | None = None) -> GoodsDeliveryNote:
    """Record that the customer has the goods."""
    note.delivered_at = delivered_at or func.now()
    return note


@operation(GoodsDeliveryNote, "reverse", moves={"shipped": "reversed", "delivered": "reversed"}, role="manager")
def reverse_delivery(session: Session, note: GoodsDeliveryNote, *, reason: Reason) -> GoodsDeliveryNote:
    """Take the goods back into stock: the order waits for them again."""
    reverse_movements(session, GoodsDeliveryNote.__tablename__, [note.id])
    note.reversed_at, note.reversal_reason = func.now(), reason
    return note


@operation(GoodsDeliveryNote, "cancel", moves=dict.fromkeys(NOT_SHIPPED, "cancelled"), role="storekeeper")
def cancel_delivery(session: Session, note: GoodsDeliveryNote) -> GoodsDeliveryNote:
    """Call the delivery off before it is shipped; nothing leaves stock."""
    return note


def _still_open(session: Session, order: Order) -> list[tuple[OrderItem, Decimal]]:
    waiting = (select(func.coalesce(func.sum(GdnItem.quantity), 0)).join(GdnItem.goods_delivery_note)
               .where(GdnItem.order_item_id == OrderItem.id, GoodsDeliveryNote.status.in_(NOT_SHIPPED)).scalar_subquery())
    left = OrderItem.quantity - OrderItem.delivered_quantity - waiting
    found = session.execute(select(OrderItem, left).where(OrderItem.order_id == order.id, left > 0)
                            .order_by(OrderItem.position, OrderItem.id))
    return [(row, quantity) for row, quantity in found]
