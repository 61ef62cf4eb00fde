"""What leaves the house: open deliveries, and whether promises are kept."""

from sqlalchemy import BindParameter, Date, Select, and_, cast, exists, func, or_, select, true

from cogniflow.analytics.panel import Panel, WholeNumber, time_zone, today
from cogniflow.analytics.sales import PLACED
from cogniflow.domain.sales.models import GoodsDeliveryNote, Order, OrderItem

# the offset keeps it a look at each order's few lines, where a join would read all lines there ever were
OPEN_LINE = exists(select(OrderItem.id).where(
    OrderItem.order_id == Order.id, OrderItem.delivered_quantity < OrderItem.quantity).correlate(Order).offset(0))


def open_deliveries() -> Select:
    """How many confirmed orders still have goods to be shipped, and how many of those are past the promised day."""
    return select(func.count().label("value"), func.count().filter(Order.promised_on < today).label("overdue")).where(
        Order.status.in_(("confirmed", "partially_delivered")), OPEN_LINE)


def delivery_performance(days: BindParameter[int]) -> Select:
    """For each day on which orders were due: how many were, and how many were shipped on time, in full, and both.

    An order is judged by its last shipment once nothing more is to come: everything is shipped, or it is closed. On time and
    in full as in the OTIF measure of supply chains; an order past its day with goods to come is a miss of both.
    """
    last = func.timezone(time_zone, func.max(GoodsDeliveryNote.shipped_at))
    shipped = select(cast(last, Date).label("on")).where(
        GoodsDeliveryNote.order_id == Order.id, GoodsDeliveryNote.status.in_(("shipped", "delivered"))).lateral("shipped")
    # the offset has each order's lines looked at once, not once for every figure made of them
    due = select(Order.promised_on, Order.status, shipped.c.on.label("shipped_on"), OPEN_LINE.label("is_open")).select_from(
        Order.__table__.join(shipped, true())).where(
        PLACED, Order.promised_on > today - days, Order.promised_on <= today).offset(0).subquery("due").c
    in_full = and_(due.shipped_on.is_not(None), ~due.is_open)
    judged = select(
        due.promised_on.label("due_on"), in_full.label("in_full"), or_(in_full, due.status == "closed").label("over"),
        (due.shipped_on <= due.promised_on).label("punctual")).subquery("judged")
    order = judged.c
    return select(
        order.due_on, func.count().label("due"),
        func.count().filter(order.over, order.punctual).label("on_time"),
        func.count().filter(order.in_full).label("in_full"),
        func.count().filter(order.in_full, order.punctual).label("otif"),
        func.count().filter(order.over, ~order.punctual).label("late"),
        func.count().filter(~order.over, order.due_on < today).label("overdue_open"),
    ).group_by(order.due_on).order_by(order.due_on)


PANELS = (
    Panel("open-deliveries", "Open deliveries", open_deliveries, unit="orders", labels={"note": "{overdue} overdue"}),
    Panel("delivery-performance", "Delivery performance", delivery_performance, unit="orders",
          parameters={"days": WholeNumber(90)},
          labels={"note": "{otif/due} of {unit} on time and in full, by due date, last {days} days",
                  "empty": "No order was due in this time.", "due_on": "Due", "due": "Orders due", "on_time": "On time",
                  "in_full": "In full", "otif": "On time and in full", "late": "Late", "overdue_open": "Overdue"}),
)
