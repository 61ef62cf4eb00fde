"""Two contacts that are one become one: documents follow, fixed ones too, and nothing else changes on the way."""

import psycopg
import pytest

from cogniflow.db.session import SYSTEM
from cogniflow.domain.accounts.rights import SYSTEM_CALLER
from cogniflow.errors import Conflict, Invalid
from cogniflow.kernel.entity import entity_of
from cogniflow.records.write import restore
from tests.domain.trade import CONFLICT, TO_SHIPPED, at_once, raised, refusal


def twin(trade, **flags: bool) -> int:
    return trade.insert("contacts", name="Twin", **flags)


def test_documents_of_every_status_follow(trade):
    gone = twin(trade, is_customer=True, is_supplier=True, is_carrier=True)
    product = trade.product(10)
    draft = trade.order({product: 1}, customer_id=gone)
    shipped = trade.order({product: 1}, "confirm", customer_id=gone, carrier_id=gone)
    trade.delivery(shipped, None, *TO_SHIPPED)
    quotation = trade.quotation({product: 1}, "send", customer_id=gone)
    purchase = trade.purchase({product: 3}, "confirm", supplier_id=gone)
    note = trade.insert("goods_receipt_notes", supplier_id=gone, purchase_order_id=purchase, warehouse_id=trade.warehouse)
    trade.insert("grn_items", goods_receipt_note_id=note, product_id=product, quantity=3, unit_cost=5,
                 purchase_order_item_id=trade.rows(purchase, "purchase_order_items", "purchase_order_id")[0])
    trade.do("goods_receipt_notes", note, "expect", "receive", "post")
    won = trade.insert("leads", title="Tea")
    trade.do("leads", won, "convert", contact_id=gone)
    trade.insert("contact_addresses", contact_id=gone, street="1 Road", city="Town", country="Land")

    comment = trade.insert("comments", entity="contacts", record_id=gone, body="Pays in time")

    trade.do("contacts", gone, "merge", into=trade.customer)

    assert trade.one("SELECT record_id FROM comments WHERE id = %s", comment) == trade.customer
    for table, column, keys in (("orders", "customer_id", (draft, shipped)), ("orders", "carrier_id", (shipped,)),
                                ("quotations", "customer_id", (quotation,)), ("purchase_orders", "supplier_id", (purchase,)),
                                ("goods_receipt_notes", "supplier_id", (note,)), ("leads", "contact_id", (won,))):
        for key in keys:
            assert trade.one(f"SELECT {column} FROM {table} WHERE id = %s", key) == trade.customer, (table, column)
    assert trade.one("SELECT count(*) FROM contact_addresses WHERE contact_id = %s", trade.customer) == 1
    assert trade.one("SELECT is_customer AND is_supplier AND is_carrier FROM contacts WHERE id = %s", trade.customer)
    assert trade.one("SELECT archived_at IS NOT NULL FROM contacts WHERE id = %s AND merged_into_id = %s", gone, trade.customer)


def test_what_both_have_is_kept_once(trade):
    gone, product, other = twin(trade, is_supplier=True), trade.product(), trade.product()
    trade.insert("product_suppliers", product_id=product, supplier_id=trade.supplier, price=7)
    trade.insert("product_suppliers", product_id=product, supplier_id=gone, price=9)
    trade.insert("product_suppliers", product_id=other, supplier_id=gone, price=9)
    trade.do("contacts", gone, "merge", into=trade.supplier)
    assert trade.psql.execute("SELECT product_id, price FROM product_suppliers WHERE supplier_id = %s ORDER BY 1",
                              (trade.supplier,)).fetchall() == [(product, 7), (other, 9)]


def test_a_contact_is_merged_once_into_another_one_in_use(trade):
    gone, archived = twin(trade), twin(trade)
    trade.psql.execute("UPDATE contacts SET archived_at = now() WHERE id = %s", (archived,))
    for into in (gone, archived, 10**12):
        with pytest.raises(Invalid):
            trade.do("contacts", gone, "merge", into=into)
    trade.do("contacts", gone, "merge", into=trade.customer)
    with pytest.raises(Conflict):
        trade.do("contacts", gone, "merge", into=trade.supplier)
    with pytest.raises(Invalid, match="archived when merged"):
        trade.database.write(SYSTEM, lambda session: restore(session, SYSTEM_CALLER, entity_of("contacts"), gone))


def test_a_chain_of_mergers_leads_to_the_last(trade):
    first, second = twin(trade), twin(trade)
    trade.do("contacts", first, "merge", into=second)
    trade.do("contacts", second, "merge", into=trade.customer)
    assert trade.one("SELECT merged_into_id FROM contacts WHERE id = %s", first) == trade.customer


def test_a_merger_without_its_effects_is_refused_at_commit(trade):
    gone = twin(trade, is_customer=True)
    trade.order({trade.product(): 1}, customer_id=gone)
    attack = f"UPDATE contacts SET merged_into_id = {trade.customer}, archived_at = now() WHERE id = {gone}"
    assert refusal(trade.url, attack) == CONFLICT


def test_two_contacts_are_not_merged_into_each_other(trade):
    pair = [twin(trade), twin(trade)]
    results = at_once(lambda number: trade.do("contacts", pair[number], "merge", into=pair[1 - number]), writers=2)
    assert len(raised(results)) == 1
    assert trade.one("SELECT count(*) FROM contacts WHERE id = ANY(%s) AND archived_at IS NULL", pair) == 1


def test_nothing_else_of_a_fixed_document_changes_with_a_merger(trade):
    gone = twin(trade, is_customer=True)
    order = trade.order({trade.product(10): 1}, "confirm", customer_id=gone)
    merged = f"UPDATE contacts SET merged_into_id = {trade.customer}, archived_at = now() WHERE id = {gone}"
    for change, answer in ((f"customer_id = {trade.customer}, freight = 9", CONFLICT),
                           (f"customer_id = {trade.supplier}", CONFLICT), (f"customer_id = {trade.customer}", None)):
        assert refusal(trade.url, merged, f"UPDATE orders SET {change} WHERE id = {order}") == answer


def test_without_its_guard_a_merger_would_leave_documents_behind(fresh):
    gone = twin(fresh, is_customer=True)
    fresh.order({fresh.product(): 1}, customer_id=gone)
    attack = f"UPDATE contacts SET merged_into_id = {fresh.customer}, archived_at = now() WHERE id = {gone}"
    assert refusal(fresh.url, attack) == CONFLICT
    with psycopg.connect(fresh.owner_url) as owner:
        owner.execute("DROP TRIGGER cogniflow_effects ON contacts")
    assert refusal(fresh.url, attack) is None
