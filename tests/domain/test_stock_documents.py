"""Transfers, counts and adjustments move stock as receipts and deliveries do: exactly what they say, once."""

import psycopg
import pytest

from cogniflow.errors import Conflict
from tests.domain.trade import CONFLICT, TO_SHIPPED, at_once, raised, refusal

WRITERS = 16
POST = "SELECT cogniflow.post_movements('{}', '{{{}}}')"


@pytest.fixture
def elsewhere(trade) -> int:
    """A second warehouse."""
    return trade.insert("warehouses", code=trade.name("W"), name="Elsewhere")


def transfer(trade, to: int, lines: dict[int, int], *verbs: str) -> int:
    """A transfer of products by quantity out of the main warehouse, taken through its verbs."""
    made = trade.insert("stock_transfers", from_warehouse_id=trade.warehouse, to_warehouse_id=to)
    for product, quantity in lines.items():
        trade.insert("stock_transfer_items", stock_transfer_id=made, product_id=product, quantity=quantity)
    trade.do("stock_transfers", made, *verbs)
    return made


def counted(trade, found: dict[int, int], *verbs: str) -> int:
    """A count of products by what was found, taken through its verbs."""
    made = trade.insert("stock_counts", warehouse_id=trade.warehouse)
    for product in found:
        trade.insert("stock_count_items", stock_count_id=made, product_id=product)
    trade.do("stock_counts", made, "start")
    for product, quantity in found.items():
        count_line(trade, made, product, quantity)
    trade.do("stock_counts", made, *verbs)
    return made


def count_line(trade, count: int, product: int, quantity: int | None) -> None:
    """Say what was found of a product."""
    trade.psql.execute("UPDATE stock_count_items SET counted_quantity = %s WHERE stock_count_id = %s AND product_id = %s",
                       (quantity, count, product))


def held(trade, product: int, warehouse: int):
    """Units of a product in a warehouse."""
    return trade.one("SELECT on_hand FROM stock_balances WHERE product_id = %s AND warehouse_id = %s", product, warehouse)


def test_goods_in_transit_have_left_and_not_arrived(trade, elsewhere):
    product = trade.product(10)
    made = transfer(trade, elsewhere, {product: 4}, "ship")
    assert (held(trade, product, trade.warehouse), held(trade, product, elsewhere)) == (6, None)
    assert trade.one("SELECT incoming FROM cogniflow.stock_position WHERE product_id = %s AND warehouse_id = %s",
                     product, elsewhere) == 4
    assert trade.one("SELECT number IS NOT NULL FROM stock_transfers WHERE id = %s", made)
    trade.do("stock_transfers", made, "receive")
    assert (held(trade, product, trade.warehouse), held(trade, product, elsewhere)) == (6, 4)
    moved = trade.psql.execute("SELECT quantity, unit_cost = first_value(unit_cost) OVER () FROM stock_ledger "
                               "WHERE document = 'stock_transfers' AND document_id = %s ORDER BY id", (made,)).fetchall()
    assert (moved, trade.misplaced()) == ([(-4, True), (4, True)], [])


def test_what_is_reserved_is_not_sent_elsewhere(trade, elsewhere):
    product = trade.product(10)
    trade.order({product: 8}, "confirm")
    with pytest.raises(Conflict, match="Only 2 of Product"):
        transfer(trade, elsewhere, {product: 3}, "ship")


@pytest.mark.parametrize(("status", "moment"), [("in_transit", "shipped_at"), ("received", "received_at")])
def test_a_transfer_does_not_move_without_its_effects(trade, elsewhere, status, moment):
    product = trade.product(10)
    made = transfer(trade, elsewhere, {product: 4}, *(("ship",) if status == "received" else ()))
    move = f"UPDATE stock_transfers SET status = '{status}', {moment} = now() WHERE id = {made}"
    post = POST.format("stock_transfers", made)
    assert refusal(trade.url, move) == CONFLICT
    assert refusal(trade.url, post) == CONFLICT
    assert refusal(trade.url, move, post, post) == (CONFLICT if status == "in_transit" else None)
    if status == "in_transit":
        assert refusal(trade.url, move, post) is None
    assert trade.misplaced() == []


def test_a_transfer_under_way_and_its_lines_cannot_change(trade, elsewhere):
    made = transfer(trade, elsewhere, {trade.product(10): 4}, "ship")
    for change in (f"UPDATE stock_transfers SET to_warehouse_id = {trade.warehouse} WHERE id = {made}",
                   f"UPDATE stock_transfers SET shipped_at = now() - interval '1 day' WHERE id = {made}",
                   f"UPDATE stock_transfers SET status = 'cancelled' WHERE id = {made}",
                   f"DELETE FROM stock_transfers WHERE id = {made}",
                   f"UPDATE stock_transfer_items SET quantity = 1 WHERE stock_transfer_id = {made}"):
        assert refusal(trade.url, change) == CONFLICT, change


def test_a_count_enters_what_differs_from_the_books(trade):
    more, fewer, same, uncounted = (trade.product(10) for _ in range(4))
    made = counted(trade, {more: 12, fewer: 7, same: 10, uncounted: None}, "review", "post")
    assert [trade.on_hand(product) for product in (more, fewer, same, uncounted)] == [12, 7, 10, 10]
    assert trade.one("SELECT count(*) FROM stock_ledger WHERE document = 'stock_counts' AND document_id = %s", made) == 2
    assert (trade.one("SELECT number IS NOT NULL FROM stock_counts WHERE id = %s", made), trade.misplaced()) == (True, [])


def test_a_count_without_lines_is_one_of_all_that_is_there(trade, elsewhere):
    products = [trade.product(5, warehouse=elsewhere) for _ in range(3)]
    made = trade.insert("stock_counts", warehouse_id=elsewhere)
    trade.do("stock_counts", made, "start")
    lines = trade.psql.execute("SELECT product_id, counted_quantity FROM stock_count_items WHERE stock_count_id = %s "
                               "ORDER BY position", (made,)).fetchall()
    assert lines == [(product, None) for product in products]


def test_the_review_flags_what_has_moved_since_it_was_counted_and_has_it_counted_again(trade):
    moved, still = trade.product(10), trade.product(10)
    made = counted(trade, {moved: 9, still: 9})
    trade.delivery(trade.order({moved: 4}, "confirm"), None, *TO_SHIPPED)
    trade.do("stock_counts", made, "review")
    flagged = "SELECT product_id FROM stock_count_items WHERE stock_count_id = %s AND moved"
    assert trade.psql.execute(flagged, (made,)).fetchall() == [(moved,)]
    trade.do("stock_counts", made, "recount")
    counts = dict(trade.psql.execute("SELECT product_id, counted_quantity FROM stock_count_items WHERE stock_count_id = %s",
                                     (made,)).fetchall())
    assert counts == {moved: None, still: 9}
    count_line(trade, made, moved, 5)
    trade.do("stock_counts", made, "review", "post")
    assert (trade.psql.execute(flagged, (made,)).fetchall(), trade.on_hand(moved), trade.on_hand(still)) == ([], 5, 9)


def test_goods_that_move_after_they_were_counted_are_not_counted_twice(trade):
    product = trade.product(10)
    made = counted(trade, {product: 9}, "review")
    trade.delivery(trade.order({product: 4}, "confirm"), None, *TO_SHIPPED)
    trade.do("stock_counts", made, "post")
    assert trade.on_hand(product) == 5


def test_what_the_books_said_is_the_databases_to_remember(trade):
    made = counted(trade, {trade.product(10): 9})
    for column in ("book_quantity = 9", "moved = true", "counted_at = now()"):
        assert refusal(trade.url, f"UPDATE stock_count_items SET {column} WHERE stock_count_id = {made}") == "42501"
    trade.do("stock_counts", made, "review")
    move = f"UPDATE stock_counts SET status = 'posted', posted_at = now() WHERE id = {made}"
    assert refusal(trade.url, move) == CONFLICT
    assert refusal(trade.url, POST.format("stock_counts", made)) == CONFLICT
    assert refusal(trade.url, move, POST.format("stock_counts", made)) is None
    assert refusal(trade.url, f"UPDATE stock_count_items SET counted_quantity = 1 WHERE stock_count_id = {made}") == CONFLICT


def test_an_adjustment_is_entered_once_and_then_stays(trade):
    product = trade.product(10)
    made = trade.insert("stock_adjustments", warehouse_id=trade.warehouse, reason="damaged")
    move = f"UPDATE stock_adjustments SET status = 'posted', posted_at = now() WHERE id = {made}"
    assert refusal(trade.url, move, POST.format("stock_adjustments", made)) == CONFLICT
    trade.insert("stock_adjustment_items", stock_adjustment_id=made, product_id=product, quantity=-3)
    assert refusal(trade.url, move) == CONFLICT
    assert refusal(trade.url, POST.format("stock_adjustments", made)) == CONFLICT
    trade.do("stock_adjustments", made, "post")
    trade.psql.execute(POST.format("stock_adjustments", made))
    assert (trade.on_hand(product), trade.misplaced()) == (7, [])
    for change in (f"UPDATE stock_adjustments SET reason = 'lost' WHERE id = {made}",
                   f"UPDATE stock_adjustment_items SET quantity = -1 WHERE stock_adjustment_id = {made}",
                   f"DELETE FROM stock_adjustments WHERE id = {made}"):
        assert refusal(trade.url, change) == CONFLICT, change


def test_writers_at_once_post_an_adjustment_once(trade):
    product = trade.product(100)
    made = trade.insert("stock_adjustments", warehouse_id=trade.warehouse, reason="found")
    trade.insert("stock_adjustment_items", stock_adjustment_id=made, product_id=product, quantity=5)
    refused = raised(at_once(lambda _: trade.do("stock_adjustments", made, "post")))
    assert ({type(error) for error in refused}, len(refused)) == ({Conflict}, WRITERS - 1)
    assert trade.on_hand(product) == 105


def test_writers_who_send_goods_to_and_fro_at_once_neither_lose_any_nor_deadlock(trade, elsewhere):
    products = [trade.product(50) for _ in range(4)]
    transfer(trade, elsewhere, dict.fromkeys(products, 25), "ship", "receive")

    def send(number: int) -> None:
        to, back = (elsewhere, trade.warehouse) if number % 2 else (trade.warehouse, elsewhere)
        with psycopg.connect(trade.url, autocommit=True) as psql:
            made = psql.execute("INSERT INTO stock_transfers (from_warehouse_id, to_warehouse_id) VALUES (%s, %s) RETURNING id",
                                (back, to)).fetchone()[0]
            for product in products if number % 3 else reversed(products):
                psql.execute("INSERT INTO stock_transfer_items (stock_transfer_id, product_id, quantity) VALUES (%s, %s, 2)",
                             (made, product))
        trade.do("stock_transfers", made, "ship", "receive")

    assert raised(at_once(send)) == []
    assert [trade.on_hand(product) for product in products] == [50] * 4
    assert trade.misplaced() == []
