"""What is in stock: items that run low, and how full the warehouses are."""

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Join,
    MetaData,
    Numeric,
    Select,
    Table,
    Text,
    and_,
    case,
    func,
    literal,
    select,
    union_all,
)

from cogniflow.analytics.panel import Panel
from cogniflow.domain.catalog.models import Product
from cogniflow.domain.inventory.models import StockBalance, Warehouse
from cogniflow.domain.replenishment.models import ReorderRule

FIGURES = ("on_hand", "reserved", "available", "incoming", "projected")
stock_position = Table(
    "stock_position", MetaData(), Column("product_id", BigInteger), Column("warehouse_id", BigInteger),
    *(Column(name, Numeric(18, 6)) for name in FIGURES), schema="cogniflow",
    info={"shows": ("stock_balances",),
          "reads": ("stock_balances", "stock_ledger", "purchase_orders", "purchase_order_items", "goods_receipt_notes",
                    "grn_items", "stock_transfers", "stock_transfer_items")})
"""Stock per product and warehouse with what is still to come: a view of the database."""

WATCHED = (ReorderRule.__table__
           .join(Product.__table__, and_(Product.id == ReorderRule.product_id, Product.archived_at.is_(None),
                                       ReorderRule.archived_at.is_(None)))
           .join(Warehouse.__table__, and_(Warehouse.id == ReorderRule.warehouse_id, Warehouse.archived_at.is_(None))))
"""Each living product with its living rule in a living warehouse."""


def _watched_in(stock: Table) -> Join:
    """What is watched, with what is in stock of it."""
    return WATCHED.outerjoin(stock, and_(stock.c.product_id == ReorderRule.product_id,
                                         stock.c.warehouse_id == ReorderRule.warehouse_id))


def _in_stock(stock: Table, figure: str) -> ColumnElement:
    return func.coalesce(stock.c[figure], 0, type_=Numeric)


def _is_low(stock: Table) -> ColumnElement:
    return _in_stock(stock, "available") <= ReorderRule.level


def low_stock_items() -> Select:
    """Living products whose available stock is at or below the reorder level, per warehouse; the emptiest first."""
    cover = _in_stock(stock_position, "available") / func.nullif(ReorderRule.level, 0)
    return select(
        Product.id.label("product_id"), Product.sku, Product.name, Warehouse.id.label("warehouse_id"),
        Warehouse.name.label("warehouse"), *(_in_stock(stock_position, figure).label(figure) for figure in FIGURES),
        ReorderRule.level.label("reorder_level"),
    ).select_from(_watched_in(stock_position)).where(_is_low(stock_position)).order_by(
        cover.nulls_first(), Product.name, Warehouse.id)


def low_stock_count() -> Select:
    """How many products are low in a warehouse, and how many are watched."""
    # without what is to come, which the view would add up for every product
    balances = StockBalance.__table__
    return select(func.count().filter(_is_low(balances)).label("value"), func.count().label("watched")).select_from(
        _watched_in(balances))


def warehouse_capacity() -> Select:
    """How full each living warehouse is, in every unit its capacity is given in."""
    held = select(StockBalance.warehouse_id, func.sum(StockBalance.on_hand).label("units"),
                  func.sum(StockBalance.on_hand * Product.volume_m3).label("m3"),
                  func.sum(StockBalance.on_hand * Product.weight_kg).label("kg")).join(
        Product, Product.id == StockBalance.product_id).group_by(StockBalance.warehouse_id).subquery("held")
    kinds = union_all(*(
        select(Warehouse.id.label("warehouse_id"), Warehouse.code, Warehouse.name.label("warehouse"),
               literal(kind, Text, literal_execute=True).label("kind"), literal(place).label("place"),
               func.coalesce(held.c[kind], 0, type_=Numeric).label("used"),
               Warehouse.__table__.c[f"capacity_{kind}"].label("capacity"), Warehouse.warn_fraction.label("warn"))
        .select_from(Warehouse.__table__.outerjoin(held, held.c.warehouse_id == Warehouse.id))
        .where(Warehouse.archived_at.is_(None))
        for place, kind in enumerate(("units", "m3", "kg")))).subquery("kinds")
    share = kinds.c.used / kinds.c.capacity
    return select(
        kinds.c.warehouse_id, kinds.c.warehouse, kinds.c.kind, kinds.c.used, kinds.c.capacity,
        func.round(100 * share, 1, type_=Numeric).label("percent"),
        case((share >= 1, "full"), (share >= kinds.c.warn, "warn"), else_="ok").label("state"),
    ).where(kinds.c.capacity.is_not(None)).order_by(kinds.c.code, kinds.c.place)


PANELS = (
    Panel("low-stock-count", "Low stock", low_stock_count, unit="items", labels={"note": "of {watched} watched"}),
    Panel("low-stock-items", "Low stock", low_stock_items, unit="units", labels={
        "note": "Available {unit} at or below the reorder level", "empty": "Everything is above its reorder level.",
        "name": "Product", "sku": "SKU", "warehouse": "Warehouse", "on_hand": "On hand", "reserved": "Reserved",
        "available": "Available", "incoming": "Incoming", "projected": "Projected", "reorder_level": "Reorder level",
        "cover": "Cover"}),
    Panel("warehouse-capacity", "Warehouse capacity", warehouse_capacity, unit="%", labels={
        "note": "{unit} of the capacity in use", "empty": "No warehouse has a capacity yet.",
        "warehouse": "Warehouse", "kind": "Unit", "used": "Used", "capacity": "Capacity", "percent": "In use", "state": "State",
        "units": "units", "m3": "m³", "kg": "kg", "ok": "Enough room", "warn": "Nearly full", "full": "Full"}),
)
