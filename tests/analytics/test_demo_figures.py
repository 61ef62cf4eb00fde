"""Every number of the Overview equals SQL written apart from our code, over the Northwind demonstration."""

from decimal import Decimal

import psycopg
import pytest
from psycopg.rows import dict_row

from cogniflow.analytics.registry import panels
from tests.analytics.conftest import snapshot

TODAY = "(now() AT TIME ZONE (SELECT value #>> '{}' FROM system_settings WHERE key = 'company.timezone'))::date"
LOW = """
    FROM reorder_rules r
    JOIN products p ON p.id = r.product_id
    JOIN warehouses w ON w.id = r.warehouse_id
    LEFT JOIN stock_balances b ON b.product_id = r.product_id AND b.warehouse_id = r.warehouse_id
    WHERE r.archived_at IS NULL AND p.archived_at IS NULL AND w.archived_at IS NULL"""
LINES = "SELECT order_id, sum(round(quantity * unit_price * (1 - discount), 2)) AS net FROM order_items GROUP BY order_id"
INCOMING = """
    coalesce((SELECT sum(i.quantity - i.received_quantity)
              FROM purchase_order_items i JOIN purchase_orders o ON o.id = i.purchase_order_id
              WHERE o.status IN ('confirmed', 'partially_received') AND i.product_id = r.product_id
                AND o.warehouse_id = r.warehouse_id), 0)
  + coalesce((SELECT sum(CASE n.status WHEN 'expected' THEN i.quantity ELSE i.accepted_quantity END)
              FROM grn_items i JOIN goods_receipt_notes n ON n.id = i.goods_receipt_note_id
              WHERE n.status IN ('expected', 'received') AND i.purchase_order_item_id IS NULL AND i.product_id = r.product_id
                AND n.warehouse_id = r.warehouse_id), 0)"""

APART = {
    "orders-today": f"""
        SELECT count(CASE WHEN ordered_on = {TODAY} THEN 1 END) AS value,
               count(CASE WHEN ordered_on = {TODAY} - 7 THEN 1 END) AS previous
        FROM orders WHERE status NOT IN ('draft', 'cancelled')""",
    "revenue-this-month": f"""
        SELECT coalesce(sum(l.net) FILTER (WHERE to_char(o.ordered_on, 'YYYY-MM') = to_char({TODAY}, 'YYYY-MM')), 0) AS value,
               coalesce(sum(l.net) FILTER (WHERE o.ordered_on <= {TODAY} - interval '1 month' AND to_char(o.ordered_on, 'YYYY-MM')
                                                 = to_char({TODAY} - interval '1 month', 'YYYY-MM')), 0) AS previous
        FROM orders o JOIN ({LINES}) l ON l.order_id = o.id WHERE o.status NOT IN ('draft', 'cancelled')""",
    "revenue-by-day": f"""
        SELECT d::date::text AS day, coalesce(sum(l.net), 0) AS revenue, count(o.id) AS orders
        FROM generate_series({TODAY} - 89, {TODAY}, interval '1 day') d
        LEFT JOIN orders o ON o.ordered_on = d::date AND o.status NOT IN ('draft', 'cancelled')
        LEFT JOIN ({LINES}) l ON l.order_id = o.id GROUP BY d ORDER BY d""",
    "low-stock-count": f"""
        SELECT count(*) FILTER (WHERE coalesce(b.available, 0) <= r.level) AS value, count(*) AS watched {LOW}""",
    "low-stock-items": f"""
        SELECT p.id AS product_id, p.sku, p.name, w.id AS warehouse_id, w.name AS warehouse, coalesce(b.on_hand, 0) AS on_hand,
               coalesce(b.reserved, 0) AS reserved, coalesce(b.available, 0) AS available, {INCOMING} AS incoming,
               coalesce(b.available, 0) + {INCOMING} AS projected, r.level AS reorder_level
        {LOW} AND coalesce(b.available, 0) <= r.level
        ORDER BY coalesce(b.available, 0) / nullif(r.level, 0) NULLS FIRST, p.name, w.id""",
    "warehouse-capacity": """
        WITH held AS (
            SELECT w.id, coalesce(sum(b.on_hand), 0) AS units, coalesce(sum(b.on_hand * p.volume_m3), 0) AS m3,
                   coalesce(sum(b.on_hand * p.weight_kg), 0) AS kg
            FROM warehouses w LEFT JOIN stock_balances b ON b.warehouse_id = w.id LEFT JOIN products p ON p.id = b.product_id
            WHERE w.archived_at IS NULL GROUP BY w.id)
        SELECT w.id AS warehouse_id, w.name AS warehouse, k.kind, k.used, k.capacity,
               round(k.used * 100 / k.capacity, 1) AS percent,
               CASE WHEN k.used >= k.capacity THEN 'full'
                    WHEN k.used >= k.capacity * w.warn_fraction THEN 'warn' ELSE 'ok' END AS state
        FROM warehouses w JOIN held h USING (id)
        CROSS JOIN LATERAL (VALUES (1, 'units', h.units, w.capacity_units), (2, 'm3', h.m3, w.capacity_m3),
                                   (3, 'kg', h.kg, w.capacity_kg)) k (place, kind, used, capacity)
        WHERE k.capacity IS NOT NULL ORDER BY w.code, k.place""",
    "open-deliveries": f"""
        SELECT count(DISTINCT o.id) AS value, count(DISTINCT o.id) FILTER (WHERE o.promised_on < {TODAY}) AS overdue
        FROM orders o JOIN order_items i ON i.order_id = o.id
        WHERE o.status IN ('confirmed', 'partially_delivered') AND i.delivered_quantity < i.quantity""",
    "delivery-performance": f"""
        WITH facts AS (
            SELECT o.id, o.promised_on, o.status,
                   (SELECT sum(i.quantity) FROM order_items i WHERE i.order_id = o.id) AS ordered,
                   (SELECT sum(g.quantity) FROM gdn_items g JOIN goods_delivery_notes n ON n.id = g.goods_delivery_note_id
                    WHERE n.order_id = o.id AND n.status IN ('shipped', 'delivered')) AS shipped,
                   (SELECT max((n.shipped_at AT TIME ZONE (SELECT value #>> '{{}}' FROM system_settings
                                                           WHERE key = 'company.timezone'))::date)
                    FROM goods_delivery_notes n WHERE n.order_id = o.id AND n.status IN ('shipped', 'delivered')) AS shipped_on
            FROM orders o WHERE o.status NOT IN ('draft', 'cancelled') AND o.promised_on BETWEEN {TODAY} - 89 AND {TODAY})
        SELECT promised_on::text AS due_on, count(*) AS due,
               count(*) FILTER (WHERE shipped = ordered AND shipped_on <= promised_on) AS on_time,
               count(*) FILTER (WHERE shipped = ordered) AS in_full,
               count(*) FILTER (WHERE shipped = ordered AND shipped_on <= promised_on) AS otif,
               count(*) FILTER (WHERE shipped = ordered AND shipped_on > promised_on) AS late,
               count(*) FILTER (WHERE shipped IS DISTINCT FROM ordered AND promised_on < {TODAY}) AS overdue_open
        FROM facts GROUP BY promised_on ORDER BY promised_on""",
    "upcoming-leaves": f"""
        SELECT r.employee_id, e.name, d.name AS department, t.name AS leave_type, r.starts_on::text, r.starts_at, r.ends_on::text,
               r.ends_at, -l.days AS days
        FROM leave_ledger l JOIN leave_requests r ON r.id = l.leave_request_id JOIN employees e ON e.id = l.employee_id
        LEFT JOIN departments d ON d.id = e.department_id JOIN leave_types t ON t.id = l.leave_type_id
        WHERE daterange(r.starts_on, r.ends_on, '[]') && daterange({TODAY}, {TODAY} + 30, '[]')
          AND NOT EXISTS (SELECT FROM leave_ledger b WHERE b.reverses_id = l.id) AND l.reverses_id IS NULL
        ORDER BY r.starts_on, r.id""",
    "bom-explosion": """
        WITH first AS (
            SELECT i.position, i.product_id, ceil(i.quantity / b.quantity) AS quantity
            FROM bill_of_materials b JOIN bom_items i ON i.bill_of_materials_id = b.id WHERE b.id = 1
        ), second AS (
            SELECT f.position, i.position AS below, i.product_id, ceil(f.quantity * i.quantity / b.quantity) AS quantity
            FROM first f JOIN bill_of_materials b USING (product_id) JOIN bom_items i ON i.bill_of_materials_id = b.id)
        SELECT level, p.id AS product_id, p.sku, p.name, quantity, 'pcs' AS unit, level = 1 AND p.name = 'Tarte au sucre' AS made
        FROM (SELECT 1 AS level, position, 0 AS below, product_id, quantity FROM first
              UNION ALL SELECT 2, position, below, product_id, quantity FROM second) parts JOIN products p ON p.id = product_id
        ORDER BY position, below""",
    "can-build": """
        WITH each AS (
            SELECT w.id AS warehouse_id, w.name AS warehouse, i.position, p.name AS limited_by, greatest(
                       (SELECT floor(available * b.quantity / i.quantity) FROM stock_balances s
                        WHERE s.warehouse_id = w.id AND s.product_id = i.product_id),
                       (SELECT max(floor(available * b.quantity / v.quantity))
                        FROM bom_item_substitutes v JOIN stock_balances s USING (product_id)
                        WHERE s.warehouse_id = w.id AND v.bom_item_id = i.id), 0) AS units
            FROM warehouses w, bill_of_materials b JOIN bom_items i ON i.bill_of_materials_id = b.id
            JOIN products p ON p.id = i.product_id WHERE b.id = 1)
        SELECT warehouse_id, warehouse, units, limited_by FROM each e
        WHERE NOT EXISTS (SELECT FROM each o
                          WHERE o.warehouse_id = e.warehouse_id AND (o.units, o.position) < (e.units, e.position))
        ORDER BY units DESC, warehouse_id""",
}
TEXTS = {"sku", "name", "warehouse", "kind", "state", "day", "due_on", "department", "leave_type", "starts_on", "starts_at",
         "ends_on", "ends_at", "unit", "limited_by"}


@pytest.fixture(scope="module")
def demo(demo_url):
    with psycopg.connect(demo_url, autocommit=True, row_factory=dict_row, options="-c timezone=UTC") as connection:
        yield connection


@pytest.fixture(scope="module")
def reader(demo_url):
    with psycopg.connect(demo_url, autocommit=True, options="-c timezone=UTC") as connection:
        yield connection


@pytest.mark.parametrize("name", [panel.name for panel in panels()])
def test_every_number_of_the_overview_equals_sql_written_apart(name, demo, reader):
    expected = demo.execute(APART[name]).fetchall()
    found = snapshot(reader, name)["data"]
    assert len(expected) > 0
    assert [list(row) for row in found] == [list(row) for row in expected]
    assert [comparable(row) for row in found] == [comparable(row) for row in expected]


def comparable(row: dict) -> dict:
    """Decimals as such, whether they came as text or as numbers."""
    return {key: value if key in TEXTS else Decimal(value) for key, value in row.items()}


def test_the_demonstration_has_the_facts_it_is_known_for(reader):
    performance = snapshot(reader, "delivery-performance", days=3660)["data"]
    assert sum(day["late"] for day in performance) == 37
    assert sum(day["overdue_open"] for day in performance) == 2
    assert snapshot(reader, "low-stock-count")["data"] == [{"value": 25, "watched": 51}]
    assert snapshot(reader, "open-deliveries")["data"] == [{"value": 21, "overdue": 2}]
    assert sum(Decimal(day["revenue"]) for day in snapshot(reader, "revenue-by-day", days=3660)["data"]) == Decimal("1265793.29")
