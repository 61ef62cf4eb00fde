"""What making something takes, level by level, and how much can be made of what is in stock; asked anew each time."""

from decimal import Decimal
from typing import Any

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Numeric,
    Select,
    Subquery,
    and_,
    case,
    exists,
    func,
    literal,
    literal_column,
    select,
    union_all,
)
from sqlalchemy.dialects.postgresql import array, distinct_on
from sqlalchemy.orm import aliased

from cogniflow.domain.catalog.models import Product
from cogniflow.domain.inventory.models import StockBalance, Warehouse
from cogniflow.domain.manufacturing.models import BillOfMaterials, BomItem, BomItemSubstitute
from cogniflow.domain.system.models import UnitOfMeasure

EXACT = 6
"""Decimals of a quantity: what a division leaves beyond them is no reason for one more piece."""
NO_LIMIT = literal_column("'Infinity'::numeric", Numeric)


def explosion(bill_of_materials_id: Any, quantity: Any) -> Select:
    """Everything that making `quantity` takes: components, what these are made of, and so on, each below what it is for."""
    place = array([BomItem.position, BomItem.id])
    bills = BillOfMaterials.__table__
    parts = _parts(literal(1), place, quantity, bills).where(bills.c.id == bill_of_materials_id).cte("parts", recursive=True)
    parts = parts.union_all(_parts(parts.c.level + 1, func.array_cat(parts.c.path, place), parts.c.quantity, parts.join(
        bills, and_(bills.c.product_id == parts.c.product_id, bills.c.status == "active"))))
    made = aliased(BillOfMaterials)
    return select(
        parts.c.level, Product.id.label("product_id"), Product.sku, Product.name, parts.c.quantity,
        UnitOfMeasure.code.label("unit"), exists().where(made.product_id == Product.id, made.status == "active").label("made"),
    ).join_from(parts, Product, Product.id == parts.c.product_id).join(
        UnitOfMeasure, UnitOfMeasure.id == Product.unit_id).order_by(parts.c.path)


def ways_to_take(bill_of_materials_id: int, quantity: Decimal, warehouse_id: int) -> Select:
    """For each component, itself and then its substitutes: `quantity` to take and what is `available` in the warehouse."""
    ways = _ways(bill_of_materials_id)
    return select(
        ways.c.bom_item_id, ways.c.product_id, _needed(quantity, ways.c.quantity).label("quantity"), Product.kind,
        func.coalesce(StockBalance.available, 0).label("available"),
    ).join_from(ways, BillOfMaterials, BillOfMaterials.id == bill_of_materials_id).join(
        Product, Product.id == ways.c.product_id).join(UnitOfMeasure, UnitOfMeasure.id == Product.unit_id).outerjoin(
        StockBalance, and_(StockBalance.product_id == Product.id, StockBalance.warehouse_id == warehouse_id)).order_by(
        ways.c.position, ways.c.bom_item_id, ways.c.place)


def can_build(bill_of_materials_id: Any) -> Select:
    """How many units each living warehouse can make of what is available in it, and the component that allows no more.

    A component is taken, or one of its substitutes, not some of both; services are always there.
    """
    ways = _ways(bill_of_materials_id)
    enough_for = func.floor(func.coalesce(StockBalance.available, 0) * BillOfMaterials.quantity / ways.c.quantity, type_=Numeric)
    units = func.max(case((Product.kind == "stockable", enough_for), else_=NO_LIMIT))
    most = select(
        Warehouse.id.label("warehouse_id"), Warehouse.name.label("warehouse"), ways.c.bom_item_id, units.label("units"),
    ).join_from(ways, BillOfMaterials, BillOfMaterials.id == bill_of_materials_id).join(
        Product, Product.id == ways.c.product_id).join(Warehouse, Warehouse.archived_at.is_(None)).outerjoin(
        StockBalance, and_(StockBalance.product_id == Product.id, StockBalance.warehouse_id == Warehouse.id)).group_by(
        Warehouse.id, ways.c.bom_item_id).having(units < NO_LIMIT).subquery("most")
    least = select(
        most.c.warehouse_id, most.c.warehouse, most.c.units, Product.name.label("limited_by"),
    ).join_from(most, BomItem, BomItem.id == most.c.bom_item_id).join(Product, Product.id == BomItem.product_id).ext(
        distinct_on(most.c.warehouse_id)).order_by(
        most.c.warehouse_id, most.c.units, BomItem.position, BomItem.id).subquery("least")
    return select(least).order_by(least.c.units.desc(), least.c.warehouse_id)


def _parts(level: ColumnElement, path: ColumnElement, wanted: Any, bills: FromClause) -> Select:
    return select(
        level.label("level"), path.label("path"), BomItem.product_id, _needed(wanted, BomItem.quantity).label("quantity"),
    ).select_from(bills).join(BomItem, BomItem.bill_of_materials_id == BillOfMaterials.id).join(
        Product, Product.id == BomItem.product_id).join(UnitOfMeasure, UnitOfMeasure.id == Product.unit_id)


def _ways(bill_of_materials_id: Any) -> Subquery:
    itself = select(BomItem.id.label("bom_item_id"), BomItem.position, literal(0).label("place"), BomItem.product_id,
                    BomItem.quantity).where(BomItem.bill_of_materials_id == bill_of_materials_id)
    instead = select(BomItem.id, BomItem.position, BomItemSubstitute.position + 1, BomItemSubstitute.product_id,
                     BomItemSubstitute.quantity).join_from(BomItem, BomItemSubstitute).where(
        BomItem.bill_of_materials_id == bill_of_materials_id)
    return union_all(itself, instead).subquery("ways")


def _needed(wanted: Any, each: ColumnElement) -> ColumnElement:
    """What `wanted` units take of a component, rounded up where it comes in whole units."""
    exactly = wanted * each / BillOfMaterials.quantity
    return case((UnitOfMeasure.whole_only, func.ceil(func.round(exactly, EXACT))), else_=exactly)
