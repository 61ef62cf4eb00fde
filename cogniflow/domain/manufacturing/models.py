"""Bills of materials and assembly orders."""

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from cogniflow.kernel.entity import Entity, Resource
from cogniflow.kernel.fields import (
    BY_OPERATION,
    TODAY,
    Count,
    Day,
    Moment,
    Name,
    Note,
    Number,
    Quantity,
    Status,
    given_status,
    reference,
)

MENU = "Manufacturing"


class BillOfMaterials(Entity):
    """What a product is made of."""

    __tablename__ = "bill_of_materials"
    __table_args__ = (
        Index("uq_bill_of_materials_active_product", "product_id", unique=True, postgresql_where=text("status = 'active'")),
        CheckConstraint("quantity > 0", name="quantity_positive"),
    )
    resource = Resource(menu=MENU, icon="list-details", search=("name",), order_by="name", event="bom_updated", history=True)

    name: Mapped[Name] = mapped_column(comment="What this way of making it is called.")
    status: Mapped[Status] = given_status("draft")
    product_id: Mapped[int] = reference("products", comment="Product that is made.")
    quantity: Mapped[Quantity] = mapped_column(server_default="1", comment="Units that are made of what its lines say.")
    note: Mapped[Note | None] = mapped_column(comment="How it is made.")


class BomItem(Entity):
    """A component that a product is made of."""

    __tablename__ = "bom_items"
    __table_args__ = (
        UniqueConstraint("bill_of_materials_id", "product_id"),
        CheckConstraint("quantity > 0", name="quantity_positive"),
    )
    resource = Resource(menu=MENU, icon="list", order_by="id", lines_of="bill_of_materials")

    bill_of_materials_id: Mapped[int] = reference(
        "bill_of_materials", comment="Bill of materials it is a line of.", on_delete="CASCADE"
    )
    position: Mapped[Count] = mapped_column(server_default="0", comment="Place among the components.")
    product_id: Mapped[int] = reference("products", comment="Component.")
    quantity: Mapped[Quantity] = mapped_column(comment="Units it takes; what is needed is rounded up where they are whole.")


class BomItemSubstitute(Entity):
    """A product that may be taken where a component is short."""

    __tablename__ = "bom_item_substitutes"
    __table_args__ = (
        UniqueConstraint("bom_item_id", "product_id"),
        CheckConstraint("quantity > 0", name="quantity_positive"),
    )
    resource = Resource(menu=MENU, icon="replace", order_by="bom_item_id")

    bom_item_id: Mapped[int] = reference("bom_items", comment="Component it stands in for.", on_delete="CASCADE")
    position: Mapped[Count] = mapped_column(server_default="1", comment="Preference, lowest first.")
    product_id: Mapped[int] = reference("products", comment="Product taken instead.")
    quantity: Mapped[Quantity] = mapped_column(comment="Units of it that are taken instead of the component's.")


class AssemblyOrder(Entity):
    """An order to make a product from its components."""

    __tablename__ = "assembly_orders"
    __table_args__ = (
        CheckConstraint("quantity > 0", name="quantity_positive"),
        CheckConstraint("status <> 'done' OR done_at IS NOT NULL", name="done_when_done"),
    )
    resource = Resource(menu=MENU, icon="tool", search=("number",), order_by="-id", history=True)

    number: Mapped[Number | None] = mapped_column(comment="Given when it is released.")
    status: Mapped[Status] = given_status("draft")
    bill_of_materials_id: Mapped[int] = reference("bill_of_materials", comment="What is made, and of what.")
    warehouse_id: Mapped[int] = reference("warehouses", comment="Warehouse that gives the components and takes the product.")
    quantity: Mapped[Quantity] = mapped_column(comment="Units to make.")
    planned_on: Mapped[Day] = mapped_column(server_default=TODAY, comment="When it is to be made.")
    done_at: Mapped[Moment | None] = mapped_column(comment="When it was made.", info={**BY_OPERATION})
    note: Mapped[Note | None] = mapped_column(comment="Anything worth knowing about it.")


class AssemblyComponent(Entity):
    """A component that an assembly order takes."""

    __tablename__ = "assembly_components"
    __table_args__ = (CheckConstraint("quantity > 0", name="quantity_positive"),)
    resource = Resource(menu=MENU, icon="list", order_by="id", lines_of="assembly_order")

    assembly_order_id: Mapped[int] = reference("assembly_orders", comment="Order that takes it.", on_delete="CASCADE")
    position: Mapped[Count] = mapped_column(server_default="0", comment="Place among the components.")
    product_id: Mapped[int] = reference("products", comment="Product taken.")
    quantity: Mapped[Quantity] = mapped_column(comment="Units taken.")
