"""Orders are fulfilled row by row, never beyond what was ordered, and what follows from that is found out by the database."""

import psycopg
import pytest

from cogniflow.errors import Conflict, Invalid
from tests.domain.trade import CONFLICT, INVALID, LOCKED, TO_SHIPPED, at_once, raised, refusal

WRITERS = 16


def test_an_order_is_delivered_part_by_part(trade):
    first, second = trade.product(10), trade.product(10)
    order = trade.order({first: 4, second: 3}, "confirm")
    trade.delivery(order, [2, 3], *TO_SHIPPED)
    assert trade.status("orders", order) == "partially_delivered"
    trade.delivery(order, [2], *TO_SHIPPED)
    assert trade.status("orders", order) == "delivered"
    trade.do("orders", order, "close")
    assert trade.status("orders", order) == "closed"


def test_a_purchase_order_is_received_part_by_part(trade):
    product = trade.product()
    order = trade.purchase({product: 5}, "confirm")
    trade.receipt({product: 2}, "expect", "receive", "post", purchase=order)
    assert trade.status("purchase_orders", order) == "partially_received"
    trade.receipt({product: 3}, "expect", "receive", "post", purchase=order)
    assert trade.status("purchase_orders", order) == "received"
    trade.do("purchase_orders", order, "close")


def test_what_follows_cannot_be_claimed(trade):
    order = trade.order({trade.product(10): 4}, "confirm")
    for status in ("partially_delivered", "delivered", "closed"):
        assert refusal(trade.url, f"UPDATE orders SET status = '{status}' WHERE id = {order}") == CONFLICT
    purchase = trade.purchase({trade.product(): 4}, "confirm")
    for status in ("partially_received", "received", "closed"):
        assert refusal(trade.url, f"UPDATE purchase_orders SET status = '{status}' WHERE id = {purchase}") == CONFLICT


def test_no_more_is_delivered_than_was_ordered(trade):
    product = trade.product(50)
    order = trade.order({product: 10}, "confirm")
    notes = [trade.delivery(order, [6], "pick", "pack") for _ in range(2)]
    trade.do("goods_delivery_notes", notes[0], "ship")
    with pytest.raises(Conflict, match="only 4 are still to be delivered"):
        trade.do("goods_delivery_notes", notes[1], "ship")
    assert trade.on_hand(product) == 44


def test_what_is_ordered_twice_is_matched_by_row(trade):
    product = trade.product(50)
    order = trade.insert("orders", customer_id=trade.customer, warehouse_id=trade.warehouse)
    for quantity in (3, 10):
        trade.insert("order_items", order_id=order, product_id=product, quantity=quantity, unit_price=1)
    trade.do("orders", order, "confirm")
    note = trade.delivery(order, [5], "pick", "pack")
    with pytest.raises(Conflict, match="only 3 are still"):
        trade.do("goods_delivery_notes", note, "ship")


def test_no_more_is_received_than_was_ordered_but_the_rest_may_be_a_line_of_its_own(trade):
    product = trade.product()
    order = trade.purchase({product: 5}, "confirm")
    note = trade.receipt({product: 7}, "expect", "receive", purchase=order)
    with pytest.raises(Conflict, match="only 5 are still to be received"):
        trade.do("goods_receipt_notes", note, "post")
    trade.psql.execute("UPDATE grn_items SET accepted_quantity = 5, rejected_quantity = 2 "
                       "WHERE goods_receipt_note_id = %s", (note,))
    trade.do("goods_receipt_notes", note, "post")
    assert trade.on_hand(product) == 5


def test_writers_at_once_deliver_an_order_once(trade):
    product = trade.product(1000)
    order = trade.order({product: 10}, "confirm")
    notes = [trade.delivery(order, [3], "pick", "pack") for _ in range(WRITERS)]
    refused = raised(at_once(lambda number: trade.do("goods_delivery_notes", notes[number], "ship")))
    assert {type(error) for error in refused} == {Conflict}
    assert len(refused) == WRITERS - 3
    assert trade.one("SELECT delivered_quantity FROM order_items WHERE order_id = %s", order) == 9
    assert trade.on_hand(product) == 991


def test_nothing_is_shipped_of_an_order_on_hold(trade):
    order = trade.order({trade.product(10): 4}, "confirm")
    note = trade.delivery(order, None, "pick", "pack")
    trade.do("orders", order, "hold")
    with pytest.raises(Conflict, match="on_hold"):
        trade.do("goods_delivery_notes", note, "ship")
    trade.do("orders", order, "resume")
    trade.do("goods_delivery_notes", note, "ship")


def test_an_order_is_cancelled_only_while_nothing_is_shipped(trade):
    order = trade.order({trade.product(10): 4}, "confirm")
    note = trade.delivery(order, [1], "pick", "pack")
    with pytest.raises(Conflict, match="delivery note of this order is still open"):
        trade.do("orders", order, "cancel")
    assert refusal(trade.url, f"UPDATE orders SET status = 'cancelled' WHERE id = {order}") == CONFLICT
    trade.do("goods_delivery_notes", note, "cancel")
    trade.delivery(order, [1], *TO_SHIPPED)
    with pytest.raises(Conflict, match="partially_delivered"):
        trade.do("orders", order, "cancel")
    trade.do("orders", trade.order({trade.product(10): 4}, "confirm"), "cancel")


def test_a_purchase_order_is_cancelled_only_while_nothing_is_received(trade):
    product = trade.product()
    order = trade.purchase({product: 4}, "confirm")
    note = trade.receipt({product: 1}, "expect", purchase=order)
    with pytest.raises(Conflict, match="receipt note of this purchase order is still open"):
        trade.do("purchase_orders", order, "cancel")
    assert refusal(trade.url, f"UPDATE purchase_orders SET status = 'cancelled' WHERE id = {order}") == CONFLICT
    trade.do("goods_receipt_notes", note, "cancel")
    trade.do("purchase_orders", order, "cancel")


def test_a_delivery_note_of_all_that_is_open_is_made_once(trade):
    first, second = trade.product(10), trade.product(10)
    order = trade.order({first: 4, second: 3}, "confirm")
    trade.delivery(order, [1], *TO_SHIPPED)
    trade.delivery(order, [0, 2], "pick")
    assert trade.do("orders", order, "deliver").id == order
    made = trade.psql.execute("SELECT product_id, quantity FROM gdn_items i "
                              "JOIN goods_delivery_notes n ON n.id = i.goods_delivery_note_id "
                              "WHERE n.order_id = %s AND n.status = 'draft' ORDER BY 1", (order,)).fetchall()
    assert made == [(first, 3), (second, 1)]
    with pytest.raises(Conflict):
        trade.do("orders", order, "deliver")


def test_a_cancelled_note_may_be_made_again(trade):
    order = trade.order({trade.product(10): 4}, "confirm", "deliver")
    trade.do("goods_delivery_notes", trade.one("SELECT id FROM goods_delivery_notes WHERE order_id = %s", order), "cancel")
    trade.do("orders", order, "deliver")
    assert trade.one("SELECT count(*) FROM goods_delivery_notes WHERE order_id = %s", order) == 2


def test_writers_at_once_make_one_delivery_note(trade):
    order = trade.order({trade.product(10): 4}, "confirm")
    refused = raised(at_once(lambda _: trade.do("orders", order, "deliver")))
    assert {type(error) for error in refused} == {Conflict}
    assert len(refused) == WRITERS - 1
    assert trade.one("SELECT count(*) FROM goods_delivery_notes WHERE order_id = %s", order) == 1


def test_a_note_agrees_with_its_order(trade):
    order, other = (trade.order({trade.product(10): 4}, "confirm") for _ in range(2))
    draft = trade.order({trade.product(10): 4})
    elsewhere = trade.insert("warehouses", code=trade.name("W"), name="Elsewhere")
    note = trade.delivery(order, [1])
    add = "INSERT INTO goods_delivery_notes (order_id, warehouse_id) VALUES ({}, {})"
    assert refusal(trade.url, add.format(order, elsewhere)) == INVALID
    assert refusal(trade.url, add.format(draft, trade.warehouse)) == CONFLICT
    assert refusal(trade.url, f"UPDATE goods_delivery_notes SET warehouse_id = {elsewhere} WHERE id = {note}") == INVALID
    assert refusal(trade.url, f"UPDATE goods_delivery_notes SET order_id = {other} WHERE id = {note}") == CONFLICT
    row = ("INSERT INTO gdn_items (goods_delivery_note_id, order_item_id, product_id, quantity) "
           "SELECT {}, id, {}, 1 FROM order_items WHERE order_id = {}")
    empty = trade.delivery(order, [0])
    assert refusal(trade.url, row.format(empty, trade.product(), order)) == INVALID
    assert refusal(trade.url, row.format(empty, "product_id", other)) == INVALID
    assert refusal(trade.url, row.format(empty, "product_id", order)) is None


def test_a_receipt_agrees_with_its_purchase_order(trade):
    product = trade.product()
    order, draft = trade.purchase({product: 4}, "confirm"), trade.purchase({product: 4})
    stranger = trade.insert("contacts", name="Stranger", is_supplier=True)
    add = "INSERT INTO goods_receipt_notes (purchase_order_id, supplier_id, warehouse_id) VALUES ({}, {}, {})"
    assert refusal(trade.url, add.format(draft, trade.supplier, trade.warehouse)) == CONFLICT
    assert refusal(trade.url, add.format(order, stranger, trade.warehouse)) == INVALID
    free = trade.receipt({})
    row = ("INSERT INTO grn_items (goods_receipt_note_id, purchase_order_item_id, product_id, quantity) "
           "SELECT {}, id, product_id, 1 FROM purchase_order_items WHERE purchase_order_id = {}")
    assert refusal(trade.url, row.format(free, order)) == INVALID


def test_a_note_keeps_the_day_that_the_order_promised(trade):
    order = trade.order({trade.product(10): 4}, "confirm", promised_on="2031-02-03")
    assert str(trade.one("SELECT promised_on FROM goods_delivery_notes WHERE id = %s", trade.delivery(order))) == "2031-02-03"


def test_lines_of_another_note_cannot_be_received(trade):
    note, other = (trade.receipt({trade.product(): 4}, "expect") for _ in range(2))
    line = trade.one("SELECT id FROM grn_items WHERE goods_receipt_note_id = %s", other)
    with pytest.raises(Invalid):
        trade.do("goods_receipt_notes", note, "receive", lines=[{"id": line, "accepted": 1}])


def test_an_order_cancelled_while_it_is_shipped_stays_as_it_was(trade):
    order = trade.order({trade.product(10): 4}, "confirm")
    note, cancel = trade.delivery(order, [1], "pick", "pack"), f"UPDATE orders SET status = 'cancelled' WHERE id = {order}"
    with psycopg.connect(trade.url) as shipping:
        shipping.execute("SELECT cogniflow.post_movements('goods_delivery_notes', %s)", ([note],))
        shipping.execute("UPDATE goods_delivery_notes SET status = 'shipped', shipped_at = now() WHERE id = %s", (note,))
        assert refusal(trade.url, "SET lock_timeout = '50ms'", cancel) == LOCKED
    assert refusal(trade.url, cancel) == CONFLICT


def test_an_order_is_not_cancelled_while_a_note_of_it_is_being_made(trade):
    order = trade.order({trade.product(10): 4}, "confirm")
    cancel = f"UPDATE orders SET status = 'cancelled' WHERE id = {order}"
    make = f"INSERT INTO goods_delivery_notes (order_id, warehouse_id) VALUES ({order}, {trade.warehouse})"
    with psycopg.connect(trade.url) as making:
        making.execute(make)
        assert refusal(trade.url, "SET lock_timeout = '50ms'", cancel) == LOCKED
    assert refusal(trade.url, cancel) == CONFLICT
    trade.psql.execute("UPDATE goods_delivery_notes SET status = 'cancelled' WHERE order_id = %s", (order,))
    with psycopg.connect(trade.url) as cancelling:
        cancelling.execute(cancel)
        assert refusal(trade.url, "SET lock_timeout = '50ms'", make) == LOCKED
    assert refusal(trade.url, make) == CONFLICT
