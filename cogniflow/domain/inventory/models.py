"""Warehouses, the stock ledger, the balances derived from it, and the documents that move stock inside the house."""

from sqlalchemy import CheckConstraint, Computed, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from cogniflow.kernel.entity import Entity, Master, Resource, unique_living
from cogniflow.kernel.fields import (
    BY_DATABASE,
    BY_OPERATION,
    Code,
    Count,
    Day,
    Flag,
    Fraction,
    Moment,
    Name,
    Note,
    Number,
    Quantity,
    RecordId,
    Status,
    UnitPrice,
    choice,
    given_status,
    reference,
    summed,
)

MENU = "Inventory"


class Warehouse(Master, Entity):
    """A place that holds stock."""

    __tablename__ = "warehouses"
    __table_args__ = (
        unique_living("warehouses", "code"),
        CheckConstraint("warn_fraction BETWEEN 0 AND 1", name="warn_is_a_fraction"),
        CheckConstraint("capacity_units > 0 AND capacity_m3 > 0 AND capacity_kg > 0", name="capacity_positive"),
    )
    resource = Resource(menu=MENU, icon="building-warehouse", search=("name", "code"), order_by="code", history=True)

    code: Mapped[Code] = mapped_column(comment="Short name on documents.")
    name: Mapped[Name] = mapped_column(comment="Full name.")
    capacity_units: Mapped[Quantity | None] = mapped_column(comment="Units it can hold.")
    capacity_m3: Mapped[Quantity | None] = mapped_column(comment="Volume it can hold, in m³.")
    capacity_kg: Mapped[Quantity | None] = mapped_column(comment="Weight it can hold, in kg.")
    warn_fraction: Mapped[Fraction] = mapped_column(server_default="0.85", comment="Share in use from which to warn.")
    hard_limit: Mapped[Flag] = mapped_column(server_default="false", comment="Whether its capacity may never be exceeded.")


class StockLedger(Entity):
    """One movement of one product into or out of a warehouse; never changed, only reversed."""

    __tablename__ = "stock_ledger"
    __table_args__ = (
        UniqueConstraint("document", "line_id", "warehouse_id", "reverses_id", postgresql_nulls_not_distinct=True),
        CheckConstraint("quantity <> 0", name="quantity_moves"),
        Index("ix_stock_ledger_product_warehouse", "product_id", "warehouse_id", "id"),
        Index("ix_stock_ledger_document", "document", "document_id"),
    )
    resource = Resource(menu=MENU, icon="history", order_by="-id", read_only=True)

    product_id: Mapped[int] = reference("products", comment="Product that moved.")
    warehouse_id: Mapped[int] = reference("warehouses", comment="Warehouse it moved into or out of.")
    quantity: Mapped[Quantity] = mapped_column(comment="Units moved: in is positive, out is negative.")
    unit_cost: Mapped[UnitPrice] = mapped_column(server_default="0", comment="Cost of one unit in base currency.")
    moved_at: Mapped[Moment] = mapped_column(comment="When the goods moved.")
    document: Mapped[Code] = mapped_column(comment="Table of the document that moved them.")
    document_id: Mapped[RecordId] = mapped_column(comment="Id of that document.")
    line_id: Mapped[RecordId] = mapped_column(comment="Id of that document's line.")
    reverses_id: Mapped[int | None] = reference("stock_ledger", comment="Movement that this one takes back.")


class StockBalance(Entity):
    """How much of a product a warehouse holds; always the sum of the ledger."""

    __tablename__ = "stock_balances"
    __table_args__ = (
        UniqueConstraint("product_id", "warehouse_id"),
        CheckConstraint("on_hand >= 0", name="on_hand_not_negative"),
        CheckConstraint("reserved >= 0 AND reserved <= on_hand", name="reserved_within_on_hand"),
    )
    resource = Resource(
        menu=MENU, icon="stack-2", order_by="product_id", event="inventory_updated", feed_id="product_id", read_only=True
    )

    product_id: Mapped[int] = reference("products", comment="Product held.")
    warehouse_id: Mapped[int] = reference("warehouses", comment="Warehouse that holds it.")
    on_hand: Mapped[Quantity] = summed(comment="Units in the warehouse.")
    reserved: Mapped[Quantity] = summed(comment="Units promised to orders.")
    available: Mapped[Quantity] = mapped_column(
        Computed("on_hand - reserved", persisted=True), comment="Units that can still be promised.", info={**BY_DATABASE}
    )


class StockReservation(Entity):
    """What a row of an order waits for: units promised to it from stock, and the rest on backorder until goods arrive."""

    __tablename__ = "stock_reservations"
    __table_args__ = (
        UniqueConstraint("document", "line_id"),
        CheckConstraint("quantity > 0", name="quantity_positive"),
        CheckConstraint("reserved_quantity BETWEEN 0 AND quantity", name="reserved_within_quantity"),
        Index("ix_stock_reservations_product_warehouse", "product_id", "warehouse_id"),
        Index("ix_stock_reservations_document", "document", "document_id"),
    )
    resource = Resource(menu=MENU, icon="lock", order_by="promised_on", read_only=True)

    product_id: Mapped[int] = reference("products", comment="Product waited for.")
    warehouse_id: Mapped[int] = reference("warehouses", comment="Warehouse it is to come from.")
    document: Mapped[Code] = mapped_column(comment="Table of the document that waits.")
    document_id: Mapped[RecordId] = mapped_column(comment="Id of that document.")
    line_id: Mapped[RecordId] = mapped_column(comment="Id of that document's line.")
    promised_on: Mapped[Day | None] = mapped_column(comment="Day it is promised for; the oldest promise is served first.")
    quantity: Mapped[Quantity] = mapped_column(comment="Units still to be delivered.")
    reserved_quantity: Mapped[Quantity] = summed(comment="Units of these that are in stock and nobody else may take.")
    backordered_quantity: Mapped[Quantity] = mapped_column(
        Computed("quantity - reserved_quantity", persisted=True), comment="Units still to arrive.", info={**BY_DATABASE}
    )
    released_at: Mapped[Moment | None] = mapped_column(
        comment="When a count or correction last took back units that it had.", info={**BY_DATABASE})


class StockTransfer(Entity):
    """Goods on their way from one warehouse to another."""

    __tablename__ = "stock_transfers"
    __table_args__ = (
        CheckConstraint("from_warehouse_id <> to_warehouse_id", name="warehouses_differ"),
        CheckConstraint("status NOT IN ('in_transit', 'received') OR shipped_at IS NOT NULL", name="shipped_when_shipped"),
        CheckConstraint("status <> 'received' OR received_at IS NOT NULL", name="received_when_received"),
    )
    resource = Resource(menu=MENU, icon="transfer", search=("number",), order_by="-id", history=True)

    number: Mapped[Number | None] = mapped_column(comment="Given when the goods leave.")
    status: Mapped[Status] = given_status("draft")
    from_warehouse_id: Mapped[int] = reference("warehouses", comment="Warehouse the goods leave.")
    to_warehouse_id: Mapped[int] = reference("warehouses", comment="Warehouse they come to.")
    expected_on: Mapped[Day | None] = mapped_column(comment="When they are expected there.")
    shipped_at: Mapped[Moment | None] = mapped_column(comment="When they left.", info={**BY_OPERATION})
    received_at: Mapped[Moment | None] = mapped_column(comment="When they arrived.", info={**BY_OPERATION})
    capacity_approved: Mapped[Flag] = mapped_column(
        server_default="false", comment="Whether it may fill its warehouse beyond the hard limit.", info={**BY_OPERATION})
    note: Mapped[Note | None] = mapped_column(comment="Anything worth knowing about it.")


class StockTransferItem(Entity):
    """A product that goes from one warehouse to another."""

    __tablename__ = "stock_transfer_items"
    __table_args__ = (CheckConstraint("quantity > 0", name="quantity_positive"),)
    resource = Resource(menu=MENU, icon="list", order_by="id", lines_of="stock_transfer")

    stock_transfer_id: Mapped[int] = reference("stock_transfers", comment="Transfer it is a line of.", on_delete="CASCADE")
    position: Mapped[Count] = mapped_column(server_default="0", comment="Place among the lines.")
    product_id: Mapped[int] = reference("products", comment="Product that goes.")
    quantity: Mapped[Quantity] = mapped_column(comment="Units that go.")


class StockCount(Entity):
    """A count of what is really in a warehouse; what differs from the books is entered when it is posted."""

    __tablename__ = "stock_counts"
    __table_args__ = (CheckConstraint("status <> 'posted' OR posted_at IS NOT NULL", name="posted_when_posted"),)
    resource = Resource(menu=MENU, icon="clipboard-check", search=("number",), order_by="-id", history=True)

    number: Mapped[Number | None] = mapped_column(comment="Given when it is posted.")
    status: Mapped[Status] = given_status("draft")
    warehouse_id: Mapped[int] = reference("warehouses", comment="Warehouse that is counted.")
    posted_at: Mapped[Moment | None] = mapped_column(comment="When its differences entered the books.", info={**BY_OPERATION})
    note: Mapped[Note | None] = mapped_column(comment="Anything worth knowing about it.")


class StockCountItem(Entity):
    """A product that is counted: what is there, and what the books said at that moment."""

    __tablename__ = "stock_count_items"
    __table_args__ = (
        UniqueConstraint("stock_count_id", "product_id"),
        CheckConstraint("counted_quantity >= 0", name="counted_not_negative"),
    )
    resource = Resource(menu=MENU, icon="list", order_by="id", lines_of="stock_count")

    stock_count_id: Mapped[int] = reference("stock_counts", comment="Count it is a line of.", on_delete="CASCADE")
    position: Mapped[Count] = mapped_column(server_default="0", comment="Place among the lines.")
    product_id: Mapped[int] = reference("products", comment="Product that is counted.")
    counted_quantity: Mapped[Quantity | None] = mapped_column(comment="Units found; empty until it is counted.")
    book_quantity: Mapped[Quantity | None] = mapped_column(
        comment="Units by the books when it was counted.", info={**BY_DATABASE}
    )
    counted_at: Mapped[Moment | None] = mapped_column(comment="When it was counted.", info={**BY_DATABASE})
    difference: Mapped[Quantity | None] = mapped_column(
        Computed("counted_quantity - book_quantity", persisted=True),
        comment="Units found more or less than by the books.",
        info={**BY_DATABASE},
    )
    moved: Mapped[Flag] = mapped_column(
        server_default="false", comment="Whether it has moved between its count and the review: count it again.",
        info={**BY_DATABASE},
    )


class StockAdjustment(Entity):
    """A correction of the books for which there is a reason: breakage, loss, a find."""

    __tablename__ = "stock_adjustments"
    __table_args__ = (CheckConstraint("status <> 'posted' OR posted_at IS NOT NULL", name="posted_when_posted"),)
    resource = Resource(menu=MENU, icon="adjustments-alt", search=("number",), order_by="-id", history=True)

    number: Mapped[Number | None] = mapped_column(comment="Given when it is posted.")
    status: Mapped[Status] = given_status("draft")
    warehouse_id: Mapped[int] = reference("warehouses", comment="Warehouse whose stock is corrected.")
    reason: Mapped[str] = choice(
        "damaged", "expired", "lost", "found", "own_use", "mislabelled", comment="Why the books are corrected."
    )
    posted_at: Mapped[Moment | None] = mapped_column(comment="When it entered the books.", info={**BY_OPERATION})
    note: Mapped[Note | None] = mapped_column(comment="What has happened.")


class StockAdjustmentItem(Entity):
    """A product whose stock is corrected."""

    __tablename__ = "stock_adjustment_items"
    __table_args__ = (CheckConstraint("quantity <> 0", name="quantity_moves"),)
    resource = Resource(menu=MENU, icon="list", order_by="id", lines_of="stock_adjustment")

    stock_adjustment_id: Mapped[int] = reference("stock_adjustments", comment="Correction it is a line of.", on_delete="CASCADE")
    position: Mapped[Count] = mapped_column(server_default="0", comment="Place among the lines.")
    product_id: Mapped[int] = reference("products", comment="Product whose stock is corrected.")
    quantity: Mapped[Quantity] = mapped_column(comment="Units more; fewer where it is negative.")


class StockPeriod(Entity):
    """A span of days whose stock movements are settled once it is closed: nothing is entered into it any more."""

    __tablename__ = "stock_periods"
    __table_args__ = (CheckConstraint("starts_on <= ends_on", name="ends_after_start"),)
    resource = Resource(menu=MENU, icon="calendar", search=("name",), order_by="-starts_on", history=True)

    name: Mapped[Name] = mapped_column(comment="What it is called: May 2026.")
    status: Mapped[Status] = given_status("open")
    starts_on: Mapped[Day] = mapped_column(comment="Its first day.")
    ends_on: Mapped[Day] = mapped_column(comment="Its last day.")
