"""What is done with quotations."""

import datetime as dt
from decimal import Decimal
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from cogniflow.domain.sales.models import Order, OrderItem, Quotation, QuotationItem
from cogniflow.domain.system.models import TaxCode
from cogniflow.errors import Conflict, FieldError, Invalid
from cogniflow.kernel.entity import Entity, writable
from cogniflow.kernel.fields import Reason
from cogniflow.kernel.lifecycle import derived_moves
from cogniflow.kernel.operation import operation, record_of, require_lines
from cogniflow.kernel.usable import require_usable

derived_moves(
    Quotation, ("sent", "expired"), ("accepted", "partially_ordered"), ("accepted", "ordered"), ("partially_ordered", "ordered"),
    ("ordered", "partially_ordered"), ("ordered", "accepted"), ("partially_ordered", "accepted"))

Units = Annotated[Decimal, Field(gt=0, max_digits=18, decimal_places=6)]
"""How much of a product is wanted."""


class WantedLine(BaseModel):
    """How much the customer orders of a line."""

    model_config = ConfigDict(extra="forbid")

    id: int
    quantity: Units


@operation(Quotation, "send", moves={"draft": "sent"}, role="sales")
def send_quotation(session: Session, quotation: Quotation) -> Quotation:
    """Send the offer: it gets its number, and its prices, taxes and exchange rate are fixed."""
    require_lines(session, quotation)
    require_usable(session, quotation)
    rate = func.coalesce(select(TaxCode.rate).where(TaxCode.id == QuotationItem.tax_code_id).scalar_subquery(), 0)
    session.execute(update(QuotationItem).where(QuotationItem.quotation_id == quotation.id).values(tax_rate=rate),
                    execution_options={"synchronize_session": False})
    return quotation


@operation(Quotation, "accept", moves={"sent": "accepted"}, role="sales")
def accept_quotation(session: Session, quotation: Quotation) -> Quotation:
    """Record that the customer has accepted the offer, while it is valid."""
    return quotation


@operation(Quotation, "reject", moves={"sent": "rejected"}, role="sales")
def reject_quotation(session: Session, quotation: Quotation, *, reason: Reason) -> Quotation:
    """Record that the customer does not want it, and why."""
    quotation.reason = reason
    return quotation


@operation(Quotation, "revise", moves={"sent": "superseded"}, role="sales")
def revise_quotation(session: Session, quotation: Quotation) -> Quotation:
    """Draft a new revision of the offer, of the same lines; this one does not count any more."""
    revision = Quotation(**_same(quotation, "quoted_on", "valid_until"), revises_id=quotation.id)
    session.add(revision)
    session.add_all(QuotationItem(**_same(line, "quotation_id"), quotation=revision) for line in _lines(session, quotation))
    return quotation


@operation(Quotation, "order", moves={"accepted": "accepted", "partially_ordered": "partially_ordered"}, role="sales")
def order_quotation(session: Session, quotation: Quotation, *, lines: list[WantedLine] | None = None,
                    warehouse_id: record_of("warehouses") | None = None, promised_on: dt.date | None = None) -> Quotation:
    """Draft an order of what the customer wants of the offer, at its prices: all that is left where nothing is said."""
    if session.scalar(select(Order.id).where(Order.quotation_id == quotation.id, Order.status == "draft").limit(1)):
        raise Conflict("An order of this quotation is still a draft; confirm or cancel it first.")
    if (warehouse_id or quotation.warehouse_id) is None:
        raise Invalid("Say from which warehouse it is delivered.", [FieldError("warehouse_id", "is required")])
    order = Order(quotation_id=quotation.id, customer_id=quotation.customer_id, employee_id=quotation.employee_id,
                  warehouse_id=warehouse_id or quotation.warehouse_id, promised_on=promised_on)
    session.add(order)
    session.add_all(
        OrderItem(**_same(line, "quotation_id", "quantity", "unit_price"), order=order, quotation_item_id=line.id,
                  quantity=quantity, unit_price=round(line.unit_price * quotation.rate, 8))
        for line, quantity in _wanted(session, quotation, lines))
    return quotation


def _wanted(session: Session, quotation: Quotation, wanted: list[WantedLine] | None) -> list[tuple[QuotationItem, Decimal]]:
    rows = {line.id: line for line in _lines(session, quotation)}
    if wanted is None:
        return [(line, line.quantity - line.ordered_quantity) for line in rows.values() if line.ordered_quantity < line.quantity]
    errors = [FieldError(f"lines.{place}.id", "is not a line of this quotation") for place, each in enumerate(wanted)
              if each.id not in rows]
    if errors or len({each.id for each in wanted}) < len(wanted) or not wanted:
        raise Invalid("Name each line that is wanted, once.", errors)
    if any(each.quantity > rows[each.id].quantity - rows[each.id].ordered_quantity for each in wanted):
        raise Conflict("That is more than was offered and is not ordered yet.")
    return [(rows[each.id], each.quantity) for each in wanted]


def _lines(session: Session, quotation: Quotation) -> list[QuotationItem]:
    return list(session.scalars(select(QuotationItem).where(QuotationItem.quotation_id == quotation.id).order_by(
        QuotationItem.position, QuotationItem.id)))


def _same(row: Entity, *others: str) -> dict:
    """What a person gave of the row, for one that is made from it."""
    return {column.key: getattr(row, column.key) for column in writable(type(row)) if column.key not in others}
