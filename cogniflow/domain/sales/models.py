"""Quotations, customer orders, their amendments, and goods delivery notes."""

from typing import Any

from sqlalchemy import CheckConstraint, Computed, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from cogniflow.kernel.entity import Entity, Resource
from cogniflow.kernel.fields import (
    BY_DATABASE,
    BY_OPERATION,
    TODAY,
    Count,
    Day,
    Fraction,
    Line,
    Moment,
    Money,
    Name,
    Note,
    Number,
    Quantity,
    Rate,
    Status,
    UnitPrice,
    given_status,
    reference,
    summed,
)

MENU = "Sales"


class Quotation(Entity):
    """An offer of goods at fixed prices, made to a customer until a day."""

    __tablename__ = "quotations"
    __table_args__ = (
        CheckConstraint("valid_until >= quoted_on", name="valid_after_quoted"),
        CheckConstraint("(status = 'rejected') = (coalesce(reason, '') <> '')", name="rejected_with_reason"),
        CheckConstraint("revises_id <> id", name="not_revised_by_itself"),
    )
    resource = Resource(menu=MENU, icon="file-text", search=("number",), order_by="-id", history=True)

    number: Mapped[Number | None] = mapped_column(comment="Given when it is sent.")
    status: Mapped[Status] = given_status("draft")
    revision: Mapped[Count] = mapped_column(server_default="1", comment="Which version of the offer it is.", info={**BY_DATABASE})
    revises_id: Mapped[int | None] = reference("quotations", comment="Offer it replaces.", unique=True, given_by="operation")
    customer_id: Mapped[int] = reference("contacts", comment="Customer it is made to.", needs="is_customer")
    employee_id: Mapped[int | None] = reference("employees", comment="Who makes it.")
    warehouse_id: Mapped[int | None] = reference("warehouses", comment="Warehouse the goods would be delivered from.")
    quoted_on: Mapped[Day] = mapped_column(server_default=TODAY, comment="Date of the offer.")
    valid_until: Mapped[Day] = mapped_column(
        server_default=text("(cogniflow.company_today() + 30)"), index=True, comment="Last day on which it can be accepted."
    )
    currency_id: Mapped[int | None] = reference("currencies", comment="Currency of its prices; the base currency when empty.")
    rate: Mapped[Rate | None] = mapped_column(
        comment="Base currency for one unit of its currency, fixed when it is sent.", info={**BY_DATABASE}
    )
    reason: Mapped[Note | None] = mapped_column(comment="Why the customer rejected it.", info={**BY_OPERATION})
    note: Mapped[Note | None] = mapped_column(comment="Anything the customer should know.")
    net_total: Mapped[Money] = summed(comment="Sum of its lines before tax, in its currency.")
    tax_total: Mapped[Money] = summed(comment="Tax, rounded once per rate.")
    total: Mapped[Money] = summed(comment="Net and tax.")


class QuotationItem(Entity):
    """A product offered at a price."""

    __tablename__ = "quotation_items"
    __table_args__ = (
        CheckConstraint("quantity > 0", name="quantity_positive"),
        CheckConstraint("unit_price >= 0", name="price_not_negative"),
        CheckConstraint("discount BETWEEN 0 AND 1", name="discount_is_a_fraction"),
        CheckConstraint("ordered_quantity BETWEEN 0 AND quantity", name="ordered_within_quoted"),
    )
    resource = Resource(menu=MENU, icon="list", order_by="id", lines_of="quotation")

    quotation_id: Mapped[int] = reference("quotations", comment="Quotation it is a line of.", on_delete="CASCADE")
    position: Mapped[Count] = mapped_column(server_default="0", comment="Place among the lines.")
    product_id: Mapped[int] = reference("products", comment="Product offered.")
    quantity: Mapped[Quantity] = mapped_column(comment="Units offered.")
    unit_price: Mapped[UnitPrice] = mapped_column(comment="Price of one unit in its currency, before discount and tax.")
    discount: Mapped[Fraction] = mapped_column(server_default="0", comment="Discount as a fraction: 0.1 is 10 %.")
    tax_code_id: Mapped[int | None] = reference("tax_codes", comment="Tax on it.")
    tax_rate: Mapped[Fraction] = mapped_column(
        server_default="0", comment="Tax as a fraction, fixed when the quotation is sent.", info={**BY_OPERATION}
    )
    line_total: Mapped[Money] = mapped_column(
        Computed("round(quantity * unit_price * (1 - discount), 2)", persisted=True),
        comment="Price of the line after discount, before tax, in cents.",
        info={**BY_DATABASE},
    )
    ordered_quantity: Mapped[Quantity] = summed(comment="Units on orders made of it.")


class Order(Entity):
    """An order that a customer placed with us."""

    __tablename__ = "orders"
    __table_args__ = (
        CheckConstraint("freight >= 0", name="freight_not_negative"),
        CheckConstraint("promised_on >= ordered_on", name="promised_after_ordered"),
    )
    resource = Resource(
        menu=MENU, icon="shopping-cart", search=("number", "external_number"), order_by="-ordered_on", history=True
    )

    number: Mapped[Number | None] = mapped_column(comment="Given when it is confirmed.")
    status: Mapped[Status] = given_status("draft")
    customer_id: Mapped[int] = reference("contacts", comment="Customer who placed it.", needs="is_customer")
    quotation_id: Mapped[int | None] = reference("quotations", comment="Offer it accepts.", given_by="operation")
    employee_id: Mapped[int | None] = reference("employees", comment="Who sold it.")
    warehouse_id: Mapped[int] = reference("warehouses", comment="Warehouse it is delivered from.")
    ordered_on: Mapped[Day] = mapped_column(server_default=TODAY, index=True, comment="Date of the order.")
    promised_on: Mapped[Day | None] = mapped_column(index=True, comment="When we promised to deliver.")
    external_number: Mapped[Line | None] = mapped_column(comment="The customer's own number for it.")
    carrier_id: Mapped[int | None] = reference("contacts", comment="Who is to carry the goods.", needs="is_carrier")
    freight: Mapped[Money] = mapped_column(server_default="0", comment="Freight charged, in base currency.")
    ship_name: Mapped[Name | None] = mapped_column(comment="Receiver of the goods.")
    ship_address: Mapped[Line | None] = mapped_column(comment="Street and number of the delivery.")
    ship_city: Mapped[Line | None] = mapped_column(comment="Town of the delivery.")
    ship_country: Mapped[Line | None] = mapped_column(comment="Country of the delivery.")
    note: Mapped[Note | None] = mapped_column(comment="Anything worth knowing about it.")
    credit_approved: Mapped[Money | None] = mapped_column(
        comment="Total up to which it may exceed the customer's credit limit.", info={**BY_OPERATION}
    )
    net_total: Mapped[Money] = summed(comment="Sum of its lines before tax, in base currency.")
    tax_total: Mapped[Money] = summed(comment="Tax, rounded once per rate.")
    total: Mapped[Money] = summed(comment="Net, tax and freight.")


class OrderItem(Entity):
    """A product that a customer ordered."""

    __tablename__ = "order_items"
    __table_args__ = (
        CheckConstraint("quantity > 0", name="quantity_positive"),
        CheckConstraint("unit_price >= 0", name="price_not_negative"),
        CheckConstraint("discount BETWEEN 0 AND 1", name="discount_is_a_fraction"),
        CheckConstraint("delivered_quantity BETWEEN 0 AND quantity", name="delivered_within_ordered"),
    )
    resource = Resource(menu=MENU, icon="list", order_by="id", lines_of="order")

    order_id: Mapped[int] = reference("orders", comment="Order it is a line of.", on_delete="CASCADE")
    position: Mapped[Count] = mapped_column(server_default="0", comment="Place among the lines.")
    quotation_item_id: Mapped[int | None] = reference("quotation_items", comment="Row of the offer.", given_by="operation")
    product_id: Mapped[int] = reference("products", comment="Product ordered.")
    quantity: Mapped[Quantity] = mapped_column(comment="Units ordered.")
    unit_price: Mapped[UnitPrice] = mapped_column(comment="Price of one unit in base currency, before discount and tax.")
    discount: Mapped[Fraction] = mapped_column(server_default="0", comment="Discount as a fraction: 0.1 is 10 %.")
    tax_code_id: Mapped[int | None] = reference("tax_codes", comment="Tax on it.")
    line_total: Mapped[Money] = mapped_column(
        Computed("round(quantity * unit_price * (1 - discount), 2)", persisted=True),
        comment="Price of the line after discount, before tax, in cents.",
        info={**BY_DATABASE},
    )
    delivered_quantity: Mapped[Quantity] = summed(comment="Units shipped so far.")


class OrderAmendment(Entity):
    """A change of a confirmed order's lines, agreed with the customer: what they were, and what they became."""

    __tablename__ = "order_amendments"
    __table_args__ = (UniqueConstraint("order_id", "revision"),)
    resource = Resource(menu=MENU, icon="history", order_by="-id", read_only=True)

    order_id: Mapped[int] = reference("orders", comment="Order it amends.")
    revision: Mapped[Count] = mapped_column(comment="Which amendment of the order it is.", info={**BY_DATABASE})
    reason: Mapped[Note] = mapped_column(comment="Why the order was amended.", info={**BY_DATABASE})
    before: Mapped[Any] = mapped_column(JSONB, comment="The lines before it.", info={**BY_DATABASE})
    after: Mapped[Any | None] = mapped_column(JSONB, comment="The lines after it.", info={**BY_DATABASE})


class GoodsDeliveryNote(Entity):
    """The departure of goods from a warehouse to a customer."""

    __tablename__ = "goods_delivery_notes"
    __table_args__ = (
        CheckConstraint(
            "status NOT IN ('shipped', 'delivered', 'reversed') OR shipped_at IS NOT NULL", name="shipped_when_shipped"
        ),
        CheckConstraint("status <> 'reversed' OR reversed_at IS NOT NULL", name="reversed_when_reversed"),
    )
    resource = Resource(
        menu=MENU, icon="truck-delivery", search=("number", "tracking", "reversal_number"), order_by="-id",
        event="gdn_updated", history=True,
    )

    number: Mapped[Number | None] = mapped_column(comment="Given when it is shipped.")
    status: Mapped[Status] = given_status("draft")
    order_id: Mapped[int] = reference("orders", comment="Order it delivers.")
    warehouse_id: Mapped[int] = reference("warehouses", comment="Warehouse the goods leave.")
    promised_on: Mapped[Day | None] = mapped_column(comment="When the goods were promised.")
    carrier_id: Mapped[int | None] = reference("contacts", comment="Who carries the goods.", needs="is_carrier")
    tracking: Mapped[Line | None] = mapped_column(comment="The carrier's number for the shipment.")
    packages: Mapped[Count] = mapped_column(server_default="1", comment="Number of packages.")
    shipped_at: Mapped[Moment | None] = mapped_column(comment="When the goods left.", info={**BY_OPERATION})
    delivered_at: Mapped[Moment | None] = mapped_column(comment="When the goods arrived.", info={**BY_OPERATION})
    reversed_at: Mapped[Moment | None] = mapped_column(
        comment="When the goods were taken back into stock.", info={**BY_OPERATION}
    )
    reversal_number: Mapped[Number | None] = mapped_column(comment="Number of the reversal, given when they are taken back.")
    reversal_reason: Mapped[Line | None] = mapped_column(comment="Why they were taken back.", info={**BY_OPERATION})
    note: Mapped[Note | None] = mapped_column(comment="Anything worth knowing about the delivery.")


class GdnItem(Entity):
    """A product that leaves with a goods delivery note."""

    __tablename__ = "gdn_items"
    __table_args__ = (
        UniqueConstraint("goods_delivery_note_id", "order_item_id"),
        CheckConstraint("quantity > 0", name="quantity_positive"),
    )
    resource = Resource(menu=MENU, icon="list", order_by="id", lines_of="goods_delivery_note")

    goods_delivery_note_id: Mapped[int] = reference("goods_delivery_notes", comment="Note it is a line of.", on_delete="CASCADE")
    position: Mapped[Count] = mapped_column(server_default="0", comment="Place among the lines.")
    order_item_id: Mapped[int] = reference("order_items", comment="Row of the order it delivers.")
    product_id: Mapped[int] = reference("products", comment="Product that leaves; the one of the order's row.")
    quantity: Mapped[Quantity] = mapped_column(comment="Units that leave.")
