"""Purchase orders and goods receipt notes."""

from sqlalchemy import CheckConstraint, Computed, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from cogniflow.kernel.entity import Entity, Resource
from cogniflow.kernel.fields import (
    BY_DATABASE,
    BY_OPERATION,
    TODAY,
    Count,
    Day,
    Flag,
    Line,
    Moment,
    Money,
    Note,
    Number,
    Quantity,
    Status,
    UnitPrice,
    given_status,
    reference,
    summed,
)

MENU = "Purchasing"


class PurchaseOrder(Entity):
    """An order placed with a supplier."""

    __tablename__ = "purchase_orders"
    resource = Resource(menu=MENU, icon="clipboard-list", search=("number", "external_number"), order_by="-id", history=True)

    number: Mapped[Number | None] = mapped_column(comment="Given when it is confirmed.")
    status: Mapped[Status] = given_status("draft")
    supplier_id: Mapped[int] = reference("contacts", comment="Supplier it is placed with.", needs="is_supplier")
    warehouse_id: Mapped[int] = reference("warehouses", comment="Warehouse the goods are to come to.")
    ordered_on: Mapped[Day] = mapped_column(server_default=TODAY, comment="Date of the order.")
    expected_on: Mapped[Day | None] = mapped_column(comment="When the goods are expected.")
    external_number: Mapped[Line | None] = mapped_column(comment="The supplier's own number for it.")
    note: Mapped[Note | None] = mapped_column(comment="Anything the supplier should know.")
    total: Mapped[Money] = summed(comment="Sum of its lines in base currency.")


class PurchaseOrderItem(Entity):
    """A product ordered from a supplier."""

    __tablename__ = "purchase_order_items"
    __table_args__ = (
        CheckConstraint("quantity > 0", name="quantity_positive"),
        CheckConstraint("unit_cost >= 0", name="cost_not_negative"),
        CheckConstraint("received_quantity >= 0", name="received_not_negative"),
    )
    resource = Resource(menu=MENU, icon="list", order_by="id", lines_of="purchase_order")

    purchase_order_id: Mapped[int] = reference("purchase_orders", comment="Order it is a line of.", on_delete="CASCADE")
    position: Mapped[Count] = mapped_column(server_default="0", comment="Place among the lines.")
    product_id: Mapped[int] = reference("products", comment="Product ordered.")
    quantity: Mapped[Quantity] = mapped_column(comment="Units ordered.")
    unit_cost: Mapped[UnitPrice] = mapped_column(server_default="0", comment="Price of one unit in base currency.")
    line_total: Mapped[Money] = mapped_column(
        Computed("round(quantity * unit_cost, 2)", persisted=True),
        comment="Price of the line, rounded to cents.",
        info={**BY_DATABASE},
    )
    received_quantity: Mapped[Quantity] = summed(comment="Units accepted so far.")


class GoodsReceiptNote(Entity):
    """The arrival of goods in a warehouse."""

    __tablename__ = "goods_receipt_notes"
    __table_args__ = (
        CheckConstraint("status NOT IN ('posted', 'reversed') OR posted_at IS NOT NULL", name="posted_when_posted"),
        CheckConstraint("status <> 'reversed' OR reversed_at IS NOT NULL", name="reversed_when_reversed"),
    )
    resource = Resource(
        menu=MENU, icon="truck-loading", search=("number", "external_number", "reversal_number"), order_by="-id",
        event="grn_updated", history=True,
    )

    number: Mapped[Number | None] = mapped_column(comment="Given when it is posted.")
    status: Mapped[Status] = given_status("draft")
    supplier_id: Mapped[int] = reference("contacts", comment="Supplier the goods come from.", needs="is_supplier")
    purchase_order_id: Mapped[int | None] = reference("purchase_orders", comment="Order they were bought with, if any.")
    warehouse_id: Mapped[int] = reference("warehouses", comment="Warehouse they come to.")
    expected_on: Mapped[Day] = mapped_column(server_default=TODAY, comment="When they are expected.")
    received_at: Mapped[Moment | None] = mapped_column(comment="When they arrived.", info={**BY_OPERATION})
    posted_at: Mapped[Moment | None] = mapped_column(comment="When they entered stock.", info={**BY_OPERATION})
    reversed_at: Mapped[Moment | None] = mapped_column(comment="When the posting was taken back.", info={**BY_OPERATION})
    reversal_number: Mapped[Number | None] = mapped_column(comment="Number of the reversal, given when it is taken back.")
    reversal_reason: Mapped[Line | None] = mapped_column(comment="Why it was taken back.", info={**BY_OPERATION})
    capacity_approved: Mapped[Flag] = mapped_column(
        server_default="false", comment="Whether it may fill its warehouse beyond the hard limit.", info={**BY_OPERATION})
    external_number: Mapped[Line | None] = mapped_column(comment="Number of the supplier's delivery note.")
    note: Mapped[Note | None] = mapped_column(comment="Anything worth knowing about the delivery.")


class GrnItem(Entity):
    """A product that arrives with a goods receipt note."""

    __tablename__ = "grn_items"
    __table_args__ = (
        UniqueConstraint("goods_receipt_note_id", "purchase_order_item_id"),
        CheckConstraint("quantity > 0", name="quantity_positive"),
        CheckConstraint("accepted_quantity >= 0 AND rejected_quantity >= 0 AND unit_cost >= 0", name="not_negative"),
    )
    resource = Resource(menu=MENU, icon="list", order_by="id", lines_of="goods_receipt_note")

    goods_receipt_note_id: Mapped[int] = reference("goods_receipt_notes", comment="Note it is a line of.", on_delete="CASCADE")
    position: Mapped[Count] = mapped_column(server_default="0", comment="Place among the lines.")
    purchase_order_item_id: Mapped[int | None] = reference(
        "purchase_order_items", comment="Row of the purchase order it fulfils."
    )
    product_id: Mapped[int] = reference("products", comment="Product that arrives.")
    quantity: Mapped[Quantity] = mapped_column(comment="Units announced.")
    accepted_quantity: Mapped[Quantity] = mapped_column(server_default="0", comment="Units received and accepted.")
    rejected_quantity: Mapped[Quantity] = mapped_column(server_default="0", comment="Units received and refused.")
    received_quantity: Mapped[Quantity] = mapped_column(
        Computed("accepted_quantity + rejected_quantity", persisted=True),
        comment="Units received: accepted and rejected.",
        info={**BY_DATABASE},
    )
    unit_cost: Mapped[UnitPrice] = mapped_column(server_default="0", comment="Cost of one unit in base currency.")
