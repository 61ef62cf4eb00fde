"""The demonstration is Northwind, to the last cent, and can be loaded any number of times by any door."""

import datetime as dt
from decimal import Decimal

import psycopg
import pytest

from cogniflow.db.seed import seed_demo, seed_reference
from cogniflow.db.session import Database
from seeds.demo.make_northwind import files
from tests.seeds.conftest import SEEDS, all_files, one

CHANGES = "SELECT count(*) FROM cogniflow.change_log"
FACTS = {
    "SELECT count(*) FROM orders": 830,
    "SELECT count(*) FROM order_items": 2155,
    "SELECT count(*) FROM products": 77,
    "SELECT count(*) FROM products WHERE archived_at IS NOT NULL AND lifecycle = 'discontinued'": 10,
    "SELECT round(sum(unit_price * quantity * (1 - discount)), 2) FROM order_items": Decimal("1265793.04"),
    "SELECT count(*) FROM contacts WHERE is_customer": 91,
    "SELECT count(*) FROM contacts WHERE is_supplier": 29,
    "SELECT count(*) FROM contacts WHERE is_carrier": 6,
    "SELECT count(*) FROM employees": 9,
    "SELECT count(*) FROM employees WHERE manager_id IS NULL": 1,
    "SELECT count(*) FROM orders WHERE status = 'delivered'": 809,
    "SELECT count(*) FROM orders WHERE status = 'confirmed'": 21,
    "SELECT count(*) FROM orders o WHERE NOT EXISTS (SELECT FROM goods_delivery_notes g WHERE g.order_id = o.id)": 21,
    "SELECT count(*) FROM goods_delivery_notes WHERE shipped_at::date > promised_on": 37,
    "SELECT count(*) FROM orders WHERE number IS NULL": 0,
    "SELECT count(DISTINCT stage_id) FROM leads WHERE assigned_to_id IS NOT NULL": 6,
    "SELECT string_agg(DISTINCT status, ' ' ORDER BY status) FROM quotations": "accepted draft rejected sent",
    "SELECT sum(on_hand) FROM stock_balances": 3119,
    "SELECT sum(quantity - received_quantity) FROM purchase_order_items": 780,
    """SELECT count(*) FROM products p JOIN reorder_rules r ON r.product_id = p.id
       JOIN stock_balances b USING (product_id, warehouse_id) WHERE p.archived_at IS NULL AND b.on_hand <= r.level""": 17,
    """SELECT count(*) FROM (SELECT product_id, sum(on_hand) AS held FROM stock_balances GROUP BY 1) b
       JOIN products p ON p.id = b.product_id JOIN reorder_rules r USING (product_id)
       WHERE p.archived_at IS NULL AND b.held <= r.level""": 17,
    """SELECT count(*) FROM (SELECT product_id, warehouse_id, sum(quantity) AS q FROM stock_ledger GROUP BY 1, 2) l
       FULL JOIN stock_balances b USING (product_id, warehouse_id) WHERE l.q IS DISTINCT FROM b.on_hand""": 0,
    # in the order of time nothing was ever sold that was not there
    """SELECT count(*) FROM (SELECT sum(quantity) OVER (PARTITION BY product_id, warehouse_id
       ORDER BY moved_at, quantity DESC) AS held FROM stock_ledger) h WHERE held < 0""": 0,
    "SELECT count(*) FROM orders WHERE ordered_on > cogniflow.company_today()": 0,
    "SELECT count(*) FROM goods_delivery_notes WHERE shipped_at > now()": 0,
    "SELECT days % 7 FROM cogniflow.demo_shift": 0,
    "SELECT value #>> '{}' FROM system_settings WHERE key = 'company.name'": "Northwind Traders",
}

SAME = {
    "products": "uid, name, list_price, cost, packaging", "contacts": "uid, name, city",
    "orders": "uid, number, status, net_total", "order_items": "uid, product_id, quantity, delivered_quantity",
    "goods_delivery_notes": "uid, number, status", "stock_ledger": "product_id, warehouse_id, quantity, document, line_id",
}


@pytest.mark.parametrize("query", FACTS)
def test_the_facts_of_northwind_hold(demo_url, query):
    assert one(demo_url, query) == FACTS[query]


def test_on_the_day_of_the_load_orders_came_in_and_two_open_ones_are_overdue(demo_url):
    with psycopg.connect(demo_url) as connection:
        loaded, = connection.execute("SELECT max(created_at)::date FROM orders").fetchone()
        today, overdue = connection.execute(
            "SELECT count(*) FILTER (WHERE ordered_on = %(day)s), count(*) FILTER (WHERE promised_on < %(day)s) "
            "FROM orders WHERE status = 'confirmed'", {"day": loaded}).fetchone()
        days, = connection.execute("SELECT days FROM cogniflow.demo_shift").fetchone()
    assert (today, overdue) == (4, 2)
    assert dt.timedelta() <= loaded - (dt.date(1998, 5, 6) + dt.timedelta(days)) < dt.timedelta(7)


def test_stock_that_is_not_low_in_all_is_not_low_in_its_warehouse(demo_url):
    assert one(demo_url, """SELECT count(*) FROM stock_balances b JOIN reorder_rules r USING (product_id, warehouse_id)
        WHERE b.on_hand <= r.level AND r.level < (
            SELECT sum(on_hand) FROM stock_balances a WHERE a.product_id = b.product_id)""") == 0


def test_loading_again_by_both_doors_changes_nothing(demo, demo_name, copies, psql):
    owner = copies.owner(demo_name)
    before = one(owner, CHANGES)
    seed_reference(demo)
    seed_demo(demo)
    for file in all_files():
        psql(demo.url, file)
    assert one(owner, CHANGES) == before


def test_psql_alone_loads_the_same(copies, database_url, database_name, psql, demo_url):
    for file in all_files():
        psql(database_url, file)
    before = one(copies.owner(database_name), CHANGES)
    database = Database(database_url, pool_size=2)
    seed_demo(database)
    database.close()
    assert one(copies.owner(database_name), CHANGES) == before
    for query, expected in FACTS.items():
        assert one(database_url, query) == expected, query
    for table, columns in SAME.items():
        rows = f"SELECT md5(string_agg(t::text, '' ORDER BY id)) FROM (SELECT id, {columns} FROM {table}) t"
        assert one(database_url, rows) == one(demo_url, rows), table


def test_what_people_changed_is_left_alone(demo, demo_name, copies):
    with psycopg.connect(demo.url) as connection:
        connection.execute("UPDATE products SET name = 'Tea', archived_at = NULL WHERE sku = 'NW-001'")
        connection.execute("UPDATE system_settings SET value = '\"Ours\"' WHERE key = 'company.name'")
        connection.execute("UPDATE orders SET status = 'cancelled' WHERE external_number = 'NW-11077'")
        connection.execute("UPDATE employees SET manager_id = NULL WHERE code = 'E-009'")
    before = one(copies.owner(demo_name), CHANGES)
    seed_demo(demo)
    assert one(copies.owner(demo_name), CHANGES) == before


def test_a_later_load_gives_the_same_dates(demo, demo_name, copies):
    dates = "SELECT min(ordered_on) FROM orders"
    with psycopg.connect(copies.owner(demo_name)) as connection:
        connection.execute("UPDATE cogniflow.demo_shift SET days = days - 700")
    first = one(demo.url, dates)
    with psycopg.connect(demo.url) as connection:
        connection.execute("DELETE FROM exchange_rates")
    seed_demo(demo)
    assert one(demo.url, dates) == first
    assert first - one(demo.url, "SELECT min(valid_from) FROM exchange_rates") == dt.timedelta(703)


def test_the_files_are_what_the_generator_makes():
    assert files() == {name: (SEEDS / "demo" / name).read_text("utf-8") for name in files()}


def test_documents_are_numbered_in_the_order_of_their_dates(demo_url):
    for table, day in (("orders", "ordered_on"), ("purchase_orders", "ordered_on"), ("goods_delivery_notes", "shipped_at")):
        assert one(demo_url, f"""SELECT count(*) FROM (SELECT {day} AS day, lag({day}) OVER (ORDER BY number) AS before
            FROM {table} WHERE number IS NOT NULL) numbered WHERE day < before""") == 0
