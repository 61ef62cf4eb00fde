"""One open suggestion per rule, raised and resolved in the transaction in which the projected stock crosses the level."""

import datetime as dt
from decimal import Decimal

import psycopg
import pytest

from cogniflow.errors import Conflict
from tests.domain.trade import CONFLICT, DENIED, LOCKED, TO_SHIPPED, at_once, raised, refusal

OF_RULE = "SELECT count(*) FROM replenishment_suggestions WHERE reorder_rule_id"


def rule(trade, product, level=5, **values):
    """A reorder rule of the company's warehouse."""
    values |= {"level": level, "order_quantity": 20}
    return trade.insert("reorder_rules", product_id=product, warehouse_id=trade.warehouse, **values)


def suggestions(trade, rule_id):
    """The suggestions of a rule, oldest first: status and projected stock."""
    return trade.psql.execute("SELECT status, projected FROM replenishment_suggestions WHERE reorder_rule_id = %s ORDER BY id",
                              (rule_id,)).fetchall()


def the_open(trade, rule_id):
    """Id of the open suggestion of a rule."""
    return trade.one("SELECT id FROM replenishment_suggestions WHERE reorder_rule_id = %s AND status = 'open'", rule_id)


def take(trade, product, quantity):
    """Ship so many units."""
    trade.delivery(trade.order({product: quantity}, "confirm"), None, *TO_SHIPPED)


def test_a_delivery_that_reaches_the_level_raises_one_suggestion(trade):
    product = trade.product(10)
    watching = rule(trade, product)
    take(trade, product, 4)
    assert suggestions(trade, watching) == []
    take(trade, product, 1)
    assert suggestions(trade, watching) == [("open", 5)]
    take(trade, product, 1)
    assert suggestions(trade, watching) == [("open", 5)]


def test_it_is_raised_in_the_very_transaction(trade):
    product = trade.product(10)
    watching, order = rule(trade, product, level=7), trade.order({product: 4})
    with psycopg.connect(trade.url) as connection:
        connection.execute("UPDATE orders SET status = 'confirmed' WHERE id = %s", (order,))
        assert connection.execute(f"{OF_RULE} = {watching}").fetchone() == (1,)
        connection.rollback()
    assert suggestions(trade, watching) == []


def test_a_rule_for_what_is_low_already_suggests_at_once(trade):
    product = trade.product(3)
    watching = rule(trade, product)
    assert suggestions(trade, watching) == [("open", 3)]
    trade.psql.execute("UPDATE reorder_rules SET level = 2 WHERE id = %s", (watching,))
    assert suggestions(trade, watching) == [("resolved", 3)]
    trade.psql.execute("UPDATE reorder_rules SET level = 3 WHERE id = %s", (watching,))
    trade.psql.execute("UPDATE reorder_rules SET archived_at = now() WHERE id = %s", (watching,))
    assert [status for status, _ in suggestions(trade, watching)] == ["resolved", "resolved"]


def test_a_product_put_away_needs_no_more_of_it(trade):
    product = trade.product(3)
    watching = rule(trade, product)
    trade.psql.execute("UPDATE products SET archived_at = now() WHERE id = %s", (product,))
    assert suggestions(trade, watching) == [("resolved", 3)]
    trade.psql.execute("UPDATE products SET archived_at = NULL WHERE id = %s", (product,))
    assert suggestions(trade, watching) == [("resolved", 3), ("open", 3)]


def test_what_is_on_its_way_counts(trade):
    product = trade.product(3)
    watching = rule(trade, product)
    order = trade.purchase({product: 4}, "confirm")
    assert suggestions(trade, watching) == [("resolved", 3)]
    trade.do("purchase_orders", order, "cancel")
    assert suggestions(trade, watching) == [("resolved", 3), ("open", 3)]
    note = trade.receipt({product: 4}, "expect")
    assert [status for status, _ in suggestions(trade, watching)] == ["resolved", "resolved"]
    trade.do("goods_receipt_notes", note, "cancel")
    assert [status for status, _ in suggestions(trade, watching)] == ["resolved", "resolved", "open"]


def test_receiving_what_was_on_its_way_changes_nothing(trade):
    product = trade.product(3)
    watching = rule(trade, product)
    order = trade.purchase({product: 4}, "confirm")
    trade.receipt({product: 2}, "expect", "receive", "post", purchase=order)
    trade.receipt({product: 2}, "expect", "receive", "post", purchase=order)
    trade.receipt({product: 2}, "expect", "receive", "post")
    assert suggestions(trade, watching) == [("resolved", 3)]
    assert trade.psql.execute("SELECT on_hand, available, incoming, projected FROM cogniflow.stock_position "
                              "WHERE product_id = %s", (product,)).fetchone() == (9, 9, 0, 9)


def test_what_is_expected_and_rejected_is_wanted_again(trade):
    product = trade.product(3)
    watching = rule(trade, product)
    note = trade.receipt({product: 4}, "expect")
    line = trade.one("SELECT id FROM grn_items WHERE goods_receipt_note_id = %s", note)
    trade.do("goods_receipt_notes", note, "receive", lines=[{"id": line, "accepted": 0, "rejected": 4}])
    assert suggestions(trade, watching)[1:] == [("open", 3)]
    trade.psql.execute("UPDATE grn_items SET accepted_quantity = 4, rejected_quantity = 0 WHERE id = %s", (line,))
    assert the_open(trade, watching) is None
    trade.do("goods_receipt_notes", note, "post")
    assert the_open(trade, watching) is None


def test_an_accepted_suggestion_becomes_a_purchase_order_once(trade):
    product = trade.product(3)
    watching = rule(trade, product)
    trade.insert("product_suppliers", product_id=product, supplier_id=trade.supplier, price="2.5", minimum_quantity=50,
                 lead_days=9)
    chosen = the_open(trade, watching)
    order = trade.do("replenishment_suggestions", chosen, "accept").purchase_order_id
    made = trade.psql.execute(
        "SELECT status, supplier_id, warehouse_id, expected_on - cogniflow.company_today(), product_id, quantity, unit_cost "
        "FROM purchase_orders o JOIN purchase_order_items i ON i.purchase_order_id = o.id WHERE o.id = %s", (order,)).fetchone()
    assert made == ("draft", trade.supplier, trade.warehouse, 9, product, 50, Decimal("2.5"))
    with pytest.raises(Conflict):
        trade.do("replenishment_suggestions", chosen, "accept")
    take(trade, product, 1)
    assert [status for status, _ in suggestions(trade, watching)] == ["accepted"]
    trade.do("purchase_orders", order, "cancel")
    assert [status for status, _ in suggestions(trade, watching)] == ["accepted", "open"]


def test_a_suggestion_without_a_supplier_cannot_be_accepted(trade):
    watching = rule(trade, trade.product())
    with pytest.raises(Conflict, match="supplier"):
        trade.do("replenishment_suggestions", the_open(trade, watching), "accept")


def test_a_rule_may_name_the_supplier(trade):
    watching = rule(trade, trade.product(cost=7), supplier_id=trade.supplier)
    order = trade.do("replenishment_suggestions", the_open(trade, watching), "accept").purchase_order_id
    assert trade.one("SELECT unit_cost FROM purchase_order_items WHERE purchase_order_id = %s", order) == 7


@pytest.mark.parametrize(("days", "expected"), [(1, ["dismissed"]), (0, ["dismissed", "open"])])
def test_a_dismissed_suggestion_is_not_raised_again_before_its_day(trade, days, expected):
    product = trade.product(3)
    watching = rule(trade, product)
    day = trade.one("SELECT cogniflow.company_today()") + dt.timedelta(days=days)
    trade.do("replenishment_suggestions", the_open(trade, watching), "dismiss", until=day.isoformat())
    take(trade, product, 1)
    assert [status for status, _ in suggestions(trade, watching)] == expected


def test_a_suggestion_is_not_said_to_be_resolved_or_accepted_when_it_is_not(trade):
    chosen = the_open(trade, rule(trade, trade.product()))
    other = trade.purchase({trade.product(): 1})
    set_to = f"UPDATE replenishment_suggestions SET {{}} WHERE id = {chosen}"
    assert refusal(trade.url, set_to.format("status = 'resolved'")) == CONFLICT
    assert refusal(trade.owner_url, set_to.format("status = 'resolved'")) == CONFLICT
    assert refusal(trade.url, set_to.format(f"status = 'accepted', purchase_order_id = {other}")) == CONFLICT
    assert refusal(trade.url, "INSERT INTO replenishment_suggestions (reorder_rule_id) VALUES (1)") == DENIED


def test_writers_at_once_leave_one_open_suggestion_that_is_right(trade):
    product = trade.product(100)
    watching = rule(trade, product, level=60)
    notes = [trade.delivery(trade.order({product: 5}, "confirm"), None, "pick", "pack") for _ in range(8)]
    orders = [trade.purchase({product: 5}) for _ in range(8)]

    def work(number: int) -> None:
        if number % 2:
            trade.do("goods_delivery_notes", notes[number // 2], "ship")
        else:
            trade.do("purchase_orders", orders[number // 2], "confirm")

    assert raised(at_once(work)) == []
    assert trade.one("SELECT projected FROM cogniflow.stock_position WHERE product_id = %s", product) == 100
    assert the_open(trade, watching) is None
    for order in orders:
        trade.do("purchase_orders", order, "cancel")
    more = f"UPDATE reorder_rules SET order_quantity = order_quantity + 1 WHERE id = {watching}"
    assert set(at_once(lambda _: refusal(trade.url, more))) == {None}
    assert trade.one(f"{OF_RULE} = {watching} AND status = 'open'") == 1


def test_two_that_cross_at_the_same_moment_do_not_miss_each_other(trade):
    product = trade.product(10)
    watching = rule(trade, product, level=6)
    trade.purchase({product: 10}, "confirm")
    order = trade.one("SELECT max(id) FROM purchase_orders")
    note = trade.delivery(trade.order({product: 8}, "confirm"), None, "pick", "pack")
    with psycopg.connect(trade.url) as first:
        first.execute("UPDATE purchase_orders SET status = 'cancelled' WHERE id = %s", (order,))
        post = f"SELECT cogniflow.post_movements('goods_delivery_notes', '{{{note}}}')"
        assert refusal(trade.url, "SET lock_timeout = '50ms'", post) == LOCKED
    trade.do("goods_delivery_notes", note, "ship")
    assert suggestions(trade, watching) == [("open", 2)]
