"""Totals are the sum of the lines, computed by the database; tax is rounded once per rate and document."""

from decimal import Decimal

import pytest

from cogniflow.db.session import SYSTEM
from cogniflow.domain.sales.models import OrderItem
from tests.domain.trade import at_once, raised


@pytest.fixture
def taxes(trade):
    """Ids of two tax codes of 19 % and 7 %."""
    return [trade.insert("tax_codes", code=trade.name("T"), name="Tax", rate=rate) for rate in ("0.19", "0.07")]


def totals(trade, order):
    """Net, tax and total of an order."""
    return trade.psql.execute("SELECT net_total, tax_total, total FROM orders WHERE id = %s", (order,)).fetchone()


def test_tax_is_rounded_once_per_rate_and_not_per_line(trade, taxes):
    order = trade.order({}, freight="4.90")
    product = trade.product()
    for tax in (taxes[0], taxes[0], taxes[0], taxes[1], None):
        trade.insert("order_items", order_id=order, product_id=product, quantity=1, unit_price="0.13", tax_code_id=tax)
    # 3 × 0.13 × 19 % = 0.0741 and 0.13 × 7 % = 0.0091; by line it would be 3 × 0.02 + 0.01
    assert totals(trade, order) == (Decimal("0.65"), Decimal("0.08"), Decimal("5.63"))


def test_totals_follow_every_change_of_lines_and_freight(trade):
    order = trade.order({trade.product(): 2, trade.product(): 3}, price="10", freight=1)
    assert totals(trade, order) == (50, 0, 51)
    trade.psql.execute("UPDATE order_items SET discount = 0.5 WHERE order_id = %s AND quantity = 3", (order,))
    assert totals(trade, order) == (35, 0, 36)
    trade.psql.execute("UPDATE orders SET freight = 7 WHERE id = %s", (order,))
    assert totals(trade, order) == (35, 0, 42)
    trade.psql.execute("DELETE FROM order_items WHERE order_id = %s AND quantity = 2", (order,))
    assert totals(trade, order) == (15, 0, 22)
    trade.psql.execute("DELETE FROM order_items WHERE order_id = %s", (order,))
    assert totals(trade, order) == (0, 0, 7)


def test_a_line_moved_to_another_order_counts_there(trade):
    first, second = trade.order({trade.product(): 2}), trade.order({trade.product(): 5})
    trade.psql.execute("UPDATE order_items SET order_id = %s WHERE order_id = %s", (second, first))
    assert (totals(trade, first)[2], totals(trade, second)[2]) == (0, 70)


def test_an_order_made_with_its_lines_in_one_transaction_has_its_totals(trade):
    product = trade.product()
    with trade.psql.transaction():
        order = trade.insert("orders", customer_id=trade.customer, warehouse_id=trade.warehouse)
        for _ in range(3):
            trade.insert("order_items", order_id=order, product_id=product, quantity=2, unit_price=5)
    assert totals(trade, order) == (30, 0, 30)


def test_the_rate_of_the_day_of_confirmation_counts(trade, taxes):
    order = trade.order({})
    trade.insert("order_items", order_id=order, product_id=trade.product(), quantity=1, unit_price=100, tax_code_id=taxes[0])
    trade.psql.execute("UPDATE tax_codes SET rate = 0.2 WHERE id = %s", (taxes[0],))
    trade.do("orders", order, "confirm")
    assert totals(trade, order) == (100, 20, 120)
    trade.psql.execute("UPDATE tax_codes SET rate = 0.3 WHERE id = %s", (taxes[0],))
    trade.psql.execute("UPDATE orders SET note = 'later' WHERE id = %s", (order,))
    assert totals(trade, order) == (100, 20, 120)


def test_a_purchase_order_sums_its_lines(trade):
    order = trade.purchase({trade.product(): 3, trade.product(): 4}, cost="0.335")
    # by line, each rounded to cents: 1.01 and 1.34
    assert trade.one("SELECT total FROM purchase_orders WHERE id = %s", order) == Decimal("2.35")


def test_writers_at_once_add_lines_without_losing_one(trade):
    order, product = trade.order({}), trade.product()
    line = {"order_id": order, "product_id": product, "quantity": 1, "unit_price": 10}
    assert raised(at_once(lambda _: trade.database.write(SYSTEM, lambda session: session.add(OrderItem(**line))))) == []
    assert totals(trade, order) == (160, 0, 160)


def test_a_change_of_lines_makes_the_document_one_version_newer(trade):
    order = trade.order({trade.product(): 2})
    before = trade.one("SELECT version FROM orders WHERE id = %s", order)
    trade.psql.execute("UPDATE order_items SET quantity = 3 WHERE order_id = %s", (order,))
    assert trade.one("SELECT version FROM orders WHERE id = %s", order) == before + 1
