"""What is done with bills of materials and assembly orders."""

from collections.abc import Iterator
from itertools import groupby

from pydantic import AwareDatetime
from sqlalchemy import Row, delete, func, select
from sqlalchemy.orm import Session

from cogniflow.domain.inventory.operations import post_movements
from cogniflow.domain.manufacturing.models import AssemblyComponent, AssemblyOrder, BillOfMaterials, BomItem, BomItemSubstitute
from cogniflow.domain.manufacturing.queries import ways_to_take
from cogniflow.kernel.operation import operation, require_lines
from cogniflow.kernel.usable import require_usable


@operation(BillOfMaterials, "activate", moves={"draft": "active"}, role="manager")
def activate_bill(session: Session, bill: BillOfMaterials) -> BillOfMaterials:
    """Make the product this way from now on; the bill is fixed, and the one that was active becomes obsolete."""
    require_lines(session, bill)
    require_usable(session, bill)
    return bill


@operation(BillOfMaterials, "retire", moves={"active": "obsolete"}, role="manager")
def retire_bill(session: Session, bill: BillOfMaterials) -> BillOfMaterials:
    """Make nothing by this bill any more."""
    return bill


@operation(BillOfMaterials, "revise", moves={"active": "active", "obsolete": "obsolete"}, role="manager")
def revise_bill(session: Session, bill: BillOfMaterials) -> BillOfMaterials:
    """Draft a bill of the same product that begins as this one is; this one stays as it is."""
    draft = BillOfMaterials(name=bill.name, product_id=bill.product_id, quantity=bill.quantity, note=bill.note)
    session.add(draft)
    items = session.scalars(select(BomItem).where(BomItem.bill_of_materials_id == bill.id).order_by(BomItem.id)).all()
    for item in items:
        copied = BomItem(bill_of_materials=draft, position=item.position, product_id=item.product_id, quantity=item.quantity)
        substitutes = session.scalars(select(BomItemSubstitute).where(BomItemSubstitute.bom_item_id == item.id))
        session.add(copied)
        session.add_all(BomItemSubstitute(bom_item=copied, position=each.position, product_id=each.product_id,
                                          quantity=each.quantity) for each in substitutes)
    return bill


@operation(AssemblyOrder, "plan", moves={"draft": "draft"}, role="storekeeper")
def plan_assembly(session: Session, order: AssemblyOrder, *, substitutes: bool = False) -> AssemblyOrder:
    """Take the components from the bill of materials, or substitutes of those that are short, in place of the lines so far."""
    session.execute(delete(AssemblyComponent).where(AssemblyComponent.assembly_order_id == order.id))
    ways = session.execute(ways_to_take(order.bill_of_materials_id, order.quantity, order.warehouse_id)).all()
    session.add_all(AssemblyComponent(assembly_order=order, position=position, product_id=way.product_id, quantity=way.quantity)
                    for position, way in enumerate(_chosen(ways, substitutes), start=1))
    session.flush()  # before the order moves on: its lines are those of a draft
    return order


@operation(AssemblyOrder, "release", moves={"draft": "released"}, role="storekeeper")
def release_assembly(session: Session, order: AssemblyOrder) -> AssemblyOrder:
    """Let the order be made: it gets its number; without lines it takes the components of its bill of materials."""
    if not session.scalar(select(AssemblyComponent.id).where(AssemblyComponent.assembly_order_id == order.id).limit(1)):
        plan_assembly(session, order)
    require_usable(session, order)
    return order


@operation(AssemblyOrder, "start", moves={"released": "in_progress"}, role="storekeeper")
def start_assembly(session: Session, order: AssemblyOrder) -> AssemblyOrder:
    """Begin to make it; what is really taken may still be said."""
    return order


@operation(AssemblyOrder, "finish", moves={"in_progress": "done"}, role="storekeeper")
def finish_assembly(session: Session, order: AssemblyOrder, *, done_at: AwareDatetime | None = None) -> AssemblyOrder:
    """Say that it is made: its components leave stock and the product enters it, at the cost of the components."""
    post_movements(session, AssemblyOrder.__tablename__, [order.id], done_at)
    order.done_at = done_at or func.now()
    return order


def _chosen(ways: list[Row], substitutes: bool) -> Iterator[Row]:
    """Of each component, itself; or the first of its substitutes that there is enough of, where it is short itself."""
    for _, found in groupby(ways, key=lambda way: way.bom_item_id):
        itself, *others = found
        enough = [way for way in (itself, *others) if way.kind != "stockable" or way.available >= way.quantity]
        yield enough[0] if substitutes and enough else itself
