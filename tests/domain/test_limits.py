"""Settled days take no movements, and no customer's open orders exceed the credit, but by approval."""

import datetime as dt

import psycopg
import pytest

from cogniflow.errors import Conflict
from tests.domain.trade import CONFLICT, LOCKED, SERIALIZATION, at_once, raised, refusal

WRITERS = 16
OLD = dt.datetime(2024, 5, 17, 12, tzinfo=dt.UTC)


def period(trade, *verbs: str, starts_on: object = "2024-05-01", ends_on: object = "2024-05-31") -> int:
    """May 2024, taken through its verbs."""
    made = trade.insert("stock_periods", name="May 2024", starts_on=starts_on, ends_on=ends_on)
    trade.do("stock_periods", made, *verbs)
    return made


def customer(trade, credit: int | None) -> int:
    """A customer with a credit limit."""
    return trade.insert("contacts", name="Customer on credit", is_customer=True, credit_limit=credit)


def test_nothing_is_entered_into_a_closed_period(fresh):
    product, note, other = fresh.product(10), fresh.packed(), fresh.packed()
    may = period(fresh, "close")
    with pytest.raises(Conflict, match="May 2024 is closed"):
        fresh.do("goods_delivery_notes", note, "ship", shipped_at=OLD.isoformat())
    ship = f"UPDATE goods_delivery_notes SET status = 'shipped', shipped_at = '{OLD}' WHERE id = {note}"
    assert refusal(fresh.url, ship, f"SELECT cogniflow.post_movements('goods_delivery_notes', '{{{note}}}')") == CONFLICT
    fresh.do("goods_delivery_notes", note, "ship")
    fresh.do("stock_periods", may, "reopen")
    fresh.do("goods_delivery_notes", other, "ship", shipped_at=OLD.isoformat())
    assert (fresh.on_hand(product), fresh.misplaced()) == (10, [])


def test_a_closed_period_keeps_its_days(fresh):
    may = period(fresh, "close")
    for change in (f"UPDATE stock_periods SET ends_on = '2024-05-02' WHERE id = {may}",
                   f"DELETE FROM stock_periods WHERE id = {may}",
                   f"UPDATE stock_periods SET status = 'open', ends_on = '2024-05-02' WHERE id = {may}"):
        assert refusal(fresh.url, change) == CONFLICT


def test_a_period_is_closed_when_it_has_been_over_for_a_day(fresh):
    today = fresh.one("SELECT cogniflow.company_today()")
    with pytest.raises(Conflict, match="can be closed from"):
        period(fresh, "close", ends_on=today - dt.timedelta(1))
    period(fresh, "close", ends_on=today - dt.timedelta(2))


def test_a_posting_under_way_keeps_its_period_open_and_an_older_one_is_refused(fresh):
    note, other, may = fresh.packed(), fresh.packed(), period(fresh)
    close, post = f"UPDATE stock_periods SET status = 'closed' WHERE id = {may}", "SELECT cogniflow.post_movements(%s, %s, %s)"
    with psycopg.connect(fresh.url) as posting:
        posting.execute(post, ("goods_delivery_notes", [note], OLD))
        assert refusal(fresh.url, "SET lock_timeout = '50ms'", close) == LOCKED
        posting.rollback()
        posting.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        posting.execute("SELECT 1")
        fresh.do("stock_periods", may, "close")
        with pytest.raises(psycopg.Error) as refused:
            posting.execute(post, ("goods_delivery_notes", [other], OLD))
        posting.rollback()
    assert refused.value.sqlstate == SERIALIZATION


def test_open_orders_stay_within_the_customers_credit(trade):
    product, buyer = trade.product(100), customer(trade, 100)
    first = trade.order({product: 6}, "confirm", customer_id=buyer)
    second = trade.order({product: 5}, customer_id=buyer)
    with pytest.raises(Conflict, match=r"credit limit of 100.00 and open orders of 60.00: this one of 50.00 needs approval"):
        trade.do("orders", second, "confirm")
    assert refusal(trade.url, f"UPDATE orders SET status = 'confirmed' WHERE id = {second}") == CONFLICT
    trade.delivery(first, None, "pick", "pack", "ship")
    with pytest.raises(Conflict):
        trade.do("orders", second, "confirm")
    trade.do("orders", first, "close")
    trade.do("orders", second, "confirm")


def test_without_a_limit_there_is_none_and_a_limit_of_nothing_is_one(trade):
    product = trade.product(100)
    trade.order({product: 50}, "confirm", customer_id=customer(trade, None))
    with pytest.raises(Conflict, match="credit limit of 0.00"):
        trade.order({product: 1}, "confirm", customer_id=customer(trade, 0))


def test_an_approval_is_of_the_total_that_was_seen(trade):
    product, buyer = trade.product(100), customer(trade, 10)
    order = trade.order({product: 5}, "approve_credit", customer_id=buyer)
    trade.psql.execute("UPDATE order_items SET quantity = 6 WHERE order_id = %s", (order,))
    with pytest.raises(Conflict, match="needs approval"):
        trade.do("orders", order, "confirm")
    trade.do("orders", order, "approve_credit", "confirm")
    assert trade.status("orders", order) == "confirmed"
    assert refusal(trade.url, f"UPDATE orders SET credit_approved = 1 WHERE id = {order}") == CONFLICT


@pytest.mark.parametrize(("verb", "table", "role"), [
    ("approve_credit", "orders", "sales"), ("approve_capacity", "goods_receipt_notes", "storekeeper"),
    ("approve_capacity", "stock_transfers", "storekeeper")])
def test_who_trades_does_not_approve_what_goes_beyond_a_limit(trade, verb, table, role):
    rights = "SELECT operate FROM permissions p JOIN roles r ON r.id = p.role_id WHERE r.name = %s AND entity = %s"
    assert {verb, "*"}.isdisjoint(trade.one(rights, role, table))
    assert trade.one(rights, "manager", table) == ["*"]


def test_writers_at_once_do_not_exceed_the_credit_together(trade):
    product, buyer = trade.product(100), customer(trade, 50)
    orders = [trade.order({product: 1}, customer_id=buyer) for _ in range(WRITERS)]
    refused = raised(at_once(lambda number: trade.do("orders", orders[number], "confirm")))
    assert ({type(error) for error in refused}, len(refused)) == ({Conflict}, WRITERS - 5)
    assert trade.one("SELECT sum(total) FROM orders WHERE customer_id = %s AND status = 'confirmed'", buyer) == 50
