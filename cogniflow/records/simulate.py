"""Business traffic as a trading company has it, through the very operations that its people use."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal
from random import Random
from threading import Event
from typing import Any

from sqlalchemy import ColumnElement, Date, Select, exists, func, select
from sqlalchemy.orm import Session

from cogniflow.db.session import Database
from cogniflow.domain.accounts.rights import SYSTEM_CALLER
from cogniflow.domain.catalog.models import Product, ProductSupplier
from cogniflow.domain.contacts.models import Contact
from cogniflow.domain.inventory.models import StockBalance, StockReservation
from cogniflow.domain.people.models import Employee
from cogniflow.domain.purchasing.models import GoodsReceiptNote, PurchaseOrder, PurchaseOrderItem
from cogniflow.domain.replenishment.models import ReorderRule, ReplenishmentSuggestion
from cogniflow.domain.sales.models import GdnItem, GoodsDeliveryNote, Order, OrderItem
from cogniflow.errors import Conflict, Invalid, Unavailable
from cogniflow.kernel.entity import Entity
from cogniflow.records.operate import operate
from cogniflow.records.write import create, update

CALLER = replace(SYSTEM_CALLER, name="simulation", door="simulate")
OPEN_PURCHASE = ("confirmed", "partially_received")
OPEN_ORDER = ("confirmed", "partially_delivered")
UNSHIPPED = ("draft", "picking", "packed")
UNPOSTED = ("draft", "expected", "received")


def simulate(database: Database, rate: float, stop: Event, on_step: Callable[[str], None], *,
             steps: int | None = None, seed: int | None = None) -> int:
    """Do `rate` steps of business a second until `stop` is set, or so many `steps`; returns how many were done.

    `on_step` is told each step in words. What another writer prevents is told too, and the traffic goes on.
    The same `seed` makes the same choices from the same records.
    """
    chance, done, due = Random(seed), 0, time.monotonic()
    while done != steps:
        due = max(due, time.monotonic() - 1) + chance.expovariate(rate)
        if stop.wait(max(0.0, due - time.monotonic())):
            break
        on_step(_step(database, chance))
        done += 1
    return done


@dataclass(frozen=True)
class Desk:
    """Where one step is done: its transaction, and its chance."""

    session: Session
    chance: Random

    def pick(self, query: Select, most: int = 200) -> Any:
        """One of the first rows of `query` by chance; None when it has none."""
        rows = self.session.execute(query.limit(most)).all()
        return self.chance.choice(rows) if rows else None

    def some_id(self, entity: type[Entity], *conditions: ColumnElement[bool]) -> int | None:
        """The id of one living record by chance."""
        found = self.pick(select(entity.id).where(entity.archived_at.is_(None), *conditions).order_by(entity.id))
        return found and found.id

    def day(self, ahead: int) -> str:
        """The company's date so many days ahead."""
        return self.session.scalar(select(func.cogniflow.company_today(type_=Date) + ahead)).isoformat()

    def make(self, entity: type[Entity], verb: str, values: dict[str, Any]) -> Entity:
        """A new document, with its first verb done."""
        row = create(self.session, CALLER, entity, values)
        return operate(self.session, CALLER, entity, row.id, verb, {})

    def advance(self, entity: type[Entity], verbs: dict[str, str]) -> str | None:
        """Do to one document what comes next: the verb of its status."""
        found = self.pick(select(entity.id, entity.status).where(entity.status.in_(verbs)).order_by(entity.id))
        if found is None:
            return None
        row = operate(self.session, CALLER, entity, found.id, verbs[found.status], {})
        return f"{entity.__tablename__} {row.number or row.id} {row.status}"


def take_order(desk: Desk) -> str | None:
    """A customer who may buy on any credit orders a few products that are in stock, and the order is confirmed."""
    customer, in_stock = desk.some_id(Contact, Contact.is_customer & Contact.credit_limit.is_(None)), desk.pick(_in_stock())
    if customer is None or in_stock is None:
        return None
    offered = desk.session.execute(_in_stock().where(StockBalance.warehouse_id == in_stock.warehouse_id)).all()
    chosen = desk.chance.sample(offered, min(len(offered), desk.chance.randint(1, 4)))
    row = desk.make(Order, "confirm", {
        "customer_id": customer, "employee_id": desk.some_id(Employee), "warehouse_id": in_stock.warehouse_id,
        "carrier_id": desk.some_id(Contact, Contact.is_carrier), "promised_on": desk.day(desk.chance.randint(3, 28)),
        "freight": str(desk.chance.randint(5, 90)),
        "items": [{"product_id": each.product_id, "unit_price": str(each.list_price),
                   "quantity": str(desk.chance.randint(1, min(int(each.available), 24)))} for each in chosen]})
    return f"orders {row.number} confirmed, {row.net_total:.2f} net"


def start_delivery(desk: Desk) -> str | None:
    """What an open order has reserved is to be picked; the order promised first comes first."""
    on_a_note = exists().where(GoodsDeliveryNote.order_id == Order.id, GoodsDeliveryNote.status.in_(UNSHIPPED))
    reserved = StockReservation.reserved_quantity.label("quantity")
    goods = (
        select(OrderItem.id, OrderItem.order_id, OrderItem.product_id, reserved).join(Order, Order.id == OrderItem.order_id)
        .join(StockReservation, (StockReservation.document == Order.__tablename__) & (StockReservation.line_id == OrderItem.id))
        .where(Order.status.in_(OPEN_ORDER), ~on_a_note, reserved > 0))
    found = desk.pick(goods.order_by(Order.promised_on, OrderItem.id), most=20)
    if found is None:
        return None
    order = desk.session.get_one(Order, found.order_id)
    rows = desk.session.execute(goods.where(Order.id == order.id).order_by(OrderItem.id)).all()
    desk.make(GoodsDeliveryNote, "pick", {
        "order_id": order.id, "warehouse_id": order.warehouse_id, "carrier_id": order.carrier_id,
        "items": [{"order_item_id": each.id, "product_id": each.product_id, "quantity": str(each.quantity)} for each in rows]})
    return f"orders {order.number} in picking"


def advance_delivery(desk: Desk) -> str | None:
    """A delivery note goes on: picked, packed, shipped."""
    return desk.advance(GoodsDeliveryNote, {"draft": "pick", "picking": "pack", "packed": "ship", "shipped": "deliver"})


def reorder(desk: Desk) -> str | None:
    """A suggestion is accepted, and what it drafts is ordered from the supplier."""
    found = desk.pick(select(ReplenishmentSuggestion.id).where(ReplenishmentSuggestion.status == "open").order_by(
        ReplenishmentSuggestion.id))
    if found is None:
        return None
    suggestion = operate(desk.session, CALLER, ReplenishmentSuggestion, found.id, "accept", {})
    row = operate(desk.session, CALLER, PurchaseOrder, suggestion.purchase_order_id, "confirm", {})
    return f"purchase_orders {row.number} confirmed"


def restock(desk: Desk) -> str | None:
    """A product without a reorder rule that is nearly out of stock, with nothing on order, is bought again."""
    on_order = exists().where(PurchaseOrderItem.product_id == Product.id, PurchaseOrderItem.purchase_order_id == PurchaseOrder.id,
                              PurchaseOrder.status.in_(OPEN_PURCHASE))
    watched = exists().where(ReorderRule.product_id == Product.id, ReorderRule.warehouse_id == StockBalance.warehouse_id)
    found = desk.pick(
        select(Product.id, Product.cost, StockBalance.warehouse_id, ProductSupplier.supplier_id)
        .join(StockBalance, StockBalance.product_id == Product.id).join(ProductSupplier, ProductSupplier.product_id == Product.id)
        .where(Product.archived_at.is_(None), StockBalance.available < 10, ~watched, ~on_order).order_by(StockBalance.id))
    if found is None:
        return None
    row = desk.make(PurchaseOrder, "confirm", {
        "supplier_id": found.supplier_id, "warehouse_id": found.warehouse_id, "expected_on": desk.day(desk.chance.randint(3, 21)),
        "items": [{"product_id": found.id, "quantity": str(10 * desk.chance.randint(2, 6)), "unit_cost": str(found.cost)}]})
    return f"purchase_orders {row.number} confirmed"


def announce_receipt(desk: Desk) -> str | None:
    """A supplier announces what is open of a purchase order."""
    announced = exists().where(GoodsReceiptNote.purchase_order_id == PurchaseOrder.id, GoodsReceiptNote.status.in_(UNPOSTED))
    found = desk.pick(select(PurchaseOrder.id).where(PurchaseOrder.status.in_(OPEN_PURCHASE), ~announced).order_by(
        PurchaseOrder.id))
    if found is None:
        return None
    order = desk.session.get_one(PurchaseOrder, found.id)
    item, open_quantity = PurchaseOrderItem, PurchaseOrderItem.quantity - PurchaseOrderItem.received_quantity
    rows = desk.session.execute(select(item.id, item.product_id, open_quantity.label("quantity"), item.unit_cost).where(
        item.purchase_order_id == order.id, open_quantity > 0).order_by(item.id)).all()
    desk.make(GoodsReceiptNote, "expect", {
        "supplier_id": order.supplier_id, "purchase_order_id": order.id, "warehouse_id": order.warehouse_id,
        "items": [{"purchase_order_item_id": each.id, "product_id": each.product_id, "quantity": str(each.quantity),
                   "unit_cost": str(each.unit_cost)} for each in rows]})
    return f"purchase_orders {order.number} announced"


def advance_receipt(desk: Desk) -> str | None:
    """A receipt note goes on: received, posted."""
    return desk.advance(GoodsReceiptNote, {"draft": "expect", "expected": "receive", "received": "post"})


def change_price(desk: Desk) -> str | None:
    """The price of a product changes by a few per cent."""
    found = desk.pick(select(Product.id, Product.name, Product.list_price).where(
        Product.archived_at.is_(None), Product.list_price > 1).order_by(Product.id))
    if found is None:
        return None
    price = round(found.list_price * Decimal(desk.chance.randint(96, 105)) / 100, 2)
    update(desk.session, CALLER, Product, found.id, {"list_price": str(price)})
    return f"{found.name} now {price}"


def cancel_order(desk: Desk) -> str | None:
    """A customer takes back an order of which nothing is being delivered yet."""
    begun = exists().where(GdnItem.order_item_id == OrderItem.id, OrderItem.order_id == Order.id)
    found = desk.pick(select(Order.id).where(Order.status == "confirmed", ~begun).order_by(Order.id.desc()), most=20)
    if found is None:
        return None
    return f"orders {operate(desk.session, CALLER, Order, found.id, 'cancel', {}).number} cancelled"


WEIGHTS = {take_order: 20, start_delivery: 20, advance_delivery: 60, reorder: 6, restock: 3, announce_receipt: 6,
           advance_receipt: 15, change_price: 6, cancel_order: 1}
"""What happens how often: a delivery note takes four steps to its end, a receipt note three."""


def _step(database: Database, chance: Random) -> str:
    step = chance.choices(list(WEIGHTS), list(WEIGHTS.values()))[0]
    name = step.__name__.replace("_", " ")
    try:
        return database.write(CALLER.actor(), lambda session: step(Desk(session, chance))) or f"{name}: nothing to do"
    except (Conflict, Invalid, Unavailable) as refused:
        return f"{name}: refused: {refused.detail}"


def _in_stock() -> Select:
    return select(StockBalance.product_id, StockBalance.warehouse_id, StockBalance.available, Product.list_price).join(
        Product, Product.id == StockBalance.product_id).where(
        Product.archived_at.is_(None), StockBalance.available >= 1).order_by(StockBalance.id)
