"""How a confirmed order is amended."""

from decimal import Decimal
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from cogniflow.domain.sales.models import Order, OrderItem
from cogniflow.domain.sales.operations import OPEN
from cogniflow.domain.sales.quoting import Units
from cogniflow.errors import FieldError, Invalid
from cogniflow.kernel.fields import Reason
from cogniflow.kernel.operation import operation, record_of
from cogniflow.kernel.usable import Given, refuse_unusable

Price = Annotated[Decimal, Field(ge=0, max_digits=20, decimal_places=8)]
Discount = Annotated[Decimal, Field(ge=0, le=1, max_digits=9, decimal_places=6)]


class AmendedLine(BaseModel):
    """What changes of a line of the order; without id, a line more."""

    model_config = ConfigDict(extra="forbid")

    id: int | None = None
    product_id: record_of("products") | None = None
    quantity: Units | None = None
    unit_price: Price | None = None
    discount: Discount | None = None
    tax_code_id: record_of("tax_codes") | None = None


@operation(Order, "amend", moves={each: each for each in OPEN}, role="sales")
def amend_order(session: Session, order: Order, *, reason: Reason, lines: list[AmendedLine] | None = None,
                removed: list[int] | None = None) -> Order:
    """Change the lines of a confirmed order as agreed with the customer, never below what is delivered; why is kept with it."""
    rows = {row.id: row for row in session.scalars(select(OrderItem).where(OrderItem.order_id == order.id))}
    _refuse_nonsense(session, lines or [], removed or [], rows)
    session.execute(select(func.cogniflow.begin_amendment(order.id, reason)))
    for line in lines or ():
        given = line.model_dump(exclude_unset=True, exclude={"id"})
        if line.id is None:
            session.add(OrderItem(order_id=order.id, position=len(rows) + 1, **given))
        else:
            for name, value in given.items():
                setattr(rows[line.id], name, value)
    session.flush()
    session.execute(delete(OrderItem).where(OrderItem.id.in_(removed or ())), execution_options={"synchronize_session": False})
    return order


def _refuse_nonsense(session: Session, lines: list[AmendedLine], removed: list[int], rows: dict[int, OrderItem]) -> None:
    named = [*(line.id for line in lines if line.id is not None), *removed]
    errors = [FieldError("lines", f"no line {each} of this order") for each in named if each not in rows]
    if len(set(named)) < len(named):
        errors.append(FieldError("lines", "names a line twice"))
    for place, line in enumerate(lines):
        given = line.model_dump(exclude_unset=True)
        needed = ("product_id", "quantity", "unit_price") if line.id is None else given.keys() - {"tax_code_id"}
        errors += [FieldError(f"lines.{place}.{name}", "is required") for name in needed if given.get(name) is None]
    if errors:
        raise Invalid("The amendment cannot be accepted.", errors)
    refuse_unusable(session, [Given(OrderItem, line.model_dump(exclude_unset=True, exclude={"id"}), rows.get(line.id),
                                    f"lines.{place}.") for place, line in enumerate(lines)])
