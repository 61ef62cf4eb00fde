"""Many orders at once, to see how the installation does at a size: of services, so that no stock is promised to nobody."""

from collections.abc import Iterator

from sqlalchemy import text

from cogniflow.db.session import Actor, Database

LINES_OF_ORDER = 5
BATCH = 10_000
"""Order lines of one transaction."""
ACTOR = Actor(door="seed")
MASTERS = (
    text("INSERT INTO contacts (code, name, is_customer) SELECT 'SCALE-' || n, 'Customer ' || n, true "
         "FROM generate_series(1, 500) n WHERE NOT EXISTS (SELECT FROM contacts WHERE code = 'SCALE-' || n)"),
    text("INSERT INTO warehouses (code, name) SELECT 'SCALE', 'Services' "
         "WHERE NOT EXISTS (SELECT FROM warehouses WHERE code = 'SCALE')"),
    text("INSERT INTO products (sku, name, kind, unit_id, list_price) "
         "SELECT 'SCALE-' || n, 'Service ' || n, 'service', (SELECT min(id) FROM units_of_measure), 5 + n % 90 "
         "FROM generate_series(1, 500) n WHERE NOT EXISTS (SELECT FROM products WHERE sku = 'SCALE-' || n)"),
)
ORDERS = text(
    "INSERT INTO orders (customer_id, warehouse_id, ordered_on) "
    "SELECT c.ids[1 + floor(random() * cardinality(c.ids))::int], w.id, "
    "cogniflow.company_today() - floor(730 * random() ^ 2)::int "
    "FROM generate_series(1, :orders) n, warehouses w, (SELECT array_agg(id) AS ids FROM contacts WHERE code LIKE 'SCALE-%') c "
    "WHERE w.code = 'SCALE' RETURNING id")
LINES = text(
    "INSERT INTO order_items (order_id, position, product_id, quantity, unit_price) "
    "SELECT o, place, p.id, 1 + floor(random() * 20)::int, p.list_price "
    "FROM unnest(CAST(:ids AS bigint[])) WITH ORDINALITY AS one (o, n) CROSS JOIN generate_series(1, :lines) place "
    "JOIN (SELECT row_number() OVER () AS number, id, list_price FROM products WHERE sku LIKE 'SCALE-%') p "
    "ON p.number = 1 + (one.n * 7 + place * 31) % 500 LIMIT :most")
CONFIRM = text("UPDATE orders SET status = 'confirmed' WHERE id = ANY(:ids)")


def scale(database: Database, lines: int) -> Iterator[int]:
    """Add so many order lines, the newest of them of today; tells how many there are after each transaction."""
    with database.transaction(ACTOR) as session:
        for statement in MASTERS:
            session.execute(statement)
    for done in range(0, lines, BATCH):
        wanted = min(BATCH, lines - done)
        with database.transaction(ACTOR) as session:
            ids = list(session.scalars(ORDERS, {"orders": -(-wanted // LINES_OF_ORDER)}))
            session.execute(LINES, {"ids": ids, "lines": LINES_OF_ORDER, "most": wanted})
            session.execute(CONFIRM, {"ids": ids})
        yield done + wanted
