"""Each guard holds something back: without it the attack succeeds. And an upgrade leaves guards as they are."""

import psycopg
import pytest

from cogniflow.db import migrate
from tests.domain.trade import refusal

SHIP = "UPDATE goods_delivery_notes SET status = 'shipped', shipped_at = now() WHERE id = {note}"
SHIPPED = "UPDATE goods_delivery_notes SET tracking = 'X' WHERE id = {shipped}"
GUARDED = {
    "a shipped note without movements": (
        SHIP, ["goods_delivery_notes.cogniflow_effects"]),
    "movements of a note that is not shipped": (
        "SELECT cogniflow.post_movements('goods_delivery_notes', '{{{note}}}')",
        ["stock_ledger.cogniflow_effects", "order_items.cogniflow_effects"]),
    "a row that begins as delivered": (
        "OWNER INSERT INTO order_items (order_id, product_id, quantity, unit_price, delivered_quantity) "
        "VALUES ({empty}, {product}, 1, 1, 1)", ["order_items.cogniflow_effects_i"]),
    "a note that begins as picking": (
        "INSERT INTO goods_delivery_notes (order_id, warehouse_id, status) VALUES ({order}, {warehouse}, 'picking')",
        ["goods_delivery_notes.cogniflow_20_status"]),
    "an order said to be delivered": (
        "UPDATE orders SET status = 'delivered' WHERE id = {order}", ["orders.cogniflow_20_status"]),
    "a change of a shipped note": (SHIPPED, ["goods_delivery_notes.cogniflow_40_document"]),
    "a change of a shipped line": (
        "UPDATE gdn_items SET quantity = 1 WHERE goods_delivery_note_id = {shipped}", ["gdn_items.cogniflow_lines_u"]),
    "the loss of a shipped line": (
        "DELETE FROM gdn_items WHERE goods_delivery_note_id = {shipped}", ["gdn_items.cogniflow_lines_d"]),
    "a line more for a shipped note": (
        "INSERT INTO gdn_items (goods_delivery_note_id, order_item_id, product_id, quantity) "
        "SELECT {shipped}, i.id, i.product_id, 1 FROM order_items i JOIN goods_delivery_notes n USING (order_id) "
        "WHERE n.id = {shipped} ORDER BY i.id DESC LIMIT 1",
        ["gdn_items.cogniflow_lines_i"]),
    "an order without lines": (
        "UPDATE orders SET status = 'confirmed' WHERE id = {empty}", ["orders.cogniflow_effects"]),
    "a number that is taken back": (
        "OWNER UPDATE orders SET number = NULL WHERE id = {order}", ["orders.cogniflow_30_number"]),
    "a deleted confirmed order": (
        "DELETE FROM orders WHERE id = {lone}", ["orders.cogniflow_40_document"]),
    "a ledger that forgets": (
        "OWNER DELETE FROM stock_ledger", ["stock_ledger.cogniflow_append_only"]),
    "a category below itself": (
        "UPDATE product_categories SET parent_id = {category} WHERE id = {category}", ["product_categories.cogniflow_tree"]),
    "a delivery note of another warehouse": (
        "INSERT INTO goods_delivery_notes (order_id, warehouse_id) VALUES ({order}, {elsewhere})",
        ["goods_delivery_notes.cogniflow_45_match"]),
    "a service that was in stock": (
        "UPDATE products SET kind = 'service' WHERE id = {product}", ["products.cogniflow_40_kind"]),
    "an accepted suggestion that orders nothing": (
        "UPDATE replenishment_suggestions SET status = 'accepted', purchase_order_id = {purchase} WHERE status = 'open'",
        ["replenishment_suggestions.cogniflow_effects"]),
    "an order of another age": (
        "UPDATE orders SET ordered_on = '0022-01-01', promised_on = NULL WHERE id = {empty}", ["orders.cogniflow_35_dates"]),
    "half a piece": (
        "INSERT INTO order_items (order_id, product_id, quantity, unit_price) VALUES ({empty}, {product}, 0.5, 1)",
        ["order_items.cogniflow_35_pieces"]),
    "the loss of the last role that may do everything": (
        "DELETE FROM permissions WHERE entity = '*'", ["permissions.cogniflow_administrator"]),
    "an order called off while goods are under way": (
        "UPDATE orders SET status = 'cancelled' WHERE id = {begun}", ["orders.cogniflow_45_cancellation"]),
    "goods in transit that have not left": (
        "UPDATE stock_transfers SET status = 'in_transit', shipped_at = now() WHERE id = {transfer}",
        ["stock_transfers.cogniflow_effects"]),
    "a reversed note that takes nothing back": (
        "UPDATE goods_delivery_notes SET status = 'reversed', reversed_at = now() WHERE id = {shipped}",
        ["goods_delivery_notes.cogniflow_effects"]),
    "goods taken back of a note that stays shipped": (
        "SELECT cogniflow.reverse_movements('goods_delivery_notes', '{{{shipped}}}')",
        ["stock_ledger.cogniflow_effects", "order_items.cogniflow_effects"]),
    "an order that reserves nothing": (
        "OWNER ALTER TABLE orders DISABLE TRIGGER cogniflow_reserve; UPDATE orders SET status = 'confirmed' WHERE id = {wanted}",
        ["orders.cogniflow_effects"]),
    "a movement on settled days": (
        "UPDATE goods_delivery_notes SET status = 'shipped', shipped_at = '2024-05-17' WHERE id = {note}; "
        "SELECT cogniflow.post_movements('goods_delivery_notes', '{{{note}}}')", ["stock_ledger.cogniflow_settled"]),
    "settled days that change": (
        "UPDATE stock_periods SET ends_on = '2024-05-02' WHERE id = {period}", ["stock_periods.cogniflow_40_document"]),
    "a period closed before it is over": (
        "UPDATE stock_periods SET status = 'closed' WHERE id = {running}", ["stock_periods.cogniflow_45_close"]),
    "an order beyond the customer's credit": (
        "UPDATE orders SET status = 'confirmed' WHERE id = {dear}", ["orders.cogniflow_credit"]),
    "a time zone that is none": (
        "UPDATE system_settings SET value = '\"Mars\"' WHERE key = 'company.timezone'", ["system_settings.cogniflow_40_setting"]),
    "a product made of itself": (
        "INSERT INTO bom_items (bill_of_materials_id, product_id, quantity) "
        "SELECT id, product_id, 1 FROM bill_of_materials WHERE id = {drafted}", ["bom_items.cogniflow_circle"]),
    "a change of an active bill": (
        "UPDATE bill_of_materials SET note = 'X' WHERE id = {active}", ["bill_of_materials.cogniflow_40_document"]),
    "a component more for an active bill": (
        "INSERT INTO bom_items (bill_of_materials_id, product_id, quantity) VALUES ({active}, {product}, 1)",
        ["bom_items.cogniflow_lines_i"]),
    "a substitute in an active bill": (
        "INSERT INTO bom_item_substitutes (bom_item_id, product_id, quantity) SELECT id, {product}, 1 FROM bom_items "
        "WHERE bill_of_materials_id = {active}", ["bom_item_substitutes.cogniflow_40_substitute"]),
    "an assembly by what is no bill yet": (
        "INSERT INTO assembly_orders (bill_of_materials_id, warehouse_id, quantity) VALUES ({drafted}, {warehouse}, 1)",
        ["assembly_orders.cogniflow_35_assembly"]),
    "an assembly that is done without movements": (
        "UPDATE assembly_orders SET status = 'done', done_at = now() WHERE id = {assembly}",
        ["assembly_orders.cogniflow_effects"]),
    "a branding that nobody can read": (
        "UPDATE branding_template_versions SET text_colour = colour WHERE id = {look}",
        ["branding_template_versions.cogniflow_35_branding"]),
    "a published branding that changes": (
        "UPDATE branding_template_versions SET title = 'X' WHERE status = 'published'",
        ["branding_template_versions.cogniflow_40_document"]),
    "a branding that is nobody's any more": (
        "UPDATE branding_template_versions SET status = 'retired' WHERE status = 'published'",
        ["branding_template_versions.cogniflow_20_status"]),
}


@pytest.fixture
def keys(fresh):
    """The ids that the attacks name."""
    product = fresh.product(20)
    order = fresh.order({product: 10, fresh.product(): 1}, "confirm")
    fresh.insert("reorder_rules", product_id=fresh.product(), warehouse_id=fresh.warehouse, level=5, order_quantity=20)
    shipped = fresh.delivery(order, [2], "pick", "pack", "ship")
    begun = fresh.order({product: 1}, "confirm")
    fresh.delivery(begun)
    elsewhere = fresh.insert("warehouses", code="E", name="Elsewhere")
    transfer = fresh.insert("stock_transfers", from_warehouse_id=fresh.warehouse, to_warehouse_id=elsewhere)
    fresh.insert("stock_transfer_items", stock_transfer_id=transfer, product_id=product, quantity=1)
    period = fresh.insert("stock_periods", name="May 2024", starts_on="2024-05-01", ends_on="2024-05-31")
    fresh.do("stock_periods", period, "close")
    poor = fresh.insert("contacts", name="Poor", is_customer=True, credit_limit=0)
    active, drafted = (fresh.insert("bill_of_materials", name="B", product_id=fresh.product()) for _ in range(2))
    fresh.insert("bom_items", bill_of_materials_id=active, product_id=fresh.product(5), quantity=1)
    fresh.do("bill_of_materials", active, "activate")
    assembly = fresh.insert("assembly_orders", bill_of_materials_id=active, warehouse_id=fresh.warehouse, quantity=1)
    fresh.do("assembly_orders", assembly, "release", "start")
    return {
        "transfer": transfer, "period": period, "wanted": fresh.order({product: 1}),
        "running": fresh.insert("stock_periods", name="Ever", starts_on="2024-06-01", ends_on="2199-01-01"),
        "dear": fresh.order({product: 1}, customer_id=poor),
        "product": product, "warehouse": fresh.warehouse, "shipped": shipped, "note": fresh.delivery(order, [2], "pick", "pack"),
        "order": fresh.order({product: 1}, "confirm"), "empty": fresh.order({}), "lone": fresh.order({product: 1}, "confirm"),
        "category": fresh.insert("product_categories", name="C"), "purchase": fresh.purchase({product: 1}),
        "elsewhere": elsewhere, "begun": begun,
        "active": active, "drafted": drafted, "assembly": assembly,
        "look": fresh.insert("branding_template_versions", title="L",
                             branding_template_id=fresh.one("SELECT id FROM branding_templates")),
    }


@pytest.mark.parametrize("attack", GUARDED)
def test_without_its_guard_an_attack_succeeds(fresh, keys, attack):
    statement, guards = GUARDED[attack]
    url = fresh.owner_url if statement.startswith("OWNER ") else fresh.url
    statement = statement.removeprefix("OWNER ").format(**keys)
    assert refusal(url, statement) is not None
    with psycopg.connect(fresh.owner_url) as owner:
        for guard in guards:
            table, trigger = guard.split(".")
            owner.execute(f"DROP TRIGGER {trigger} ON {table}")
    assert refusal(url, statement) is None


def test_an_upgrade_brings_a_lost_guard_back_and_leaves_the_others_alone(fresh):
    query = "SELECT tgrelid::regclass::text, tgname, oid FROM pg_trigger WHERE NOT tgisinternal"
    with psycopg.connect(fresh.owner_url, autocommit=True) as owner:
        before = set(owner.execute(query).fetchall())
        owner.execute("DROP TRIGGER cogniflow_20_status ON orders")
        owner.execute("ALTER TABLE orders DISABLE TRIGGER cogniflow_40_document")
        migrate.upgrade(fresh.owner_url)
        after = set(owner.execute(query).fetchall())
        enabled = owner.execute("SELECT DISTINCT tgenabled FROM pg_trigger WHERE NOT tgisinternal").fetchall()
    assert {row[:2] for row in before} == {row[:2] for row in after}
    assert {row[:2] for row in after - before} == {("orders", "cogniflow_20_status"), ("orders", "cogniflow_40_document")}
    assert enabled == [("A",)]


def test_the_application_may_do_no_more_than_is_declared(fresh):
    with psycopg.connect(fresh.owner_url, autocommit=True) as owner:
        owner.execute("GRANT ALL ON ALL TABLES IN SCHEMA public, cogniflow TO cogniflow_app")
        owner.execute("GRANT ALL ON ALL FUNCTIONS IN SCHEMA cogniflow TO PUBLIC")
        migrate.upgrade(fresh.owner_url)
        granted = owner.execute(
            "SELECT table_name FROM information_schema.role_table_grants WHERE grantee IN ('cogniflow_app', 'PUBLIC') "
            "AND table_schema IN ('public', 'cogniflow') AND privilege_type IN ('TRUNCATE', 'REFERENCES', 'TRIGGER')")
        assert granted.fetchall() == []
    for statement in ("TRUNCATE grn_items", "SELECT cogniflow.take_turns('{x}')", "SELECT cogniflow.refresh_suggestions('{1}')",
                      "SELECT cogniflow.fulfil_orders('{1}')", "UPDATE users SET created_by = 1",
                      "UPDATE orders SET version = 1"):
        assert refusal(fresh.url, statement) == "42501", statement
