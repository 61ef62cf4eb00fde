"""Reorder rules and replenishment suggestions."""

from sqlalchemy import CheckConstraint, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from cogniflow.kernel.entity import Entity, Master, Resource, unique_living
from cogniflow.kernel.fields import BY_OPERATION, Day, Quantity, Status, given_status, reference

MENU = "Inventory"


class ReorderRule(Master, Entity):
    """The level at which a product is to be ordered again for a warehouse."""

    __tablename__ = "reorder_rules"
    __table_args__ = (
        unique_living("reorder_rules", "product_id", "warehouse_id"),
        CheckConstraint("level >= 0 AND order_quantity > 0", name="quantities_sensible"),
    )
    resource = Resource(menu=MENU, icon="adjustments", order_by="product_id", history=True)

    product_id: Mapped[int] = reference("products", comment="Product it watches.")
    warehouse_id: Mapped[int] = reference("warehouses", comment="Warehouse it watches.")
    level: Mapped[Quantity] = mapped_column(comment="Units at or below which to order.")
    order_quantity: Mapped[Quantity] = mapped_column(comment="Units to order.")
    supplier_id: Mapped[int | None] = reference(
        "contacts", comment="Supplier to order from; the preferred one when empty.", needs="is_supplier"
    )


class ReplenishmentSuggestion(Entity):
    """A hint that a product should be ordered, raised when its projected stock reaches the level."""

    __tablename__ = "replenishment_suggestions"
    __table_args__ = (
        Index("uq_replenishment_suggestions_open_rule", "reorder_rule_id", unique=True, postgresql_where=text("status = 'open'")),
        CheckConstraint("status <> 'accepted' OR purchase_order_id IS NOT NULL", name="accepted_with_order"),
    )
    resource = Resource(menu=MENU, icon="bulb", order_by="-id", read_only=True)

    reorder_rule_id: Mapped[int] = reference("reorder_rules", comment="Rule that raised it.")
    status: Mapped[Status] = given_status("open")
    quantity: Mapped[Quantity] = mapped_column(comment="Units to order.", info={**BY_OPERATION})
    projected: Mapped[Quantity] = mapped_column(comment="Available and incoming units when it was raised.", info={**BY_OPERATION})
    dismissed_until: Mapped[Day | None] = mapped_column(comment="Day until which it is not raised again.", info={**BY_OPERATION})
    purchase_order_id: Mapped[int | None] = reference(
        "purchase_orders", comment="Order it was turned into.", given_by="operation"
    )
