"""A balance is the sum of its ledger, always, and never less than nothing."""

import datetime as dt
import threading
import time

import psycopg
import pytest

from cogniflow.errors import Conflict
from tests.domain.trade import CONFLICT, SERIALIZATION, TO_SHIPPED, at_once, raised, refusal

WRITERS = 16
SHIP = "UPDATE goods_delivery_notes SET status = 'shipped', shipped_at = now() WHERE id = %s"


def test_a_receipt_brings_stock_and_a_delivery_takes_it(trade):
    product = trade.product(10)
    note = trade.delivery(trade.order({product: 4}, "confirm"), None, *TO_SHIPPED)
    assert trade.on_hand(product) == 6
    movements = trade.psql.execute("SELECT document, quantity FROM stock_ledger WHERE product_id = %s ORDER BY id", (product,))
    assert movements.fetchall() == [("goods_receipt_notes", 10), ("goods_delivery_notes", -4)]
    assert trade.one("SELECT moved_at = shipped_at FROM stock_ledger l JOIN goods_delivery_notes n ON n.id = l.document_id "
                     "WHERE document = 'goods_delivery_notes' AND n.id = %s", note)
    assert trade.misplaced() == []


def test_goods_move_at_the_moment_given(trade):
    note, moment = trade.packed(), dt.datetime(2024, 5, 17, 12, tzinfo=dt.UTC)
    trade.do("goods_delivery_notes", note, "ship", shipped_at=moment.isoformat())
    moved = "SELECT moved_at FROM stock_ledger WHERE document = 'goods_delivery_notes' AND document_id = %s"
    assert trade.one(moved, note) == moment


def test_only_accepted_goods_enter_stock(trade):
    good, bad = trade.product(), trade.product()
    note = trade.receipt({good: 5, bad: 7}, "expect")
    lines = dict(trade.psql.execute("SELECT product_id, id FROM grn_items WHERE goods_receipt_note_id = %s", (note,)).fetchall())
    trade.do("goods_receipt_notes", note, "receive", lines=[{"id": lines[bad], "accepted": 0, "rejected": 7},
                                                            {"id": lines[good], "accepted": "4", "rejected": "1"}])
    trade.do("goods_receipt_notes", note, "post")
    assert (trade.on_hand(good), trade.on_hand(bad)) == (4, 0)


def test_stock_that_is_not_there_cannot_be_shipped(trade):
    product = trade.product(3)
    note = trade.delivery(trade.order({product: 4}, "confirm"), None, "pick", "pack")
    with pytest.raises(Conflict, match="Only 3 of Product"):
        trade.do("goods_delivery_notes", note, "ship")
    assert trade.status("goods_delivery_notes", note) == "packed"
    assert (trade.on_hand(product), trade.misplaced()) == (3, [])


def test_posting_is_all_or_nothing(trade):
    plenty, none = trade.product(10), trade.product()
    order = trade.order({plenty: 4, none: 4}, "confirm")
    note = trade.delivery(order, None, "pick", "pack")
    with pytest.raises(Conflict):
        trade.do("goods_delivery_notes", note, "ship")
    assert (trade.on_hand(plenty), trade.status("orders", order)) == (10, "confirmed")
    assert trade.one("SELECT number FROM goods_delivery_notes WHERE id = %s", note) is None
    assert trade.one("SELECT sum(delivered_quantity) FROM order_items WHERE order_id = %s", order) == 0


def test_services_move_no_stock(trade):
    service = trade.product(kind="service")
    order = trade.order({service: 2}, "confirm")
    trade.delivery(order, None, *TO_SHIPPED)
    assert trade.status("orders", order) == "delivered"
    assert trade.one("SELECT count(*) FROM stock_ledger WHERE product_id = %s", service) == 0


def test_what_has_been_in_stock_does_not_become_a_service(trade):
    product = trade.product(1)
    assert refusal(trade.url, f"UPDATE products SET kind = 'service' WHERE id = {product}") == CONFLICT


def test_a_service_that_was_delivered_does_not_become_a_thing_in_stock(trade):
    service = trade.product(kind="service")
    trade.delivery(trade.order({service: 2}, "confirm"), None, *TO_SHIPPED)
    assert refusal(trade.url, f"UPDATE products SET kind = 'stockable' WHERE id = {service}") == CONFLICT


@pytest.mark.parametrize("limit", ["capacity_units", "capacity_m3", "capacity_kg"])
def test_a_hard_capacity_is_not_exceeded(trade, limit):
    full = trade.insert("warehouses", code=trade.name("W"), name="Full", hard_limit=True, **{limit: 20})
    product = trade.product(12, warehouse=full, volume_m3=1, weight_kg=1)
    note = trade.receipt({product: 9}, "expect", "receive", warehouse=full)
    with pytest.raises(Conflict, match="cannot hold that much"):
        trade.do("goods_receipt_notes", note, "post")
    trade.receipt({product: 8}, "expect", "receive", "post", warehouse=full)
    assert trade.on_hand(product) == 20


def test_a_hard_capacity_is_exceeded_by_what_somebody_let_in_and_by_nothing_after_it(trade):
    full = trade.insert("warehouses", code=trade.name("W"), name="Full", hard_limit=True, capacity_units=20)
    product = trade.product()
    note = trade.receipt({product: 25}, "expect", "receive", "approve_capacity", "post", warehouse=full)
    assert trade.status("goods_receipt_notes", note) == "posted"
    with pytest.raises(Conflict, match="cannot hold that much"):
        trade.receipt({product: 1}, "expect", "receive", "post", warehouse=full)
    other = trade.product(5)
    transfer = trade.insert("stock_transfers", from_warehouse_id=trade.warehouse, to_warehouse_id=full)
    trade.insert("stock_transfer_items", stock_transfer_id=transfer, product_id=other, quantity=5)
    trade.do("stock_transfers", transfer, "ship")
    with pytest.raises(Conflict, match="cannot hold that much"):
        trade.do("stock_transfers", transfer, "receive")
    for verb in ("approve_capacity", "receive"):
        trade.do("stock_transfers", transfer, verb)
    assert trade.status("stock_transfers", transfer) == "received"


def test_writers_at_once_do_not_fill_a_warehouse_over_its_hard_capacity(trade):
    full = trade.insert("warehouses", code=trade.name("W"), name="Full", hard_limit=True, capacity_units=50)
    notes = [trade.receipt({trade.product(): 10}, "expect", "receive", warehouse=full) for _ in range(WRITERS)]
    refused = raised(at_once(lambda number: trade.do("goods_receipt_notes", notes[number], "post")))
    assert {type(error) for error in refused} == {Conflict}
    assert len(refused) == WRITERS - 5
    assert trade.one("SELECT sum(on_hand) FROM stock_balances WHERE warehouse_id = %s", full) == 50


def test_writers_at_once_do_not_ship_more_than_there_is(trade):
    product = trade.product(10)
    notes = [trade.delivery(trade.order({product: 3}, "confirm"), None, "pick", "pack") for _ in range(WRITERS)]
    refused = raised(at_once(lambda number: trade.do("goods_delivery_notes", notes[number], "ship")))
    assert {type(error) for error in refused} == {Conflict}
    assert len(refused) == WRITERS - 3
    assert (trade.on_hand(product), trade.misplaced()) == (1, [])


def test_an_old_snapshot_does_not_post_over_a_newer_one(trade):
    product = trade.product(10)
    first, second = (trade.delivery(trade.order({product: 6}, "confirm"), None, "pick", "pack") for _ in range(2))
    with psycopg.connect(trade.url) as late:
        late.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        late.execute("SELECT 1")
        trade.do("goods_delivery_notes", first, "ship")
        with pytest.raises(psycopg.Error) as refused:
            late.execute("SELECT cogniflow.post_movements('goods_delivery_notes', %s)", ([second],))
        late.rollback()
    assert refused.value.sqlstate == SERIALIZATION
    assert trade.on_hand(product) == 4


def test_sixteen_writers_post_without_a_deadlock(fresh):
    products = [fresh.product(1000) for _ in range(20)]
    each = 5
    notes = fresh.packed_notes(products, WRITERS * each)

    def ship(number: int) -> None:
        for note in notes[number::WRITERS]:
            fresh.do("goods_delivery_notes", note, "ship")

    assert raised(at_once(ship)) == []
    assert deadlocks(fresh) == 0
    assert fresh.misplaced() == []
    assert fresh.one("SELECT sum(on_hand) FROM stock_balances") == 20 * 1000 - len(notes) * 5
    assert fresh.one("SELECT count(*) FROM goods_delivery_notes WHERE status = 'shipped'") == len(notes)


def deadlocks(trade) -> int:
    """How many the database has counted, once every backend has ended and so told what it saw."""
    trade.database.close()
    trade.psql.close()
    others = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    trade.psql = psycopg.connect(trade.url, autocommit=True)
    deadline = time.monotonic() + 10
    while trade.one(others):
        assert time.monotonic() < deadline
    return trade.one("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")


def test_writers_that_lock_in_another_order_are_seen_to_deadlock(fresh):
    """The count of deadlocks is one that can rise."""
    one, two = fresh.product(), fresh.product()
    met = threading.Barrier(2)

    def touch(number: int) -> None:
        with psycopg.connect(fresh.url) as connection:
            for product in (one, two) if number else (two, one):
                connection.execute("UPDATE products SET barcode = %s WHERE id = %s", (number, product))
                if product == (one if number else two):
                    met.wait(10)

    assert [type(error) for error in raised(at_once(touch, 2))] == [psycopg.errors.DeadlockDetected]
    assert deadlocks(fresh) == 1


def test_no_transaction_had_to_be_done_twice(fresh):
    """The retry of a write would hide a deadlock: without it there is none either."""
    products = [fresh.product(1000) for _ in range(20)]
    notes = fresh.packed_notes(products, WRITERS * 5)

    def ship(number: int) -> None:
        for note in notes[number::WRITERS]:
            with psycopg.connect(fresh.url) as connection:
                connection.execute("SELECT cogniflow.post_movements('goods_delivery_notes', %s)", ([note],))
                connection.execute(SHIP, (note,))

    assert raised(at_once(ship)) == []
    assert fresh.misplaced() == []
