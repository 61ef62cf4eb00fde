"""What was sold: orders and revenue."""

from sqlalchemy import BindParameter, Date, Integer, Numeric, Select, cast, func, select, text
from sqlalchemy.sql.elements import ColumnElement

from cogniflow.analytics.panel import Panel, WholeNumber, today
from cogniflow.domain.sales.models import Order

PLACED = Order.status.not_in(("draft", "cancelled"))
"""An order counts from its confirmation on, unless it is cancelled."""


def orders_today() -> Select:
    """How many orders carry today's date, and how many that of the same day last week."""
    return select(_number_on(today).label("value"), _number_on(today - 7).label("previous")).where(
        PLACED, Order.ordered_on.in_((today, today - 7)))


def revenue_this_month() -> Select:
    """Net value of the orders of this month, and of last month up to the same day."""
    month = cast(func.date_trunc("month", today), Date)
    month_ago = cast(today - text("interval '1 month'"), Date)
    last_month = cast(func.date_trunc("month", month_ago), Date)
    next_month = cast(month + text("interval '1 month'"), Date)
    return select(_net(Order.ordered_on >= month).label("value"), _net(Order.ordered_on <= month_ago).label("previous")).where(
        PLACED, Order.ordered_on >= last_month, Order.ordered_on < next_month)


def revenue_by_day(days: BindParameter[int]) -> Select:
    """Net value and number of the orders of each of the last days, those without orders too."""
    back = func.generate_series(days - 1, 0, -1).table_valued("ago", name="back").render_derived()
    day = (today - cast(back.c.ago, Integer)).label("day")
    calendar = select(day).subquery("calendar")
    taken = calendar.outerjoin(Order, (Order.ordered_on == calendar.c.day) & PLACED)
    return select(calendar.c.day, _net(Order.id.is_not(None)).label("revenue"), func.count(Order.id).label("orders")).select_from(
        taken).group_by(calendar.c.day).order_by(calendar.c.day)


def _number_on(day: ColumnElement) -> ColumnElement:
    return func.count().filter(Order.ordered_on == day)


def _net(which: ColumnElement) -> ColumnElement:
    return func.coalesce(func.sum(Order.net_total).filter(which), 0, type_=Numeric)


PANELS = (
    Panel("orders-today", "Orders today", orders_today, unit="orders",
          labels={"note": "{change} vs a week ago"}),
    Panel("revenue-this-month", "Revenue this month", revenue_this_month,
          labels={"note": "{change} vs a month ago"}),
    Panel("revenue-by-day", "Revenue by day", revenue_by_day, parameters={"days": WholeNumber(90)},
          labels={"note": "{unit} before tax by day of order, last {days} days",
                  "empty": "No orders were confirmed in this time.", "day": "Day", "revenue": "Revenue", "orders": "Orders"}),
)
