"""Panels computed as the feed computes them, over rows made by hand where no guard is asked."""

from collections.abc import Callable, Iterator

import orjson
import psycopg
import pytest

from cogniflow.analytics.registry import panel

Rows = list[dict]
GUARDED = ("orders", "order_items", "goods_delivery_notes", "stock_balances", "purchase_orders", "purchase_order_items")


def snapshot(connection: psycopg.Connection, name: str, **params: int) -> dict:
    """What a page is pushed of the panel."""
    body, token, until = panel(name).compute(connection, {key: str(value) for key, value in params.items()})
    assert token and until.tzinfo
    return orjson.loads(body)


@pytest.fixture
def reader(database_url: str) -> Iterator[psycopg.Connection]:
    """The test's database as the thread that computes panels is connected to it."""
    with psycopg.connect(database_url, autocommit=True, options="-c timezone=UTC") as connection:
        yield connection


@pytest.fixture
def rows(reader: psycopg.Connection) -> Callable[..., Rows]:
    """The rows of a panel: `rows("revenue-by-day", days=7)`."""
    return lambda name, **params: snapshot(reader, name, **params)["data"]


@pytest.fixture
def sql(owner_url: str) -> Iterator[Callable[..., list[tuple]]]:
    """Runs SQL as the owner, with the guards of the documents asleep so that any state can be written."""
    with psycopg.connect(owner_url, autocommit=True) as connection:
        for table in GUARDED:
            connection.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        connection.execute("INSERT INTO contacts (code, name) VALUES ('C', 'Customer')")
        connection.execute("INSERT INTO warehouses (code, name) VALUES ('W', 'Main')")
        connection.execute("INSERT INTO products (sku, name, unit_id) SELECT 'P', 'Tea', min(id) FROM units_of_measure")

        def run(statement: str, *values: object) -> list[tuple]:
            cursor = connection.execute(statement, values)
            return cursor.fetchall() if cursor.description else []
        yield run


@pytest.fixture
def order(sql) -> Callable[..., int]:
    """Makes an order: its date and promised date as SQL, status, net total, units ordered and delivered of one line."""
    def make(ordered_on: str = "cogniflow.company_today()", *, promised_on: str = "NULL", status: str = "confirmed",
             net: int = 0, ordered: int = 10, delivered: int = 0) -> int:
        (number,), = sql(
            f"INSERT INTO orders (status, customer_id, warehouse_id, ordered_on, promised_on, net_total) "
            f"SELECT %s, c.id, w.id, {ordered_on}, {promised_on}, %s FROM contacts c, warehouses w "
            "WHERE c.code = 'C' AND w.code = 'W' RETURNING id", status, net)
        sql("INSERT INTO order_items (order_id, product_id, quantity, delivered_quantity, unit_price) "
            "SELECT %s, id, %s, %s, 1 FROM products WHERE sku = 'P'", number, ordered, delivered)
        return number
    return make


@pytest.fixture
def shipment(sql) -> Callable[..., None]:
    """Makes a delivery note of an order, shipped at a moment given as SQL."""
    def make(order_id: int, shipped_at: str, status: str = "shipped") -> None:
        sql("INSERT INTO goods_delivery_notes (status, order_id, warehouse_id, shipped_at, reversed_at) "
            f"SELECT %s, id, warehouse_id, {shipped_at}, CASE %s WHEN 'reversed' THEN now() END FROM orders WHERE id = %s",
            status, status, order_id)
    return make


@pytest.fixture
def company_zone(sql) -> Callable[[str], None]:
    """Moves the company to another time zone."""
    return lambda zone: sql("UPDATE system_settings SET value = to_jsonb(%s::text) WHERE key = 'company.timezone'", zone)
