"""A small trading company to test with, and its documents, made in SQL as the application's role or by the verbs."""

import itertools
import secrets
import threading
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from typing import Any

import psycopg

from cogniflow.db.session import SYSTEM, Database
from cogniflow.domain.accounts.rights import SYSTEM_CALLER
from cogniflow.kernel.entity import entity_of
from cogniflow.records.operate import operate

CONFLICT = "CF409"
INVALID = "CF422"
SERIALIZATION = "40001"
DENIED = "42501"
LOCKED = "55P03"
TO_SHIPPED = ("pick", "pack", "ship")


class Trade:
    """One customer, one supplier, one warehouse; products and documents as a test needs them."""

    def __init__(self, url: str, owner_url: str, database: Database):
        self.url, self.owner_url, self.database = url, owner_url, database
        self.psql = psycopg.connect(url, autocommit=True)
        self.unit = self.one("SELECT id FROM units_of_measure WHERE code = 'pcs'")
        self.customer = self.insert("contacts", name="Customer", is_customer=True)
        self.supplier = self.insert("contacts", name="Supplier", is_supplier=True)
        self.warehouse = self.insert("warehouses", code=self.name("W"), name="Main warehouse")

    def one(self, query: str, *values: Any) -> Any:
        """The first column of the first row."""
        row = self.psql.execute(query, values).fetchone()
        return row and row[0]

    def insert(self, table: str, **values: Any) -> int:
        """A new row's id."""
        return insert(self.psql, table, **values)

    def name(self, prefix: str) -> str:
        """A short name that nothing has yet."""
        return f"{prefix}-{secrets.token_hex(4)}"

    def status(self, table: str, key: int) -> str:
        """Where a document stands."""
        return self.one(f"SELECT status FROM {table} WHERE id = %s", key)

    def product(self, stock: int = 0, *, kind: str = "stockable", warehouse: int | None = None, **values: Any) -> int:
        """A product, with some of it in stock."""
        sku = self.name("P")
        made = self.insert("products", sku=sku, name=f"Product {sku}", kind=kind, **{"unit_id": self.unit, **values})
        if stock:
            receipt = self.receipt({made: stock}, warehouse=warehouse)
            self.do("goods_receipt_notes", receipt, "expect", "receive", "post")
        return made

    def order(self, lines: dict[int, Any], *verbs: str, price: str = "10", **values: Any) -> int:
        """An order of products by quantity, taken through its verbs."""
        order = self.insert("orders", **{"customer_id": self.customer, "warehouse_id": self.warehouse, **values})
        for product, quantity in lines.items():
            self.insert("order_items", order_id=order, product_id=product, quantity=quantity, unit_price=price)
        self.do("orders", order, *verbs)
        return order

    def quotation(self, lines: dict[int, Any], *verbs: str, price: str = "10", **values: Any) -> int:
        """A quotation of products by quantity, taken through its verbs."""
        made = self.insert("quotations", **{"customer_id": self.customer, "warehouse_id": self.warehouse, **values})
        for product, quantity in lines.items():
            self.insert("quotation_items", quotation_id=made, product_id=product, quantity=quantity, unit_price=price)
        self.do("quotations", made, *verbs)
        return made

    def rows(self, order: int, table: str = "order_items", document: str = "order_id") -> list[int]:
        """The ids of an order's rows, or of another document's."""
        return [row[0] for row in self.psql.execute(f"SELECT id FROM {table} WHERE {document} = %s ORDER BY id", (order,))]

    def delivery(self, order: int, quantities: Sequence[Any] | None = None, *verbs: str) -> int:
        """A delivery note of an order's rows: all that was ordered where nothing is said, without the rows of quantity 0."""
        warehouse = self.one("SELECT warehouse_id FROM orders WHERE id = %s", order)
        note = self.insert("goods_delivery_notes", order_id=order, warehouse_id=warehouse)
        for row, quantity in zip(self.rows(order), quantities or itertools.repeat(None), strict=False):
            self.psql.execute("INSERT INTO gdn_items (goods_delivery_note_id, order_item_id, product_id, quantity) "
                              "SELECT %s, id, product_id, coalesce(%s, quantity) FROM order_items "
                              "WHERE id = %s AND %s IS DISTINCT FROM 0",
                              (note, quantity, row, quantity))
        self.do("goods_delivery_notes", note, *verbs)
        return note

    def packed(self, quantity: int = 4, stock: int = 10) -> int:
        """A packed delivery note of one product: everything but shipping is done."""
        return self.delivery(self.order({self.product(stock): quantity}, "confirm"), None, "pick", "pack")

    def purchase(self, lines: dict[int, Any], *verbs: str, cost: str = "5", **values: Any) -> int:
        """A purchase order of products by quantity, taken through its verbs."""
        order = self.insert("purchase_orders", **{"supplier_id": self.supplier, "warehouse_id": self.warehouse, **values})
        for product, quantity in lines.items():
            self.insert("purchase_order_items", purchase_order_id=order, product_id=product, quantity=quantity, unit_cost=cost)
        self.do("purchase_orders", order, *verbs)
        return order

    def receipt(self, lines: dict[int, Any], *verbs: str, purchase: int | None = None, warehouse: int | None = None) -> int:
        """A receipt note of products by quantity, of a purchase order or free."""
        note = self.insert("goods_receipt_notes", supplier_id=self.supplier, purchase_order_id=purchase,
                           warehouse_id=warehouse or self.warehouse)
        for product, quantity in lines.items():
            row = self.one("SELECT id FROM purchase_order_items WHERE purchase_order_id = %s AND product_id = %s",
                           purchase, product)
            self.insert("grn_items", goods_receipt_note_id=note, product_id=product, quantity=quantity, unit_cost=5,
                        purchase_order_item_id=row)
        self.do("goods_receipt_notes", note, *verbs)
        return note

    def packed_notes(self, products: Sequence[int], count: int, lines: int = 5) -> list[int]:
        """Packed delivery notes, each with one unit of some of the products in an order of its own."""
        return packed_notes(self.psql, self.customer, self.warehouse, products, count, lines)

    def do(self, table: str, key: int, *verbs: str, **options: Any):
        """Do verbs as every door does them; the record after the last."""
        row = None
        for verb in verbs:
            row = self.database.write(SYSTEM, lambda session, verb=verb: operate(
                session, SYSTEM_CALLER, entity_of(table), key, verb, options))
        return row

    def on_hand(self, product: int) -> Decimal:
        """Units of a product in all warehouses."""
        return self.one("SELECT coalesce(sum(on_hand), 0) FROM stock_balances WHERE product_id = %s", product)

    def misplaced(self) -> list[tuple]:
        """Every product and warehouse whose balance is not the sum of its ledger."""
        return misplaced(self.psql)


def insert(connection: psycopg.Connection, table: str, **values: Any) -> int:
    """A new row's id."""
    names, places = ", ".join(values), ", ".join(["%s"] * len(values))
    query = f"INSERT INTO {table} ({names}) VALUES ({places}) RETURNING id"
    return connection.execute(query, list(values.values())).fetchone()[0]


def misplaced(connection: psycopg.Connection) -> list[tuple]:
    """Every product and warehouse whose balance is not the sum of its ledger, with both; no movement is a sum of nought."""
    return connection.execute(
        "SELECT product_id, warehouse_id, l.quantity, b.on_hand "
        "FROM (SELECT product_id, warehouse_id, sum(quantity) AS quantity FROM stock_ledger GROUP BY 1, 2) l "
        "FULL JOIN stock_balances b USING (product_id, warehouse_id) "
        "WHERE coalesce(l.quantity, 0) IS DISTINCT FROM coalesce(b.on_hand, 0)").fetchall()


def packed_notes(connection: psycopg.Connection, customer: int, warehouse: int, products: Sequence[int],
                 count: int, lines: int) -> list[int]:
    """The ids of packed delivery notes, each of an order of its own, with one unit of `lines` products in random order."""
    orders = [row[0] for row in connection.execute(
        "INSERT INTO orders (customer_id, warehouse_id) SELECT %s, %s FROM generate_series(1, %s) RETURNING id",
        (customer, warehouse, count))]
    connection.execute(
        "INSERT INTO order_items (order_id, product_id, quantity, unit_price) SELECT o, p, 1, 10 FROM unnest(%s::bigint[]) o "
        "CROSS JOIN LATERAL (SELECT p FROM unnest(%s::bigint[]) p ORDER BY random(), o LIMIT %s) picked",
        (orders, list(products), lines))
    connection.execute("UPDATE orders SET status = 'confirmed' WHERE id = ANY(%s)", (orders,))
    notes = [row[0] for row in connection.execute(
        "INSERT INTO goods_delivery_notes (order_id, warehouse_id) SELECT o, %s FROM unnest(%s::bigint[]) o RETURNING id",
        (warehouse, orders))]
    connection.execute(
        "INSERT INTO gdn_items (goods_delivery_note_id, order_item_id, product_id, quantity) SELECT n.id, i.id, i.product_id, 1 "
        "FROM goods_delivery_notes n JOIN order_items i USING (order_id) WHERE n.id = ANY(%s)", (notes,))
    for status in ("picking", "packed"):
        connection.execute("UPDATE goods_delivery_notes SET status = %s WHERE id = ANY(%s)", (status, notes))
    return notes


def refusal(url: str, *statements: str, isolation: str = "READ COMMITTED") -> str | None:
    """The SQLSTATE with which a transaction of these statements is refused; None when it commits."""
    try:
        with psycopg.connect(url) as connection:
            connection.isolation_level = psycopg.IsolationLevel[isolation.replace(" ", "_")]
            for statement in statements:
                connection.execute(statement)
    except psycopg.Error as error:
        return error.sqlstate
    return None


def at_once(work: Callable[[int], Any], writers: int = 16) -> list[Any]:
    """What `work` answers or raises in threads that begin together."""
    start, results = threading.Barrier(writers), [None] * writers

    def run(number: int) -> None:
        start.wait()
        try:
            results[number] = work(number)
        except Exception as error:
            results[number] = error

    threads = [threading.Thread(target=run, args=(number,)) for number in range(writers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def raised(results: Iterable[Any]) -> list[Exception]:
    """What went wrong among the results."""
    return [result for result in results if isinstance(result, Exception)]
