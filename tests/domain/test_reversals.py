"""What a posted note did is taken back by opposite movements, once, whoever tries."""

import pytest

from cogniflow.errors import Conflict, Invalid
from tests.domain.test_reservations import awaited, balance, unbalanced
from tests.domain.trade import CONFLICT, TO_SHIPPED, at_once, raised, refusal

WRITERS = 16
REVERSE = "SELECT cogniflow.reverse_movements('{}', '{{{}}}')"
REVERSED = "UPDATE {} SET status = 'reversed', reversed_at = now() WHERE id = {}"


def shipped(trade, quantity: int = 4, stock: int = 10) -> tuple[int, int, int]:
    """A product, an order of it, and its shipped delivery note."""
    product = trade.product(stock)
    order = trade.order({product: quantity}, "confirm")
    return product, order, trade.delivery(order, None, *TO_SHIPPED)


def test_a_reversed_delivery_is_back_in_stock_and_the_order_waits_for_it_again(trade):
    product, order, note = shipped(trade)
    trade.do("goods_delivery_notes", note, "deliver")
    row = trade.do("goods_delivery_notes", note, "reverse", reason="Refused at the door")
    assert (row.status, row.reversal_reason, row.reversed_at is not None) == ("reversed", "Refused at the door", True)
    assert (trade.status("orders", order), awaited(trade, order)) == ("confirmed", [(4, 0)])
    assert (balance(trade, product), trade.misplaced(), unbalanced(trade)) == ((10, 4, 6), [], [])
    counter = trade.psql.execute("SELECT r.quantity, m.quantity FROM stock_ledger r JOIN stock_ledger m ON m.id = r.reverses_id "
                                 "WHERE r.document = 'goods_delivery_notes' AND r.document_id = %s", (note,)).fetchall()
    assert counter == [(4, -4)]
    trade.delivery(order, None, *TO_SHIPPED)
    assert trade.status("orders", order) == "delivered"


def test_a_reversal_has_a_number_of_its_own_without_gaps_and_for_good(fresh):
    product = fresh.product(10)
    order = fresh.order({product: 4}, "confirm")
    notes = [fresh.delivery(order, [1], *TO_SHIPPED) for _ in range(3)]
    reversals = [fresh.do("goods_delivery_notes", note, "reverse", reason="Refused") for note in notes[:2]]
    year = reversals[0].reversed_at.year
    assert [row.reversal_number for row in reversals] == [f"GDR-{year}-00001", f"GDR-{year}-00002"]
    assert reversals[0].number == f"GDN-{year}-00001"
    receipt = fresh.receipt({product: 5}, "expect", "receive", "post")
    assert fresh.do("goods_receipt_notes", receipt, "reverse", reason="Twice").reversal_number == f"GRR-{year}-00001"
    for number, note in (("NULL", notes[0]), ("'GDR-1'", notes[0]), ("'GDR-1'", notes[2])):
        change = f"UPDATE goods_delivery_notes SET reversal_number = {number} WHERE id = {note}"
        assert refusal(fresh.owner_url, change) == CONFLICT


def test_a_reversed_part_leaves_the_order_partially_delivered(trade):
    product = trade.product(10)
    order = trade.order({product: 4}, "confirm")
    first, _ = (trade.delivery(order, [2], *TO_SHIPPED) for _ in range(2))
    trade.do("goods_delivery_notes", first, "reverse", reason="Lost on the way")
    assert (trade.status("orders", order), awaited(trade, order)) == ("partially_delivered", [(2, 0)])


def test_an_order_whose_deliveries_are_all_reversed_can_be_called_off(trade):
    product, order, note = shipped(trade)
    trade.do("goods_delivery_notes", note, "reverse", reason="Refused")
    trade.do("orders", order, "cancel")
    assert (awaited(trade, order), balance(trade, product)) == ([], (10, 0, 10))


def test_a_reversed_receipt_leaves_stock_and_its_purchase_order_waits_again(trade):
    product = trade.product()
    purchase = trade.purchase({product: 5}, "confirm")
    note = trade.receipt({product: 5}, "expect", "receive", "post", purchase=purchase)
    order = trade.order({product: 3}, "confirm")
    assert awaited(trade, order) == [(3, 0)]
    trade.do("goods_receipt_notes", note, "reverse", reason="Booked on the wrong day")
    assert (trade.status("goods_receipt_notes", note), trade.status("purchase_orders", purchase)) == ("reversed", "confirmed")
    assert (awaited(trade, order), balance(trade, product)) == ([(0, 3)], (0, 0, 0))
    assert (trade.misplaced(), unbalanced(trade)) == ([], [])
    trade.receipt({product: 5}, "expect", "receive", "post", purchase=purchase)
    assert (trade.status("purchase_orders", purchase), awaited(trade, order)) == ("received", [(3, 0)])


def test_goods_that_are_gone_cannot_be_sent_back(trade):
    product = trade.product()
    note = trade.receipt({product: 5}, "expect", "receive", "post")
    trade.delivery(trade.order({product: 3}, "confirm"), None, *TO_SHIPPED)
    with pytest.raises(Conflict, match="Only 2 of Product"):
        trade.do("goods_receipt_notes", note, "reverse", reason="Wrong")
    assert trade.on_hand(product) == 2


def test_a_note_of_services_is_reversed_by_its_rows_alone(trade):
    order = trade.order({trade.product(kind="service"): 2}, "confirm")
    note = trade.delivery(order, None, *TO_SHIPPED)
    assert refusal(trade.url, REVERSED.format("goods_delivery_notes", note)) == CONFLICT
    assert refusal(trade.url, REVERSE.format("goods_delivery_notes", note)) == CONFLICT
    trade.do("goods_delivery_notes", note, "reverse", reason="Not done")
    assert trade.status("orders", order) == "confirmed"


@pytest.mark.parametrize("table", ["goods_delivery_notes", "goods_receipt_notes"])
def test_a_reversal_is_a_move_with_its_effects_and_happens_once(trade, table):
    received = trade.receipt({trade.product(): 5}, "expect", "receive", "post")
    note = received if table == "goods_receipt_notes" else shipped(trade)[2]
    assert refusal(trade.url, REVERSED.format(table, note)) == CONFLICT
    assert refusal(trade.url, REVERSE.format(table, note)) == CONFLICT
    for statements in ((REVERSED, REVERSE, REVERSE), (REVERSE, REVERSE, REVERSED)):
        assert refusal(trade.url, *(each.format(table, note) for each in statements)) is not None
    assert refusal(trade.url, *(each.format(table, note) for each in (REVERSED, REVERSE))) is None
    assert refusal(trade.url, REVERSE.format(table, note)) == CONFLICT
    with pytest.raises(Conflict):
        trade.do(table, note, "reverse", reason="Again")
    for change in (f"UPDATE {table} SET reversal_reason = 'x' WHERE id = {note}", f"DELETE FROM {table} WHERE id = {note}"):
        assert refusal(trade.url, change) == CONFLICT
    assert trade.misplaced() == []


def test_a_note_that_has_not_moved_anything_cannot_be_reversed(trade):
    note = trade.packed()
    assert refusal(trade.url, REVERSED.format("goods_delivery_notes", note)) == CONFLICT
    assert refusal(trade.url, REVERSE.format("goods_delivery_notes", note)) == CONFLICT
    with pytest.raises(Invalid):
        trade.do("goods_delivery_notes", shipped(trade)[2], "reverse", reason=" ")


def test_what_a_closed_order_delivered_stays_delivered(trade):
    _, order, note = shipped(trade)
    trade.do("orders", order, "close")
    with pytest.raises(Conflict, match="closed"):
        trade.do("goods_delivery_notes", note, "reverse", reason="Late")


def test_writers_at_once_reverse_a_note_once(trade):
    product, order, note = shipped(trade)
    refused = raised(at_once(lambda _: trade.do("goods_delivery_notes", note, "reverse", reason="Refused")))
    assert {type(error) for error in refused} == {Conflict}
    assert len(refused) == WRITERS - 1
    assert (balance(trade, product), trade.status("orders", order)) == ((10, 4, 6), "confirmed")
