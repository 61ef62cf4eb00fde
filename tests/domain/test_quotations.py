"""A quotation that was sent keeps its prices, is accepted in time, and is ordered once, whatever the door."""

from decimal import Decimal

import psycopg
import pytest

from cogniflow.errors import Conflict, Invalid
from cogniflow.jobs.housekeeping import do_hourly_work
from tests.domain.trade import CONFLICT, INVALID, SERIALIZATION, at_once, raised, refusal

ACCEPTED = ("send", "accept")
ORDERS = "SELECT count(*) FROM orders WHERE quotation_id = %s"
ORDERED = "SELECT ordered_quantity FROM quotation_items WHERE quotation_id = %s ORDER BY id LIMIT 1"


def rows(trade, quotation: int) -> list[int]:
    return trade.rows(quotation, "quotation_items", "quotation_id")


def order_of(trade, quotation: int) -> int:
    return trade.one("SELECT max(id) FROM orders WHERE quotation_id = %s", quotation)


def test_totals_are_the_sum_of_lines_with_tax_rounded_once_per_rate(trade):
    tax = trade.one("SELECT id FROM tax_codes WHERE code = 'STANDARD'")
    made = trade.insert("quotations", customer_id=trade.customer)
    for _ in range(3):
        trade.insert("quotation_items", quotation_id=made, product_id=trade.product(), quantity=1, unit_price="0.13",
                     tax_code_id=tax)
    found = trade.psql.execute("SELECT net_total, tax_total, total FROM quotations WHERE id = %s", (made,)).fetchone()
    assert found == (Decimal("0.39"), Decimal("0.08"), Decimal("0.47"))


def test_a_number_is_given_when_it_is_sent_and_not_before(trade):
    draft, sent = trade.quotation({trade.product(): 1}), trade.quotation({trade.product(): 1}, "send")
    assert trade.one("SELECT number FROM quotations WHERE id = %s", draft) is None
    assert trade.one("SELECT number FROM quotations WHERE id = %s", sent).startswith("QT-")


def test_tax_and_rate_are_those_of_the_day_it_is_sent(fresh):
    tax = fresh.insert("tax_codes", code="T", name="T", rate="0.10")
    dollar = fresh.one("SELECT id FROM currencies WHERE code = 'USD'")
    fresh.insert("exchange_rates", currency_id=dollar, valid_from="2020-01-01", rate="0.9")
    made = fresh.quotation({fresh.product(): 1}, currency_id=dollar)
    fresh.psql.execute("UPDATE quotation_items SET tax_code_id = %s WHERE quotation_id = %s", (tax, made))
    fresh.psql.execute("UPDATE tax_codes SET rate = 0.20 WHERE id = %s", (tax,))
    assert refusal(fresh.url, f"UPDATE quotations SET status = 'sent' WHERE id = {made}") == CONFLICT
    fresh.do("quotations", made, "send")
    fresh.psql.execute("UPDATE tax_codes SET rate = 0.30 WHERE id = %s", (tax,))
    fresh.insert("exchange_rates", currency_id=dollar, valid_from="2020-01-02", rate="0.5")
    found = fresh.psql.execute("SELECT rate, net_total, tax_total FROM quotations WHERE id = %s", (made,)).fetchone()
    assert found == (Decimal("0.9"), 10, 2)
    assert fresh.one("SELECT tax_rate FROM quotation_items WHERE quotation_id = %s", made) == Decimal("0.2")
    fresh.do("quotations", made, "accept", "order")
    assert fresh.one("SELECT unit_price FROM order_items WHERE quotation_item_id = %s", rows(fresh, made)[0]) == 9


def test_a_currency_without_a_rate_cannot_be_quoted_in(trade):
    franc = trade.one("SELECT id FROM currencies WHERE code = 'CHF'")
    made = trade.quotation({trade.product(): 1}, currency_id=franc)
    with pytest.raises(Invalid, match="exchange rate"):
        trade.do("quotations", made, "send")


@pytest.mark.parametrize("change", [
    "UPDATE quotations SET valid_until = valid_until + 1 WHERE id = {made}",
    "UPDATE quotations SET customer_id = {other} WHERE id = {made}",
    "UPDATE quotations SET currency_id = (SELECT min(id) FROM currencies) WHERE id = {made}",
    "UPDATE quotations SET reason = 'Too dear' WHERE id = {made}",
    "UPDATE quotations SET status = 'draft' WHERE id = {made}",
    "UPDATE quotations SET status = 'rejected' WHERE id = {made}",
    "UPDATE quotations SET status = 'superseded' WHERE id = {made}",
    "UPDATE quotations SET status = 'expired' WHERE id = {made}",
    "UPDATE quotations SET status = 'ordered' WHERE id = {made}",
    "DELETE FROM quotations WHERE id = {made}",
    "UPDATE quotation_items SET unit_price = 1 WHERE quotation_id = {made}",
    "UPDATE quotation_items SET tax_rate = 0.5, position = 3 WHERE quotation_id = {made}",
    "DELETE FROM quotation_items WHERE quotation_id = {made}",
    "INSERT INTO quotation_items (quotation_id, product_id, quantity, unit_price) VALUES ({made}, {product}, 1, 1)",
    "INSERT INTO quotations (customer_id, revises_id) VALUES ({other}, {made})",
])
def test_a_sent_quotation_keeps_what_it_says(trade, change):
    other, product = trade.insert("contacts", name="Other", is_customer=True), trade.product()
    made = trade.quotation({product: 1}, "send")
    assert refusal(trade.url, change.format(made=made, other=other, product=product)) in (CONFLICT, "23514")


def test_nothing_begins_as_sent_and_nothing_is_sent_empty(trade):
    assert refusal(trade.url, f"INSERT INTO quotations (customer_id, status) VALUES ({trade.customer}, 'sent')") == CONFLICT
    empty = trade.quotation({})
    assert refusal(trade.url, f"UPDATE quotations SET status = 'sent' WHERE id = {empty}") == CONFLICT
    with pytest.raises(Conflict, match="no lines"):
        trade.do("quotations", empty, "send")


def test_a_rejection_needs_its_reason(trade):
    made = trade.quotation({trade.product(): 1}, "send")
    with pytest.raises(Invalid):
        trade.do("quotations", made, "reject")
    with pytest.raises(Invalid):
        trade.do("quotations", made, "reject", reason="  ")
    trade.do("quotations", made, "reject", reason="Too dear")
    assert refusal(trade.url, f"UPDATE quotations SET reason = 'Other' WHERE id = {made}") == CONFLICT


def test_it_expires_by_itself_and_is_not_accepted_too_late(fresh):
    made = fresh.quotation({fresh.product(): 1}, "send", quoted_on="2024-01-01", valid_until="2024-01-31")
    valid = fresh.quotation({fresh.product(): 1}, "send")
    with pytest.raises(Conflict, match="valid until"):
        fresh.do("quotations", made, "accept")
    do_hourly_work(fresh.owner_url, 3)
    assert (fresh.status("quotations", made), fresh.status("quotations", valid)) == ("expired", "sent")


def test_a_revision_supersedes_what_was_sent(trade):
    made = trade.quotation({trade.product(): 2}, "send", "revise")
    found = trade.psql.execute("SELECT id, status, revision, number FROM quotations WHERE revises_id = %s", (made,)).fetchone()
    assert (trade.status("quotations", made), *found[1:]) == ("superseded", "draft", 2, None)
    assert trade.one("SELECT quantity FROM quotation_items WHERE quotation_id = %s", found[0]) == 2
    with pytest.raises(Conflict):
        trade.do("quotations", made, "revise")
    trade.do("quotations", found[0], "send", "revise")
    assert trade.one("SELECT revision FROM quotations WHERE revises_id = %s", found[0]) == 3
    assert refusal(trade.url, f"INSERT INTO quotations (customer_id, revises_id) VALUES ({trade.customer}, {made})") == "23505"


def test_the_status_follows_what_is_ordered_of_it(trade):
    made = trade.quotation({trade.product(): 10}, *ACCEPTED)
    line, = rows(trade, made)
    trade.do("quotations", made, "order", lines=[{"id": line, "quantity": "4"}])
    first = order_of(trade, made)
    assert (trade.status("quotations", made), trade.one(ORDERED, made)) == ("partially_ordered", 4)
    trade.do("orders", first, "confirm")
    trade.do("quotations", made, "order")
    assert (trade.status("quotations", made), trade.one(ORDERED, made)) == ("ordered", 10)
    trade.psql.execute("DELETE FROM orders WHERE id = %s", (order_of(trade, made),))
    assert (trade.status("quotations", made), trade.one(ORDERED, made)) == ("partially_ordered", 4)
    trade.do("orders", first, "cancel")
    assert (trade.status("quotations", made), trade.one(ORDERED, made)) == ("accepted", 0)


def test_a_second_call_makes_no_second_order(trade):
    made = trade.quotation({trade.product(): 10}, *ACCEPTED, "order")
    with pytest.raises(Conflict):
        trade.do("quotations", made, "order")
    part = trade.quotation({trade.product(): 10}, *ACCEPTED)
    lines = [{"id": rows(trade, part)[0], "quantity": "4"}]
    trade.do("quotations", part, "order", lines=lines)
    with pytest.raises(Conflict, match="still a draft"):
        trade.do("quotations", part, "order", lines=lines)
    assert (trade.one(ORDERS, made), trade.one(ORDERS, part)) == (1, 1)


def test_sixteen_who_order_at_once_make_one_order(trade):
    made = trade.quotation({trade.product(): 10}, *ACCEPTED)
    results = at_once(lambda _: trade.do("quotations", made, "order"))
    assert len(raised(results)) == 15 and all(isinstance(each, Conflict) for each in raised(results))
    assert (trade.one(ORDERS, made), trade.one(ORDERED, made)) == (1, 10)


def test_never_more_is_ordered_than_was_offered(trade):
    product = trade.product()
    made = trade.quotation({product: 10}, *ACCEPTED)
    with pytest.raises(Conflict, match="more than was offered"):
        trade.do("quotations", made, "order", lines=[{"id": rows(trade, made)[0], "quantity": "11"}])
    order = trade.insert("orders", customer_id=trade.customer, warehouse_id=trade.warehouse, quotation_id=made)
    line = ("INSERT INTO order_items (order_id, product_id, quantity, unit_price, quotation_item_id) VALUES "
            f"({order}, {product}, {{}}, 1, {rows(trade, made)[0]})")
    assert refusal(trade.url, line.format(11)) == "23514"
    results = at_once(lambda _: refusal(trade.url, line.format(2), isolation="REPEATABLE READ"))
    assert set(results) <= {None, SERIALIZATION, "23514"}
    assert trade.one(ORDERED, made) == 2 * results.count(None) <= 10
    assert set(at_once(lambda _: refusal(trade.url, line.format(1)))) <= {None, "23514"}
    assert trade.one(ORDERED, made) == 10


def test_an_order_is_of_the_customers_own_accepted_quotation(trade):
    product, other = trade.product(), trade.insert("contacts", name="Other", is_customer=True)
    sent, made = trade.quotation({product: 1}, "send"), trade.quotation({product: 1}, *ACCEPTED)
    order = "INSERT INTO orders (customer_id, warehouse_id, quotation_id) VALUES ({}, {}, {})"
    assert refusal(trade.url, order.format(trade.customer, trade.warehouse, sent)) == CONFLICT
    assert refusal(trade.url, order.format(other, trade.warehouse, made)) == INVALID
    plain = trade.order({product: 1})
    assert refusal(trade.url, f"UPDATE orders SET quotation_id = {made} WHERE id = {plain}") == CONFLICT
    claim = f"UPDATE order_items SET quotation_item_id = {rows(trade, made)[0]} WHERE order_id = {plain}"
    assert refusal(trade.url, claim) == INVALID


def test_a_warehouse_is_needed_to_order(trade):
    made = trade.quotation({trade.product(): 1}, *ACCEPTED, warehouse_id=None)
    with pytest.raises(Invalid, match="warehouse"):
        trade.do("quotations", made, "order")
    trade.do("quotations", made, "order", warehouse_id=trade.warehouse)


def test_without_its_guards_a_sent_quotation_would_change(fresh):
    made = fresh.quotation({fresh.product(): 1}, "send")
    attacks = {"quotations.cogniflow_40_document": "UPDATE quotations SET valid_until = valid_until + 1",
               "quotation_items.cogniflow_lines_u": "UPDATE quotation_items SET unit_price = 1",
               "quotations.cogniflow_effects": "UPDATE quotations SET status = 'superseded'"}
    for guard, attack in attacks.items():
        assert refusal(fresh.url, attack) == CONFLICT
        table, trigger = guard.split(".")
        with psycopg.connect(fresh.owner_url) as owner:
            owner.execute(f"DROP TRIGGER {trigger} ON {table}")
        assert refusal(fresh.url, attack) is None, made
