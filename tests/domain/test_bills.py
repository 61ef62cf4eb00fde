"""A bill of materials is never circular, fixed once it is active, and one at a time counts, whoever tries."""

from decimal import Decimal

import psycopg
import pytest

from cogniflow.domain.manufacturing.queries import can_build, explosion
from cogniflow.errors import Conflict
from tests.domain.trade import CONFLICT, INVALID, SERIALIZATION, at_once, raised, refusal


@pytest.fixture
def bill(trade):
    """Makes a bill of a product, new where none is given, from components by quantity, taken through its verbs."""
    def made(parts, *verbs, product=None, quantity=1):
        key = trade.insert("bill_of_materials", name=trade.name("B"), product_id=product or trade.product(), quantity=quantity)
        for part, each in parts.items():
            trade.insert("bom_items", bill_of_materials_id=key, product_id=part, quantity=each)
        trade.do("bill_of_materials", key, *verbs)
        return key
    return made


@pytest.fixture
def of(trade):
    """The product that a bill is of."""
    return lambda key: trade.one("SELECT product_id FROM bill_of_materials WHERE id = %s", key)


def rows(trade, query):
    with trade.database.reading() as session:
        return session.execute(query).all()


def test_a_product_is_not_made_of_itself_through_drafts_and_active_bills(trade, bill, of):
    inner = bill({trade.product(): 1}, "activate")
    middle = bill({of(inner): 1})
    outer = bill({of(middle): 1}, "activate")
    add = "INSERT INTO bom_items (bill_of_materials_id, product_id, quantity) VALUES ({}, {}, 1)"
    again = bill({}, product=of(inner))
    for part in (of(inner), of(middle), of(outer)):
        assert refusal(trade.url, add.format(again, part)) == INVALID
    assert refusal(trade.url, f"UPDATE bill_of_materials SET product_id = {of(inner)} WHERE id = {middle}") == INVALID
    trade.do("bill_of_materials", outer, "retire")
    assert refusal(trade.url, add.format(again, of(outer))) is None


def test_a_substitute_closes_no_circle_either(trade, bill, of):
    inner = bill({trade.product(): 1})
    outer = bill({trade.product(): 1})
    item = trade.one("SELECT id FROM bom_items WHERE bill_of_materials_id = %s", outer)
    trade.insert("bom_item_substitutes", bom_item_id=item, product_id=of(inner), quantity=1)
    assert refusal(trade.url, "INSERT INTO bom_items (bill_of_materials_id, product_id, quantity) "
                              f"VALUES ({inner}, {of(outer)}, 1)") == INVALID


def test_an_old_snapshot_does_not_close_a_circle(trade, bill, of):
    one, two = bill({}), bill({})
    add = "INSERT INTO bom_items (bill_of_materials_id, product_id, quantity) VALUES (%s, %s, 1)"
    with psycopg.connect(trade.url) as late:
        late.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        late.execute("SELECT 1")
        trade.psql.execute(add, (one, of(two)))
        with pytest.raises(psycopg.Error) as refused:
            late.execute(add, (two, of(one)))
        late.rollback()
    assert refused.value.sqlstate == SERIALIZATION


@pytest.mark.parametrize("isolation", ["READ_COMMITTED", "REPEATABLE_READ"])
def test_writers_at_once_close_no_circle(trade, bill, of, isolation):
    ring = [bill({}) for _ in range(16)]
    products = [of(key) for key in ring]

    def add(number):
        with psycopg.connect(trade.url) as connection:
            connection.isolation_level = psycopg.IsolationLevel[isolation]
            connection.execute("INSERT INTO bom_items (bill_of_materials_id, product_id, quantity) VALUES (%s, %s, 1)",
                               (ring[number], products[number - 1]))

    refused = raised(at_once(add))
    assert refused
    assert {error.sqlstate for error in refused} <= {INVALID, SERIALIZATION}
    assert trade.one("SELECT count(*) FROM bom_items WHERE bill_of_materials_id = ANY(%s)", ring) == 16 - len(refused)


def test_an_active_bill_and_its_lines_and_substitutes_stay_as_they_are(trade, bill):
    key = bill({trade.product(): 2})
    item = trade.one("SELECT id FROM bom_items WHERE bill_of_materials_id = %s", key)
    substitute = trade.insert("bom_item_substitutes", bom_item_id=item, product_id=trade.product(), quantity=1)
    trade.do("bill_of_materials", key, "activate")
    for statement in (
            f"UPDATE bill_of_materials SET name = 'Other' WHERE id = {key}", f"DELETE FROM bill_of_materials WHERE id = {key}",
            f"UPDATE bill_of_materials SET status = 'draft' WHERE id = {key}",
            f"UPDATE bom_items SET quantity = 3 WHERE id = {item}", f"DELETE FROM bom_items WHERE id = {item}",
            f"INSERT INTO bom_items (bill_of_materials_id, product_id, quantity) VALUES ({key}, {trade.product()}, 1)",
            f"UPDATE bom_item_substitutes SET quantity = 3 WHERE id = {substitute}",
            f"DELETE FROM bom_item_substitutes WHERE id = {substitute}",
            f"INSERT INTO bom_item_substitutes (bom_item_id, product_id, quantity) VALUES ({item}, {trade.product()}, 1)"):
        assert refusal(trade.url, statement) == CONFLICT, statement


def test_a_bill_without_lines_is_not_active(trade, bill):
    key = bill({})
    with pytest.raises(Conflict, match="no lines"):
        trade.do("bill_of_materials", key, "activate")
    assert refusal(trade.url, f"UPDATE bill_of_materials SET status = 'active' WHERE id = {key}") == CONFLICT


def test_the_next_active_bill_of_a_product_takes_the_place_of_the_one_before(trade, bill, of):
    first = bill({trade.product(): 1}, "activate")
    second = bill({trade.product(): 1}, product=of(first))
    trade.psql.execute("UPDATE bill_of_materials SET status = 'active' WHERE id = %s", (second,))
    assert (trade.status("bill_of_materials", first), trade.status("bill_of_materials", second)) == ("obsolete", "active")


def test_of_many_that_become_active_at_once_one_is(trade, bill):
    product = trade.product()
    bills = [bill({trade.product(): 1}, product=product) for _ in range(16)]
    assert raised(at_once(lambda number: trade.do("bill_of_materials", bills[number], "activate"))) == []
    counted = "SELECT status, count(*) FROM bill_of_materials WHERE product_id = %s GROUP BY 1 ORDER BY 1"
    assert trade.psql.execute(counted, (product,)).fetchall() == [("active", 1), ("obsolete", 15)]


def test_a_revision_begins_as_the_bill_is(trade, bill, of):
    key = bill({trade.product(): 2, trade.product(): 3}, "activate", quantity=5)
    trade.do("bill_of_materials", key, "revise")
    draft = trade.one("SELECT max(id) FROM bill_of_materials WHERE product_id = %s AND status = 'draft'", of(key))
    same = "SELECT array_agg((product_id, quantity)::text ORDER BY id) FROM bom_items WHERE bill_of_materials_id = %s"
    assert draft > key
    assert trade.one(same, draft) == trade.one(same, key)
    assert trade.status("bill_of_materials", key) == "active"


def test_an_explosion_goes_down_every_level_and_rounds_up_whole_units(trade, bill, of):
    kilogram = trade.one("SELECT id FROM units_of_measure WHERE code = 'kg'")
    case, paste, label = trade.product(), trade.product(unit_id=kilogram), trade.product()
    jar = bill({case: "0.25", paste: "0.4"}, "activate", quantity=2)
    basket = bill({of(jar): 3, label: 1})
    found = [(row.level, row.product_id, row.quantity, row.made) for row in rows(trade, explosion(basket, 3))]
    assert found == [(1, of(jar), 9, True), (2, case, 2, False), (2, paste, Decimal("1.8"), False), (1, label, 3, False)]


def test_what_a_division_leaves_is_no_reason_for_one_more_piece(trade, bill):
    part = trade.product()
    assert [row.quantity for row in rows(trade, explosion(bill({part: 3}, quantity=7), 7))] == [3]
    assert [row.quantity for row in rows(trade, explosion(bill({part: 1}, quantity=3), 4))] == [2]


def test_what_can_be_built_is_limited_by_the_scarcest_component_or_its_substitute(trade, bill):
    plenty, scarce, service = trade.product(100), trade.product(5), trade.product(kind="service")
    key = bill({plenty: "0.5", scarce: 2, service: 1})
    here = trade.warehouse
    assert [(row.units, row.limited_by) for row in rows(trade, can_build(key)) if row.warehouse_id == here] == [
        (2, trade.one("SELECT name FROM products WHERE id = %s", scarce))]
    item = trade.one("SELECT id FROM bom_items WHERE bill_of_materials_id = %s AND product_id = %s", key, scarce)
    trade.insert("bom_item_substitutes", bom_item_id=item, product_id=trade.product(12), quantity=3)
    assert [row.units for row in rows(trade, can_build(key)) if row.warehouse_id == here] == [4]
    trade.insert("bom_item_substitutes", bom_item_id=item, product_id=service, quantity=1)
    assert [row.units for row in rows(trade, can_build(key)) if row.warehouse_id == here] == [200]
