"""Product categories and groups, products and who supplies them."""

from sqlalchemy import CheckConstraint, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from cogniflow.kernel.entity import Entity, Master, Resource, unique_living
from cogniflow.kernel.fields import Code, Count, Line, Name, Note, Quantity, UnitPrice, choice, reference

MENU = "Catalogue"


class ProductCategory(Master, Entity):
    """A branch of the tree that products are sorted into."""

    __tablename__ = "product_categories"
    __table_args__ = (unique_living("product_categories", "name"),)
    resource = Resource(menu=MENU, icon="category", search=("name",), order_by="name")

    name: Mapped[Name] = mapped_column(comment="Name of the category.")
    parent_id: Mapped[int | None] = reference("product_categories", comment="Category it is part of.")
    description: Mapped[Note | None] = mapped_column(comment="What belongs in it.")


class Product(Master, Entity):
    """Something the company buys, makes or sells."""

    __tablename__ = "products"
    __table_args__ = (
        unique_living("products", "sku"),
        CheckConstraint("list_price >= 0 AND cost >= 0", name="prices_not_negative"),
        CheckConstraint("weight_kg >= 0 AND volume_m3 >= 0", name="size_not_negative"),
        CheckConstraint("replaced_by_id <> id", name="not_replaced_by_itself"),
    )
    resource = Resource(menu=MENU, icon="package", search=("name", "sku", "barcode"), order_by="name", history=True)

    sku: Mapped[Code] = mapped_column(comment="Stock keeping unit: its short name on documents.")
    name: Mapped[Name] = mapped_column(comment="Name on documents.")
    category_id: Mapped[int | None] = reference("product_categories", comment="Category it is sorted into.")
    unit_id: Mapped[int] = reference("units_of_measure", comment="Unit it is counted in.")
    kind: Mapped[str] = choice("stockable", "service", default="stockable", comment="Whether it is kept in stock.")
    lifecycle: Mapped[str] = choice("active", "phase_out", "discontinued", default="active", comment="Where its life stands.")
    packaging: Mapped[Line | None] = mapped_column(comment="What one unit holds.")
    list_price: Mapped[UnitPrice] = mapped_column(server_default="0", comment="Price of one unit in base currency.")
    cost: Mapped[UnitPrice] = mapped_column(server_default="0", comment="Cost of one unit in base currency.")
    tax_code_id: Mapped[int | None] = reference("tax_codes", comment="Tax on its sale.")
    weight_kg: Mapped[Quantity] = mapped_column(server_default="0", comment="Weight of one unit, in kg.")
    volume_m3: Mapped[Quantity] = mapped_column(server_default="0", comment="Volume of one unit, in m³.")
    barcode: Mapped[Code | None] = mapped_column(comment="GTIN or other code on the package.")
    replaced_by_id: Mapped[int | None] = reference("products", comment="Product to offer instead.")
    description: Mapped[Note | None] = mapped_column(comment="What it is, for customers.")


class ProductGroup(Master, Entity):
    """Products that are looked at or offered together, whatever their categories."""

    __tablename__ = "product_groups"
    __table_args__ = (unique_living("product_groups", "name"),)
    resource = Resource(menu=MENU, icon="packages", search=("name",), order_by="name", history=True)

    name: Mapped[Name] = mapped_column(comment="Name of the group.")
    description: Mapped[Note | None] = mapped_column(comment="What its products have in common.")


class ProductGroupMember(Entity):
    """A product in a group."""

    __tablename__ = "product_group_members"
    __table_args__ = (UniqueConstraint("product_group_id", "product_id"),)
    resource = Resource(menu=MENU, icon="list", order_by="id", lines_of="product_group")

    product_group_id: Mapped[int] = reference("product_groups", comment="Group it is in.", on_delete="CASCADE")
    position: Mapped[Count] = mapped_column(server_default="0", comment="Place in the group.")
    product_id: Mapped[int] = reference("products", comment="Product in the group.", on_delete="CASCADE")


class ProductSupplier(Entity):
    """A supplier's offer of a product."""

    __tablename__ = "product_suppliers"
    __table_args__ = (
        UniqueConstraint("product_id", "supplier_id"),
        CheckConstraint("price >= 0 AND minimum_quantity >= 0 AND lead_days >= 0", name="terms_not_negative"),
    )
    resource = Resource(menu=MENU, icon="truck", search=("supplier_sku",), order_by="product_id")

    product_id: Mapped[int] = reference("products", comment="Product on offer.", on_delete="CASCADE")
    supplier_id: Mapped[int] = reference("contacts", comment="Contact who offers it.", needs="is_supplier")
    supplier_sku: Mapped[Code | None] = mapped_column(comment="The supplier's own short name for it.")
    price: Mapped[UnitPrice] = mapped_column(server_default="0", comment="Price of one unit in base currency.")
    minimum_quantity: Mapped[Quantity] = mapped_column(server_default="0", comment="Least quantity of an order.")
    lead_days: Mapped[Count] = mapped_column(server_default="7", comment="Days from order to delivery.")
    position: Mapped[Count] = mapped_column(server_default="1", comment="Preference, lowest first.")
