"""Doing a verb: one function, one lock order, one version."""

import threading
from concurrent.futures import ThreadPoolExecutor

import orjson
import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from cogniflow.db.failures import translated
from cogniflow.db.session import SYSTEM, Database
from cogniflow.domain.accounts.rights import SYSTEM_CALLER
from cogniflow.domain.sales.models import GoodsDeliveryNote, Order, OrderItem
from cogniflow.errors import Conflict
from cogniflow.kernel.entity import Entity
from cogniflow.records.operate import operate
from cogniflow.records.read import one
from cogniflow.records.write import create
from tests.values import Values


class Desk:
    """Records written and operated through `records`, each in a transaction of its own."""

    def __init__(self, database: Database):
        self.database = database
        self.values = Values(self.create, self.operate)

    def create(self, entity: type[Entity], values: dict) -> dict:
        """A new record as it is told."""
        return self._told(entity, lambda session: create(session, SYSTEM_CALLER, entity, values))

    def operate(self, entity: type[Entity], number: int, verb: str) -> dict:
        """The record after a verb, as it is told."""
        return self._told(entity, lambda session: operate(session, SYSTEM_CALLER, entity, number, verb, {}))

    def order(self) -> dict:
        """A draft order with a line."""
        order = self.create(Order, self.values.of(Order))
        self.create(OrderItem, self.values.of(OrderItem) | {"order_id": order["id"]})
        return order

    def _told(self, entity, work) -> dict:
        return orjson.loads(self.database.write(
            SYSTEM, lambda session: one(session, SYSTEM_CALLER, entity, work(session).id).body))


@pytest.fixture
def desk(database) -> Desk:
    """The test's database through `records`."""
    return Desk(database)


def test_a_verb_moves_the_status_and_raises_the_version_once(desk, database):
    order = desk.order()
    with database.reading() as session:
        before = session.scalar(text("SELECT version FROM orders WHERE id = :id"), {"id": order["id"]})
    confirmed = desk.operate(Order, order["id"], "confirm")
    assert (confirmed["status"], confirmed["version"]) == ("confirmed", before + 1)
    assert confirmed["number"]


def test_of_many_who_do_the_same_verb_at_once_one_succeeds(desk):
    order, barrier = desk.order(), threading.Barrier(6)

    def confirm(_: int) -> str:
        barrier.wait()
        try:
            return desk.operate(Order, order["id"], "confirm")["status"]
        except Conflict:
            return "refused"
    with ThreadPoolExecutor(6) as pool:
        assert sorted(pool.map(confirm, range(6))) == ["confirmed", *["refused"] * 5]


def test_a_verb_on_a_note_waits_for_whoever_holds_its_order(desk, database):
    order = desk.order()
    desk.operate(Order, order["id"], "confirm")
    note = desk.create(GoodsDeliveryNote, {"order_id": order["id"], "warehouse_id": order["warehouse_id"]})
    with Session(database.engine) as holder, Session(database.engine) as other:
        holder.execute(text("SELECT 1 FROM orders WHERE id = :id FOR NO KEY UPDATE"), {"id": order["id"]})
        other.execute(text("SET lock_timeout = '100ms'"))
        with pytest.raises(Conflict, match="Someone else"), translated():
            operate(other, SYSTEM_CALLER, GoodsDeliveryNote, note["id"], "cancel", {})
        other.rollback()
        other.execute(text("SELECT 1 FROM goods_delivery_notes WHERE id = :id FOR UPDATE NOWAIT"), {"id": note["id"]})


def test_a_verb_that_fails_leaves_nothing_behind(desk, database):
    order = desk.create(Order, desk.values.of(Order))
    with pytest.raises(Conflict, match="no lines"):
        desk.operate(Order, order["id"], "confirm")
    with database.reading() as session:
        assert orjson.loads(one(session, SYSTEM_CALLER, Order, order["id"]).body) == order
