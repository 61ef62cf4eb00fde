"""What a document says can be: days of this age, nothing done in the future, whole pieces."""

import datetime as dt

import pytest

from cogniflow.errors import Invalid
from tests.domain.trade import INVALID, refusal

DAYS = [("orders", "ordered_on"), ("orders", "promised_on"), ("purchase_orders", "ordered_on"),
        ("purchase_orders", "expected_on"), ("goods_receipt_notes", "expected_on"), ("goods_delivery_notes", "promised_on")]
MAKE = {"orders": "order", "purchase_orders": "purchase", "goods_receipt_notes": "receipt"}


def made(trade, table: str) -> int:
    """A draft with nothing in it."""
    if table == "goods_delivery_notes":
        return trade.delivery(trade.order({trade.product(): 1}, "confirm"))
    return getattr(trade, MAKE[table])({})


@pytest.mark.parametrize(("table", "column"), DAYS)
def test_a_day_is_of_this_age(trade, table, column):
    change = f"UPDATE {table} SET {column} = '{{}}' WHERE id = {made(trade, table)}"
    if (table, column) == ("orders", "promised_on"):
        trade.psql.execute("UPDATE orders SET ordered_on = '1990-01-01' WHERE status = 'draft'")
    for day in ("1989-12-31", "2200-01-01", "0044-03-15 BC", "infinity", "-infinity"):
        assert refusal(trade.url, change.format(day)) == INVALID, day
    for day in ("1990-01-01", "2199-12-31"):
        assert refusal(trade.url, change.format(day)) is None, day


def test_a_document_begins_with_a_day_of_this_age(trade):
    assert refusal(trade.url, "INSERT INTO orders (customer_id, warehouse_id, ordered_on) "
                              f"VALUES ({trade.customer}, {trade.warehouse}, '0022-01-01')") == INVALID


@pytest.mark.parametrize(("option", "document", "verbs"), [
    ("received_at", "goods_receipt_notes", ["expect", "receive"]),
    ("posted_at", "goods_receipt_notes", ["expect", "receive", "post"]),
    ("shipped_at", "goods_delivery_notes", ["pick", "pack", "ship"]),
    ("delivered_at", "goods_delivery_notes", ["pick", "pack", "ship", "deliver"])])
def test_nothing_was_done_in_the_future(trade, option, document, verbs):
    product = trade.product(5)
    note = (trade.receipt({product: 1}) if document == "goods_receipt_notes"
            else trade.delivery(trade.order({product: 1}, "confirm")))
    trade.do(document, note, *verbs[:-1])
    now = dt.datetime.now(dt.UTC)
    with pytest.raises(Invalid) as refused:
        trade.do(document, note, verbs[-1], **{option: (now + dt.timedelta(days=1, minutes=5)).isoformat()})
    assert [each.field for each in refused.value.errors] == [option]
    trade.do(document, note, verbs[-1], **{option: (now + dt.timedelta(hours=23)).isoformat()})


def lines(trade, product: int) -> dict[str, str]:
    """A statement per table that gives a line of the product a quantity."""
    note = trade.receipt({product: 4}, "expect")
    order = trade.order({product: 4})
    confirmed = trade.order({product: 4}, "confirm")
    return {
        "order_items": f"UPDATE order_items SET quantity = {{}} WHERE order_id = {order}",
        "order_items anew": "INSERT INTO order_items (order_id, product_id, quantity, unit_price) "
                            f"VALUES ({order}, {product}, {{}}, 1)",
        "purchase_order_items": "UPDATE purchase_order_items SET quantity = {} "
                                f"WHERE purchase_order_id = {trade.purchase({product: 4})}",
        "gdn_items": f"UPDATE gdn_items SET quantity = {{}} WHERE goods_delivery_note_id = {trade.delivery(confirmed)}",
        "grn_items": f"UPDATE grn_items SET quantity = {{}} WHERE goods_receipt_note_id = {trade.receipt({product: 4})}",
        "accepted": f"UPDATE grn_items SET accepted_quantity = {{}} WHERE goods_receipt_note_id = {note}",
        "rejected": f"UPDATE grn_items SET rejected_quantity = {{}} WHERE goods_receipt_note_id = {note}",
    }


def test_what_comes_in_pieces_is_not_divided(trade):
    for name, statement in lines(trade, trade.product()).items():
        assert refusal(trade.url, statement.format("1.5")) == INVALID, name
        assert refusal(trade.url, statement.format("2.000")) is None, name


def test_what_is_weighed_is_divided(trade):
    weighed = trade.product(unit_id=trade.one("SELECT id FROM units_of_measure WHERE code = 'kg'"))
    for name, statement in lines(trade, weighed).items():
        assert refusal(trade.url, statement.format("1.5")) is None, name


def test_the_quantity_at_fault_is_named(trade):
    note = trade.receipt({trade.product(): 4}, "expect")
    line = trade.one("SELECT id FROM grn_items WHERE goods_receipt_note_id = %s", note)
    with pytest.raises(Invalid, match="whole") as refused:
        trade.do("goods_receipt_notes", note, "receive", lines=[{"id": line, "accepted": "3.5", "rejected": "0"}])
    assert [each.field for each in refused.value.errors] == ["accepted_quantity"]
