"""The lines of a confirmed order change only by an amendment, which keeps what they were and why, whatever the door."""

from decimal import Decimal

import psycopg
import pytest

from cogniflow.errors import Conflict, Invalid
from tests.domain.trade import CONFLICT, DENIED, TO_SHIPPED, at_once, raised, refusal

AMENDMENTS = "SELECT count(*) FROM order_amendments WHERE order_id = %s"
TOTAL = "SELECT total FROM orders WHERE id = %s"
BEGIN = "SELECT cogniflow.begin_amendment({order}, 'Asked for by telephone')"


def test_lines_are_changed_added_and_removed_and_both_states_are_kept(trade):
    first, second, third = trade.product(10), trade.product(10), trade.product(10)
    order = trade.order({first: 2, second: 3}, "confirm")
    changed, gone = trade.rows(order)
    trade.do("orders", order, "amend", reason="Asked for by telephone", removed=[gone], lines=[
        {"id": changed, "quantity": "5", "unit_price": "9"}, {"product_id": third, "quantity": "1", "unit_price": "7"}])
    assert trade.one(TOTAL, order) == 52
    revision, reason, before, after = trade.psql.execute(
        "SELECT revision, reason, before, after FROM order_amendments WHERE order_id = %s", (order,)).fetchone()
    assert (revision, reason) == (1, "Asked for by telephone")
    assert [(line["product_id"], Decimal(line["quantity"])) for line in before] == [(first, 2), (second, 3)]
    assert [(line["product_id"], Decimal(line["quantity"])) for line in after] == [(first, 5), (third, 1)]
    trade.do("orders", order, "amend", reason="And again", lines=[{"id": changed, "discount": "0.5"}])
    assert trade.one("SELECT max(revision) FROM order_amendments WHERE order_id = %s", order) == 2
    assert trade.status("orders", order) == "confirmed"


def test_it_is_not_amended_below_what_is_delivered(trade):
    order = trade.order({trade.product(10): 5, trade.product(10): 1}, "confirm")
    delivered, _ = trade.rows(order)
    trade.delivery(order, [3, 0], *TO_SHIPPED)
    with pytest.raises(Invalid, match="delivered within ordered"):
        trade.do("orders", order, "amend", reason="Less", lines=[{"id": delivered, "quantity": "2"}])
    with pytest.raises(Conflict):
        trade.do("orders", order, "amend", reason="None", removed=[delivered])
    assert refusal(trade.url, BEGIN.format(order=order),
                   f"UPDATE order_items SET product_id = {trade.product()} WHERE id = {delivered}") == CONFLICT
    assert trade.one(AMENDMENTS, order) == 0


def test_amended_to_what_is_delivered_it_is_delivered(trade):
    order = trade.order({trade.product(10): 5, trade.product(10): 1}, "confirm")
    kept, gone = trade.rows(order)
    trade.delivery(order, [3, 0], *TO_SHIPPED)
    trade.do("orders", order, "amend", reason="That was enough", lines=[{"id": kept, "quantity": "3"}], removed=[gone])
    assert (trade.status("orders", order), trade.one(TOTAL, order)) == ("delivered", 30)
    other = trade.order({trade.product(10): 5}, "confirm")
    trade.delivery(other, [3], *TO_SHIPPED)
    trade.do("orders", other, "amend", reason="Something else instead", lines=[
        {"id": trade.rows(other)[0], "quantity": "3"}, {"product_id": trade.product(), "quantity": "1", "unit_price": "8"}])
    assert (trade.status("orders", other), trade.one(TOTAL, other)) == ("partially_delivered", 38)


@pytest.mark.parametrize("change", [
    "UPDATE order_items SET quantity = 9 WHERE order_id = {order}",
    "DELETE FROM order_items WHERE order_id = {order}",
    "INSERT INTO order_items (order_id, product_id, quantity, unit_price) VALUES ({order}, {product}, 1, 1)",
])
def test_without_an_amendment_no_line_changes_and_with_one_it_does_from_psql_too(trade, change):
    product = trade.product(10)
    order = trade.order({product: 2, trade.product(10): 2}, "confirm")
    change, begin = change.format(order=order, product=product), BEGIN.format(order=order)
    assert refusal(trade.url, change) == CONFLICT
    emptied = CONFLICT if change.startswith("DELETE") else None
    assert refusal(trade.url, begin, change) == emptied
    assert trade.one(AMENDMENTS, order) == (0 if emptied else 1)
    assert refusal(trade.url, change.replace("9", "8")) == CONFLICT, "it ended with its transaction"


def test_an_amendment_says_why_and_changes_something(trade):
    order = trade.order({trade.product(10): 2}, "confirm")
    assert refusal(trade.url, BEGIN.format(order=order)) == CONFLICT
    assert refusal(trade.url, BEGIN.format(order=order), "SET CONSTRAINTS ALL IMMEDIATE") == CONFLICT
    assert refusal(trade.url, f"SELECT cogniflow.begin_amendment({order}, ' ')") is not None
    with pytest.raises(Invalid):
        trade.do("orders", order, "amend", lines=[])
    with pytest.raises(Conflict, match="changes nothing"):
        trade.do("orders", order, "amend", reason="None")
    assert refusal(trade.url, "INSERT INTO order_amendments (order_id, revision, reason, before) "
                              f"VALUES ({order}, 1, 'x', '[]')") == DENIED


def test_only_a_confirmed_order_is_amended(trade):
    for verbs in ((), ("confirm", "hold"), ("confirm", "cancel")):
        order = trade.order({trade.product(10): 2}, *verbs)
        assert refusal(trade.url, BEGIN.format(order=order)) == CONFLICT
        with pytest.raises(Conflict):
            trade.do("orders", order, "amend", reason="More", lines=[{"id": trade.rows(order)[0], "quantity": "3"}])


@pytest.mark.parametrize("lines", [
    [{"id": 10**12, "quantity": "1"}], [{"quantity": "1"}], [{"product_id": 10**12, "quantity": "1", "unit_price": "1"}]])
def test_lines_that_make_no_sense_are_refused(trade, lines):
    order = trade.order({trade.product(10): 2}, "confirm")
    with pytest.raises(Invalid):
        trade.do("orders", order, "amend", reason="Nonsense", lines=lines)


def test_a_quoted_row_is_not_amended_beyond_the_quotation(trade):
    made = trade.quotation({trade.product(10): 5}, "send", "accept")
    trade.do("quotations", made, "order")
    order = trade.one("SELECT id FROM orders WHERE quotation_id = %s", made)
    trade.do("orders", order, "confirm")
    with pytest.raises(Invalid, match="ordered within quoted"):
        trade.do("orders", order, "amend", reason="More", lines=[{"id": trade.rows(order)[0], "quantity": "6"}])
    trade.do("orders", order, "amend", reason="Less", lines=[{"id": trade.rows(order)[0], "quantity": "4"}])
    assert trade.status("quotations", made) == "partially_ordered"


def test_what_is_reserved_follows_the_amendment(trade):
    product, other = trade.product(10), trade.product(10)
    order = trade.order({product: 2}, "confirm")
    reserved = "SELECT reserved FROM stock_balances WHERE product_id = %s"
    trade.do("orders", order, "amend", reason="More", lines=[
        {"id": trade.rows(order)[0], "quantity": "5"}, {"product_id": other, "quantity": "3", "unit_price": "1"}])
    assert (trade.one(reserved, product), trade.one(reserved, other)) == (5, 3)
    trade.do("orders", order, "amend", reason="Less", lines=[{"id": trade.rows(order)[0], "quantity": "1"}],
             removed=[trade.rows(order)[1]])
    assert (trade.one(reserved, product), trade.one(reserved, other)) == (1, 0)


def test_it_is_not_amended_beyond_the_customers_credit(trade):
    customer = trade.insert("contacts", name="Limited", is_customer=True, credit_limit=100)
    order = trade.order({trade.product(99): 5}, "confirm", customer_id=customer)
    row, = trade.rows(order)
    with pytest.raises(Conflict, match="credit limit"):
        trade.do("orders", order, "amend", reason="More", lines=[{"id": row, "quantity": "11"}])
    trade.do("orders", order, "amend", reason="More", lines=[{"id": row, "quantity": "10"}])
    trade.psql.execute("UPDATE contacts SET credit_limit = 50 WHERE id = %s", (customer,))
    trade.do("orders", order, "amend", reason="Less", lines=[{"id": row, "quantity": "9"}])
    assert trade.one(TOTAL, order) == 90


def test_sixteen_amendments_at_once_are_sixteen_revisions(trade):
    order = trade.order({trade.product(10): 1}, "confirm")
    row, = trade.rows(order)
    results = at_once(lambda number: trade.do("orders", order, "amend", reason="More", lines=[
        {"id": row, "quantity": str(number + 2)}]))
    assert raised(results) == []
    assert trade.psql.execute("SELECT array_agg(revision ORDER BY id) FROM order_amendments WHERE order_id = %s",
                              (order,)).fetchone()[0] == list(range(1, 17))


def test_without_its_guard_a_confirmed_order_would_change(fresh):
    order = fresh.order({fresh.product(10): 1}, "confirm")
    attack = f"UPDATE order_items SET quantity = 2 WHERE order_id = {order}"
    assert refusal(fresh.url, attack) == CONFLICT
    with psycopg.connect(fresh.owner_url) as owner:
        owner.execute("DROP TRIGGER cogniflow_lines_u ON order_items")
    assert refusal(fresh.url, attack) is None
