"""An assembly takes its components out of stock and brings the product in, exactly, once, whoever tries."""

from decimal import Decimal

import pytest

from cogniflow.errors import Conflict
from tests.domain.trade import CONFLICT, INVALID, at_once, raised, refusal

DONE = "UPDATE assembly_orders SET status = 'done', done_at = now() WHERE id = {}"


@pytest.fixture
def assembly(trade):
    """Makes an order for 4 units, each of 2 of one component and half of another, taken through its verbs."""
    def made(*verbs, stock=100, quantity=4):
        parts = trade.product(stock, cost="3"), trade.product(stock, cost="10")
        product = trade.product()
        bill = trade.insert("bill_of_materials", name=trade.name("B"), product_id=product)
        for part, each in zip(parts, (2, "0.5"), strict=True):
            trade.insert("bom_items", bill_of_materials_id=bill, product_id=part, quantity=each)
        trade.do("bill_of_materials", bill, "activate")
        order = trade.insert("assembly_orders", bill_of_materials_id=bill, warehouse_id=trade.warehouse, quantity=quantity)
        trade.do("assembly_orders", order, *verbs)
        made.bill, made.product, made.parts = bill, product, parts
        return order
    return made


def test_a_finished_assembly_has_moved_its_components_out_and_the_product_in_at_their_cost(trade, assembly):
    order = assembly("release", "start", "finish")
    moved = trade.psql.execute("SELECT product_id, quantity, unit_cost FROM stock_ledger WHERE document = 'assembly_orders' "
                               "AND document_id = %s ORDER BY quantity", (order,)).fetchall()
    one, two = assembly.parts
    assert moved == [(one, -8, 3), (two, -2, 10), (assembly.product, 4, Decimal(11))]
    assert (trade.on_hand(one), trade.on_hand(two), trade.on_hand(assembly.product)) == (92, 98, 4)
    assert trade.misplaced() == []
    assert trade.one("SELECT number FROM assembly_orders WHERE id = %s", order).startswith("AO-")


def test_what_is_not_there_cannot_be_taken(trade, assembly):
    order = assembly("release", "start", stock=7)
    with pytest.raises(Conflict, match="Only 7 of Product"):
        trade.do("assembly_orders", order, "finish")
    assert (trade.status("assembly_orders", order), trade.on_hand(assembly.product)) == ("in_progress", 0)


def test_an_assembly_is_not_done_without_its_movements_nor_moves_without_being_done(trade, assembly):
    order = assembly("release", "start")
    post = f"SELECT cogniflow.post_movements('assembly_orders', '{{{order}}}')"
    assert refusal(trade.url, DONE.format(order)) == CONFLICT
    assert refusal(trade.url, post) == CONFLICT
    assert refusal(trade.url, post, DONE.format(order)) is None
    assert refusal(trade.url, post) == CONFLICT
    assert trade.misplaced() == []


def test_an_assembly_begins_as_a_draft_and_a_done_one_and_its_lines_stay(trade, assembly):
    order = assembly("release", "start", "finish")
    for statement in (
            f"UPDATE assembly_orders SET note = 'Other' WHERE id = {order}", f"DELETE FROM assembly_orders WHERE id = {order}",
            f"UPDATE assembly_components SET quantity = 1 WHERE assembly_order_id = {order}",
            f"DELETE FROM assembly_components WHERE assembly_order_id = {order}",
            "INSERT INTO assembly_orders (bill_of_materials_id, warehouse_id, quantity, status) "
            f"VALUES ({assembly.bill}, {trade.warehouse}, 1, 'released')"):
        assert refusal(trade.url, statement) == CONFLICT, statement


def test_what_was_really_taken_is_said_until_it_is_done(trade, assembly):
    order = assembly("release", "start")
    one, _ = assembly.parts
    taken = "UPDATE assembly_components SET quantity = 9 WHERE assembly_order_id = %s AND product_id = %s"
    trade.psql.execute(taken, (order, one))
    assert refusal(trade.url, f"DELETE FROM assembly_components WHERE assembly_order_id = {order}") == CONFLICT
    trade.do("assembly_orders", order, "finish")
    assert trade.on_hand(one) == 91


def test_things_are_made_by_an_active_bill_in_whole_units_and_not_of_themselves(trade, assembly):
    order = assembly()
    new = "INSERT INTO assembly_orders (bill_of_materials_id, warehouse_id, quantity) VALUES ({}, {}, {})"
    assert refusal(trade.url, new.format(assembly.bill, trade.warehouse, "1.5")) == INVALID
    assert refusal(trade.url, "INSERT INTO assembly_components (assembly_order_id, product_id, quantity) "
                              f"VALUES ({order}, {assembly.product}, 1)") == INVALID
    assert refusal(trade.url, f"UPDATE assembly_orders SET status = 'released' WHERE id = {order}") == CONFLICT
    trade.do("bill_of_materials", assembly.bill, "retire")
    assert refusal(trade.url, new.format(assembly.bill, trade.warehouse, 1)) == CONFLICT
    with pytest.raises(Conflict, match="active"):
        trade.do("assembly_orders", order, "release")


def test_a_substitute_is_planned_where_a_component_is_short(trade):
    short, instead, product = trade.product(1), trade.product(50), trade.product()
    bill = trade.insert("bill_of_materials", name=trade.name("B"), product_id=product)
    item = trade.insert("bom_items", bill_of_materials_id=bill, product_id=short, quantity=1)
    trade.insert("bom_item_substitutes", bom_item_id=item, product_id=instead, quantity=2)
    trade.do("bill_of_materials", bill, "activate")
    order = trade.insert("assembly_orders", bill_of_materials_id=bill, warehouse_id=trade.warehouse, quantity=5)
    planned = "SELECT array_agg((product_id, quantity::int)::text) FROM assembly_components WHERE assembly_order_id = %s"
    trade.do("assembly_orders", order, "plan")
    assert trade.one(planned, order) == [f"({short},5)"]
    trade.do("assembly_orders", order, "plan", substitutes=True)
    assert trade.one(planned, order) == [f"({instead},10)"]


def test_what_was_made_or_taken_does_not_become_a_service(trade, assembly):
    assembly("release")
    for product in (assembly.product, assembly.parts[0]):
        assert refusal(trade.url, f"UPDATE products SET kind = 'service' WHERE id = {product}") == CONFLICT


def test_sixteen_who_finish_the_same_assembly_finish_it_once(trade, assembly):
    order = assembly("release", "start")
    refused = raised(at_once(lambda _: trade.do("assembly_orders", order, "finish")))
    assert {type(error) for error in refused} == {Conflict}
    assert (len(refused), trade.on_hand(assembly.product), trade.misplaced()) == (15, 4, [])
