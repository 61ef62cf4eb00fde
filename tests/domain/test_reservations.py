"""A confirmed order has its goods reserved or waits for them, and what is reserved is the sum of that, always."""

import psycopg
import pytest

from cogniflow.errors import Conflict
from tests.domain.trade import CONFLICT, DENIED, SERIALIZATION, TO_SHIPPED, at_once, raised, refusal

WRITERS = 16


def awaited(trade, order: int) -> list[tuple]:
    """What is reserved and what is on backorder, row by row."""
    return trade.psql.execute("SELECT reserved_quantity, backordered_quantity FROM stock_reservations "
                              "WHERE document = 'orders' AND document_id = %s ORDER BY line_id", (order,)).fetchall()


def balance(trade, product: int) -> tuple:
    """What the warehouse holds of a product: on hand, reserved, available."""
    return trade.psql.execute("SELECT on_hand, reserved, available FROM stock_balances "
                              "WHERE product_id = %s AND warehouse_id = %s", (product, trade.warehouse)).fetchone()


def unbalanced(trade) -> list[tuple]:
    """Every balance whose reserved units are not the sum of its reservations."""
    return trade.psql.execute(
        "SELECT product_id, warehouse_id, b.reserved, r.reserved FROM stock_balances b "
        "FULL JOIN (SELECT product_id, warehouse_id, sum(reserved_quantity) AS reserved FROM stock_reservations GROUP BY 1, 2) r "
        "USING (product_id, warehouse_id) WHERE coalesce(b.reserved, 0) IS DISTINCT FROM coalesce(r.reserved, 0)").fetchall()


def lose(trade, product: int, quantity: int) -> int:
    """A posted adjustment by which so much of a product is gone."""
    made = trade.insert("stock_adjustments", warehouse_id=trade.warehouse, reason="lost")
    trade.insert("stock_adjustment_items", stock_adjustment_id=made, product_id=product, quantity=-quantity)
    trade.do("stock_adjustments", made, "post")
    return made


def test_a_confirmed_order_reserves_what_is_there_and_the_rest_is_on_backorder(trade):
    plenty, scarce, none, service = trade.product(10), trade.product(3), trade.product(), trade.product(kind="service")
    order = trade.order({plenty: 4, scarce: 5, none: 2, service: 1})
    assert awaited(trade, order) == []
    trade.do("orders", order, "confirm")
    assert awaited(trade, order) == [(4, 0), (3, 2), (0, 2)]
    assert (balance(trade, plenty), balance(trade, scarce)) == ((10, 4, 6), (3, 3, 0))
    assert unbalanced(trade) == []


def test_what_is_reserved_for_one_order_is_not_shipped_with_another(trade):
    product = trade.product(5)
    first, second = (trade.order({product: 4}, "confirm") for _ in range(2))
    late = trade.delivery(second, None, "pick", "pack")
    with pytest.raises(Conflict, match="Only 1 of Product"):
        trade.do("goods_delivery_notes", late, "ship")
    trade.delivery(first, [3], *TO_SHIPPED)
    assert (awaited(trade, first), awaited(trade, second)) == ([(1, 0)], [(1, 3)])
    assert (balance(trade, product), unbalanced(trade)) == ((2, 2, 0), [])
    trade.delivery(first, [1], *TO_SHIPPED)
    assert (awaited(trade, first), balance(trade, product)) == ([], (1, 1, 0))


def test_a_delivery_takes_what_is_reserved_for_it_and_then_what_is_free(trade):
    product = trade.product(3)
    order = trade.order({product: 8}, "confirm")
    trade.receipt({product: 10}, "expect", "receive", "post")
    trade.do("orders", order, "hold", "resume")
    trade.delivery(order, [8], *TO_SHIPPED)
    assert (awaited(trade, order), balance(trade, product)) == ([], (5, 0, 5))


def test_goods_that_arrive_go_to_the_oldest_promise_first(trade):
    product = trade.product()
    late, never, early = (trade.order({product: 4}, "confirm", ordered_on="2030-01-01", promised_on=day)
                          for day in ("2030-05-01", None, "2030-04-01"))
    trade.receipt({product: 6}, "expect", "receive", "post")
    assert [awaited(trade, order) for order in (early, late, never)] == [[(4, 0)], [(2, 2)], [(0, 4)]]
    trade.receipt({product: 10}, "expect", "receive", "post")
    assert [awaited(trade, order) for order in (early, late, never)] == [[(4, 0)]] * 3
    assert (balance(trade, product), unbalanced(trade)) == ((16, 12, 4), [])


@pytest.mark.parametrize("verb", ["cancel", "hold"])
def test_an_order_that_stops_leaves_its_goods_to_those_who_wait(trade, verb):
    product = trade.product(5)
    first, second = (trade.order({product: 4}, "confirm") for _ in range(2))
    trade.do("orders", first, verb)
    assert (awaited(trade, first), awaited(trade, second)) == ([], [(4, 0)])
    if verb == "hold":
        trade.do("orders", first, "resume")
        assert awaited(trade, first) == [(1, 3)]
    assert unbalanced(trade) == []


def test_what_is_lost_is_taken_from_those_who_reserved_last(trade):
    product = trade.product(12)
    oldest, middle, youngest = (trade.order({product: 4}, "confirm") for _ in range(3))
    lose(trade, product, 6)
    assert [awaited(trade, order) for order in (oldest, middle, youngest)] == [[(4, 0)], [(2, 2)], [(0, 4)]]
    assert (balance(trade, product), trade.misplaced(), unbalanced(trade)) == ((6, 6, 0), [], [])
    with pytest.raises(Conflict, match="Only 6 of Product"):
        lose(trade, product, 7)
    assert balance(trade, product) == (6, 6, 0)


def test_reservations_are_the_databases_alone(trade):
    trade.order({trade.product(5): 4}, "confirm")
    for change in ("UPDATE stock_reservations SET reserved_quantity = 0", "DELETE FROM stock_reservations",
                   "INSERT INTO stock_reservations (product_id) VALUES (1)", "UPDATE stock_balances SET reserved = 0",
                   "SELECT cogniflow.allocate('{1}')", "SELECT cogniflow.release_youngest(1, 1)",
                   "SELECT cogniflow.reserve_orders('{1}')"):
        assert refusal(trade.url, change) == DENIED, change


def test_what_is_on_an_open_order_stays_what_it_is(trade):
    for kind, other in (("stockable", "service"), ("service", "stockable")):
        product = trade.product(kind=kind)
        trade.order({product: 1}, "confirm")
        assert refusal(trade.url, f"UPDATE products SET kind = '{other}' WHERE id = {product}") == CONFLICT


def test_an_old_snapshot_reserves_nothing_that_is_gone(trade):
    product = trade.product(5)
    order = trade.order({product: 4})
    with psycopg.connect(trade.url) as late:
        late.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        late.execute("SELECT 1")
        trade.order({product: 4}, "confirm")
        with pytest.raises(psycopg.Error) as refused:
            late.execute("UPDATE orders SET status = 'confirmed' WHERE id = %s", (order,))
        late.rollback()
    assert refused.value.sqlstate == SERIALIZATION
    trade.do("orders", order, "confirm")
    assert (awaited(trade, order), unbalanced(trade)) == ([(1, 3)], [])


def test_writers_at_once_reserve_no_more_than_there_is(trade):
    product = trade.product(20)
    orders = [trade.order({product: 3}) for _ in range(WRITERS)]
    assert raised(at_once(lambda number: trade.do("orders", orders[number], "confirm"))) == []
    assert (balance(trade, product), unbalanced(trade)) == ((20, 20, 0), [])
    assert trade.one("SELECT sum(backordered_quantity) FROM stock_reservations WHERE product_id = %s", product) == 28


def test_writers_who_receive_ship_confirm_and_lose_at_once_leave_every_balance_right(fresh):
    products = [fresh.product(30) for _ in range(4)]
    orders = [fresh.order(dict.fromkeys(products, 5)) for _ in range(WRITERS)]
    notes = [fresh.delivery(fresh.order(dict.fromkeys(products, 3), "confirm"), None, "pick", "pack") for _ in range(4)]
    receipts = [fresh.receipt(dict.fromkeys(reversed(products), 6), "expect", "receive") for _ in range(4)]
    works = [lambda n: fresh.do("orders", orders[n], "confirm"),
             lambda n: fresh.do("goods_delivery_notes", notes[n // 4], "ship"),
             lambda n: fresh.do("goods_receipt_notes", receipts[n // 4], "post"), lambda n: lose(fresh, products[n // 4], 2)]
    assert raised(at_once(lambda number: works[number % 4](number))) == []
    assert (fresh.misplaced(), unbalanced(fresh)) == ([], [])
    assert fresh.one("SELECT count(*) FROM stock_balances WHERE available > 0 AND EXISTS (SELECT FROM stock_reservations r "
                     "WHERE r.product_id = stock_balances.product_id AND r.backordered_quantity > 0)") == 0
