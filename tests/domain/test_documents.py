"""A posted document has exactly its effects and cannot change, whatever the door."""

import datetime as dt
import threading
import time

import psycopg
import pytest

from cogniflow.errors import Conflict, Invalid
from tests.domain.trade import CONFLICT, DENIED, SERIALIZATION, TO_SHIPPED, refusal

SHIP = "UPDATE goods_delivery_notes SET status = 'shipped', shipped_at = now() WHERE id = {}"
MOVED = "SELECT sum(quantity) FROM stock_ledger WHERE document = 'goods_delivery_notes' AND document_id = %s"
POST = "SELECT cogniflow.post_movements('goods_delivery_notes', '{{{}}}')"


def test_a_legal_move_without_its_effects_is_refused_at_commit(trade):
    note = trade.packed()
    assert refusal(trade.url, SHIP.format(note)) == CONFLICT
    assert trade.status("goods_delivery_notes", note) == "packed"


def test_effects_without_the_move_are_refused_at_commit(trade):
    note = trade.packed()
    assert refusal(trade.url, POST.format(note)) == CONFLICT
    assert trade.one(MOVED, note) is None


@pytest.mark.parametrize("order", [(SHIP, POST), (POST, SHIP)])
def test_a_move_with_its_effects_is_accepted_from_psql_too(trade, order):
    note = trade.packed(quantity=4, stock=10)
    assert refusal(trade.url, *(statement.format(note) for statement in order)) is None
    assert trade.one(MOVED, note) == -4
    assert trade.misplaced() == []


def test_checking_early_lets_nothing_through(trade):
    note = trade.packed()
    early = "SET CONSTRAINTS ALL IMMEDIATE"
    assert refusal(trade.url, early, SHIP.format(note)) == CONFLICT
    assert refusal(trade.url, SHIP.format(note), early) == CONFLICT
    assert refusal(trade.url, early, POST.format(note)) == CONFLICT


@pytest.mark.parametrize("isolation", ["REPEATABLE READ", "SERIALIZABLE"])
def test_a_stricter_isolation_lets_nothing_through(trade, isolation):
    note = trade.packed()
    assert refusal(trade.url, SHIP.format(note), isolation=isolation) == CONFLICT
    assert refusal(trade.url, POST.format(note), isolation=isolation) == CONFLICT


def test_nothing_begins_in_a_final_state(trade):
    order = trade.order({trade.product(10): 1}, "confirm")
    values = f"({order}, {trade.warehouse}, 'shipped', now())"
    columns = "(order_id, warehouse_id, status, shipped_at)"
    assert refusal(trade.url, f"INSERT INTO goods_delivery_notes {columns} VALUES {values}") == CONFLICT
    assert refusal(trade.url, f"MERGE INTO goods_delivery_notes n USING (VALUES {values}) AS v {columns} ON n.id = 0 "
                              "WHEN NOT MATCHED THEN INSERT (order_id, warehouse_id, status, shipped_at) "
                              "VALUES (v.order_id, v.warehouse_id, v.status, v.shipped_at)") == CONFLICT
    with (pytest.raises(psycopg.Error) as refused, trade.psql.cursor() as cursor,
          cursor.copy(f"COPY goods_delivery_notes {columns} FROM STDIN") as copy):
        copy.write_row((order, trade.warehouse, "shipped", "2024-01-01"))
    assert refused.value.sqlstate == CONFLICT


def test_a_merge_cannot_post(trade):
    note = trade.packed()
    assert refusal(trade.url, f"MERGE INTO goods_delivery_notes n USING (VALUES ({note})) AS v (id) ON n.id = v.id "
                              "WHEN MATCHED THEN UPDATE SET status = 'shipped', shipped_at = now()") == CONFLICT


def test_a_status_moves_only_as_declared(trade):
    note = trade.packed()
    for status in ("draft", "delivered", "posted", "nonsense"):
        assert refusal(trade.url, SHIP.format(note).replace("'shipped'", f"'{status}'")) == CONFLICT


@pytest.mark.parametrize("change", [
    "UPDATE goods_delivery_notes SET shipped_at = now() - interval '1 day' WHERE id = {note}",
    "UPDATE goods_delivery_notes SET tracking = 'X' WHERE id = {note}",
    "UPDATE goods_delivery_notes SET delivered_at = now() WHERE id = {note}",
    "UPDATE goods_delivery_notes SET status = 'packed' WHERE id = {note}",
    "UPDATE goods_delivery_notes SET status = 'delivered', tracking = 'X' WHERE id = {note}",
    "DELETE FROM goods_delivery_notes WHERE id = {note}",
    "UPDATE gdn_items SET quantity = 1 WHERE goods_delivery_note_id = {note}",
    "UPDATE gdn_items SET position = 9 WHERE goods_delivery_note_id = {note}",
    "DELETE FROM gdn_items WHERE goods_delivery_note_id = {note}",
    "UPDATE gdn_items SET goods_delivery_note_id = {note} WHERE goods_delivery_note_id = {other}",
    "UPDATE gdn_items SET goods_delivery_note_id = {other} WHERE goods_delivery_note_id = {note}",
    "INSERT INTO gdn_items (goods_delivery_note_id, order_item_id, product_id, quantity) "
    "SELECT {note}, i.id, i.product_id, 1 FROM order_items i WHERE order_id = {order} ORDER BY id DESC LIMIT 1",
])
def test_a_shipped_note_and_its_lines_cannot_change(trade, change):
    order = trade.order({trade.product(10): 5, trade.product(10): 5}, "confirm")
    note = trade.delivery(order, [2], *TO_SHIPPED)
    other = trade.delivery(order, [0, 1])
    assert refusal(trade.url, change.format(note=note, other=other, order=order)) == CONFLICT


def test_a_shipped_note_can_still_be_delivered(trade):
    note = trade.packed()
    trade.do("goods_delivery_notes", note, "ship", "deliver")
    assert trade.status("goods_delivery_notes", note) == "delivered"
    assert trade.one("SELECT delivered_at IS NOT NULL FROM goods_delivery_notes WHERE id = %s", note)


@pytest.mark.parametrize("change", [
    "UPDATE goods_receipt_notes SET external_number = 'X' WHERE id = {note}",
    "DELETE FROM goods_receipt_notes WHERE id = {note}",
    "UPDATE grn_items SET accepted_quantity = 1 WHERE goods_receipt_note_id = {note}",
    "UPDATE grn_items SET unit_cost = 1 WHERE goods_receipt_note_id = {note}",
    "DELETE FROM grn_items WHERE goods_receipt_note_id = {note}",
])
def test_a_posted_receipt_and_its_lines_cannot_change(trade, change):
    note = trade.receipt({trade.product(): 5}, "expect", "receive", "post")
    assert refusal(trade.url, change.format(note=note)) == CONFLICT


def test_a_posted_receipt_cannot_be_posted_again(trade):
    note = trade.receipt({trade.product(): 5}, "expect", "receive", "post")
    with pytest.raises(Conflict):
        trade.do("goods_receipt_notes", note, "post")
    assert refusal(trade.url, f"SELECT cogniflow.post_movements('goods_receipt_notes', '{{{note}}}')") == CONFLICT


def test_a_posted_receipt_of_services_cannot_be_posted_again_as_things_in_stock(trade):
    service = trade.product(kind="service")
    note = trade.receipt({service: 5}, "expect", "receive", "post")
    become = f"UPDATE products SET kind = 'stockable' WHERE id = {service}"
    assert refusal(trade.url, become) == CONFLICT
    with psycopg.connect(trade.owner_url) as owner:
        owner.execute("ALTER TABLE products DISABLE TRIGGER cogniflow_40_kind")
        owner.execute(become)
        owner.execute("ALTER TABLE products ENABLE ALWAYS TRIGGER cogniflow_40_kind")
    assert refusal(trade.url, f"SELECT cogniflow.post_movements('goods_receipt_notes', '{{{note}}}')") == CONFLICT
    assert trade.on_hand(service) == 0


def test_a_shipped_note_cannot_be_shipped_again(trade):
    order = trade.order({trade.product(10): 5}, "confirm")
    note = trade.delivery(order, [2], *TO_SHIPPED)
    with pytest.raises(psycopg.Error, match="posted already") as refused:
        trade.psql.execute(POST.format(note))
    assert refused.value.sqlstate == CONFLICT


def test_a_note_of_services_alone_is_not_counted_twice(trade):
    order = trade.order({trade.product(kind="service"): 5}, "confirm")
    note = trade.delivery(order, [2], *TO_SHIPPED)
    assert trade.status("orders", order) == "partially_delivered"
    assert refusal(trade.url, POST.format(note)) == CONFLICT
    other = trade.delivery(order, [2], "pick", "pack")
    assert refusal(trade.url, SHIP.format(other)) == CONFLICT


def test_lines_are_fixed_when_a_document_leaves_its_draft(trade):
    order = trade.order({trade.product(): 5}, "confirm")
    for change in ("UPDATE order_items SET quantity = 1 WHERE order_id = {}", "DELETE FROM order_items WHERE order_id = {}",
                   "UPDATE order_items SET unit_price = 0 WHERE order_id = {}",
                   "INSERT INTO order_items (order_id, product_id, quantity, unit_price) SELECT {}, max(id), 1, 1 FROM products"):
        assert refusal(trade.url, change.format(order)) == CONFLICT


def test_a_line_cannot_be_counted_twice(trade):
    note = trade.receipt({trade.product(): 5}, "expect")
    line = trade.one("SELECT id FROM grn_items WHERE goods_receipt_note_id = %s", note)
    with pytest.raises(Invalid, match="twice"):
        trade.do("goods_receipt_notes", note, "receive", lines=[{"id": line, "accepted": 1}, {"id": line, "accepted": 2}])


@pytest.mark.parametrize("wrong", ["-1", "0.1234567", "1000000000000", "NaN", "Infinity"])
def test_an_impossible_count_is_refused_by_the_name_of_its_field(trade, wrong):
    note = trade.receipt({trade.product(): 5}, "expect")
    line = trade.one("SELECT id FROM grn_items WHERE goods_receipt_note_id = %s", note)
    for field in ("accepted", "rejected"):
        with pytest.raises(Invalid) as refused:
            trade.do("goods_receipt_notes", note, "receive", lines=[{"id": line, "accepted": 1, field: wrong}])
        assert [each.field for each in refused.value.errors] == [f"lines.0.{field}"]


def test_what_was_counted_before_the_goods_are_received_stays(trade):
    rejected, uncounted, told = trade.product(), trade.product(), trade.product()
    note = trade.receipt({rejected: 3, uncounted: 5, told: 7}, "expect")
    lines = dict(trade.psql.execute("SELECT product_id, id FROM grn_items WHERE goods_receipt_note_id = %s", (note,)).fetchall())
    for product in (rejected, told):
        trade.psql.execute("UPDATE grn_items SET rejected_quantity = 3 WHERE id = %s", (lines[product],))
    trade.do("goods_receipt_notes", note, "receive", lines=[{"id": lines[told], "accepted": 6, "rejected": 1}])
    counted = trade.psql.execute("SELECT accepted_quantity, rejected_quantity FROM grn_items WHERE goods_receipt_note_id = %s "
                                 "ORDER BY id", (note,)).fetchall()
    assert counted == [(0, 3), (5, 0), (6, 1)]


def test_a_received_line_can_be_corrected_until_it_is_posted(trade):
    product = trade.product()
    note = trade.receipt({product: 5}, "expect", "receive")
    correct = f"UPDATE grn_items SET {{}} WHERE goods_receipt_note_id = {note}"
    assert refusal(trade.url, correct.format("accepted_quantity = 3, rejected_quantity = 2")) is None
    assert refusal(trade.url, correct.format("quantity = 9")) == CONFLICT
    trade.do("goods_receipt_notes", note, "post")
    assert trade.on_hand(product) == 3


def test_a_line_added_while_the_document_leaves_its_draft_is_refused(trade):
    order, product = trade.order({trade.product(): 5}), trade.product()
    add = f"INSERT INTO order_items (order_id, product_id, quantity, unit_price) VALUES ({order}, {product}, 1, 1)"
    with psycopg.connect(trade.url) as late:
        late.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        late.execute("SELECT 1")
        trade.do("orders", order, "confirm")
        with pytest.raises(psycopg.Error) as refused:
            late.execute(add)
        late.rollback()
    assert refused.value.sqlstate == SERIALIZATION
    assert refusal(trade.url, add) == CONFLICT


def test_a_line_waits_for_the_move_that_is_under_way_and_is_refused(trade):
    order = trade.order({trade.product(): 5, trade.product(): 5}, "confirm")
    note = trade.delivery(order, [1])
    add = ("INSERT INTO gdn_items (goods_delivery_note_id, order_item_id, product_id, quantity) "
           f"SELECT {note}, id, product_id, 1 FROM order_items WHERE id = {trade.rows(order)[1]}")
    answers = []
    adding = threading.Thread(target=lambda: answers.append(refusal(trade.url, add)))
    with psycopg.connect(trade.url) as picking:
        picking.execute("UPDATE goods_delivery_notes SET status = 'picking' WHERE id = %s", (note,))
        adding.start()
        waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query ~ '^INSERT INTO gdn_items'"
        deadline = time.monotonic() + 10
        while not trade.one(waiting):
            assert time.monotonic() < deadline
    adding.join()
    assert answers == [CONFLICT]


def test_an_order_is_not_confirmed_without_lines(trade):
    order = trade.order({})
    with pytest.raises(Conflict):
        trade.do("orders", order, "confirm")
    assert refusal(trade.url, f"UPDATE orders SET status = 'confirmed' WHERE id = {order}") == CONFLICT
    purchase = trade.purchase({})
    assert refusal(trade.url, f"UPDATE purchase_orders SET status = 'confirmed' WHERE id = {purchase}") == CONFLICT


def test_the_promise_of_a_confirmed_order_is_kept(trade):
    order = trade.order({trade.product(): 5}, "confirm", promised_on=dt.date(2030, 1, 1), ordered_on=dt.date(2029, 1, 1))
    elsewhere = trade.insert("warehouses", code=trade.name("W"), name="Second")
    for change in ("promised_on = '2031-01-01'", f"warehouse_id = {elsewhere}", "freight = 1"):
        assert refusal(trade.url, f"UPDATE orders SET {change} WHERE id = {order}") == CONFLICT
    assert refusal(trade.url, f"UPDATE orders SET note = 'call first' WHERE id = {order}") is None


def test_the_ledger_and_the_balances_are_the_databases_alone(trade):
    trade.product(5)
    for change in ("UPDATE stock_ledger SET quantity = 1", "DELETE FROM stock_ledger", "TRUNCATE stock_ledger",
                   "INSERT INTO stock_ledger (product_id) VALUES (1)", "UPDATE stock_balances SET on_hand = 1",
                   "DELETE FROM stock_balances", "INSERT INTO stock_balances (product_id, warehouse_id) VALUES (1, 1)",
                   "UPDATE order_items SET delivered_quantity = 1", "UPDATE orders SET number = 'X'",
                   "UPDATE orders SET total = 1",
                   "INSERT INTO cogniflow.change_log (tbl) VALUES ('x')", "DELETE FROM cogniflow.transitions",
                   "SELECT cogniflow.next_number('orders', '2024-01-01')", "UPDATE cogniflow.number_counters SET last = 0"):
        assert refusal(trade.url, change) == DENIED, change


def test_not_even_the_owner_changes_the_ledger(trade):
    trade.product(5)
    for change in ("UPDATE stock_ledger SET quantity = 1", "DELETE FROM stock_ledger", "TRUNCATE stock_ledger"):
        assert refusal(trade.owner_url, change) == CONFLICT
    movement = ("INSERT INTO stock_ledger (product_id, warehouse_id, quantity, moved_at, document, document_id, line_id) "
                "SELECT product_id, warehouse_id, 1, now(), 'goods_receipt_notes', document_id, 0 FROM stock_ledger LIMIT 1")
    assert refusal(trade.owner_url, movement) == CONFLICT
