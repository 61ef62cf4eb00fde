"""Every kind of statement and transaction that PostgreSQL knows, heard over the socket exactly as the log has it."""

import threading

import psycopg
import pytest

from tests.faults.observer import Observer
from tests.faults.site import Site

TOPICS = ("products", "product_categories", "product_suppliers")
SUPPLIER = "(SELECT min(id) FROM contacts WHERE is_supplier)"
UNIT = "(SELECT min(id) FROM units_of_measure)"
NAMED = "gen_random_uuid()::text"
STATEMENTS = {
    "a row of 9 kilobytes": "UPDATE products SET description = repeat('9', 9000) WHERE id = {product}",
    "an upsert": f"INSERT INTO product_suppliers (product_id, supplier_id) SELECT id, {SUPPLIER} FROM products "
                 "WHERE id >= {product} ON CONFLICT (product_id, supplier_id) "
                 "DO UPDATE SET lead_days = product_suppliers.lead_days + 1",
    "a merge": f"MERGE INTO product_suppliers t USING (SELECT {{product}} AS product_id, {SUPPLIER} AS supplier_id) s "
               "ON t.product_id = s.product_id AND t.supplier_id = s.supplier_id "
               "WHEN MATCHED THEN UPDATE SET lead_days = t.lead_days + 1 "
               "WHEN NOT MATCHED THEN INSERT (product_id, supplier_id) VALUES (s.product_id, s.supplier_id)",
    "two writes in one statement": f"WITH c AS (INSERT INTO product_categories (name) VALUES ({NAMED}) RETURNING id) "
                                   "UPDATE products SET category_id = (SELECT id FROM c) WHERE id = {product}",
    "a cascade": f"WITH p AS (INSERT INTO products (sku, name, unit_id) VALUES ({NAMED}, 'Gone', {UNIT}) RETURNING id) "
                 f"INSERT INTO product_suppliers (product_id, supplier_id) SELECT id, {SUPPLIER} FROM p;"
                 "DELETE FROM products WHERE name = 'Gone'",
    "more rows than are named": f"INSERT INTO product_categories (name) SELECT {NAMED} FROM generate_series(1, 500)",
    "a transaction of 20,000 statements": f"DO $$ BEGIN FOR i IN 1..20000 LOOP INSERT INTO product_categories (name) "
                                          f"VALUES ({NAMED}); END LOOP; END $$",
    "a deletion of everything": "DELETE FROM product_categories WHERE id NOT IN (SELECT category_id FROM products "
                                "WHERE category_id IS NOT NULL)",
    "no change": "UPDATE products SET name = name",
}


@pytest.fixture(scope="module")
def client(site: Site) -> Observer:
    """Follows what the statements write."""
    return site.observe(TOPICS)


@pytest.mark.parametrize("statement", STATEMENTS.values(), ids=STATEMENTS)
def test_it_is_heard_as_it_was_committed(site: Site, page, client: Observer, statement: str):
    with site.psql() as connection:
        connection.execute(statement.format(product=site.products[-1]))
    site.assert_nothing_lost()


def test_copy_is_heard_as_one_change(site: Site, page, client: Observer):
    with site.psql() as connection, connection.cursor().copy("COPY product_categories (name) FROM STDIN") as copy:
        for number in range(50):
            copy.write_row([f"copied {number}"])
    site.assert_nothing_lost()
    with site.psql() as connection:
        connection.execute("DELETE FROM product_categories WHERE name LIKE 'copied%'")


def test_truncate_is_heard_as_a_change_of_the_table(site: Site, page, client: Observer):
    with site.psql("cogniflow_owner") as connection:
        connection.execute("TRUNCATE product_suppliers")
    site.assert_nothing_lost()
    last = [event for step in client.steps for event in step.events if event["topic"] == "product_suppliers"][-1]
    assert (last["op"], last["ids"]) == ("T", None)


def test_a_lower_transaction_that_changes_the_row_later_is_heard_later(site: Site, page, client: Observer):
    with site.psql() as early:
        early.execute("BEGIN")
        low, = early.execute("SELECT pg_current_xact_id()::text::bigint").fetchone()
        high, digest = site.mark()
        assert client.wait_for(high, digest) and not client.has(low, digest)
        early.execute("UPDATE products SET description = 'later' WHERE id = %s", [site.products[0]])
        early.execute("COMMIT")
    assert client.wait_for(low, digest) and low < high
    site.assert_nothing_lost()


def test_of_two_that_wait_for_each_other_one_is_undone_and_the_other_is_heard(site: Site, page, client: Observer):
    change, undone = "UPDATE product_categories SET name = 'Renamed ' || id WHERE id = %s", []
    with site.psql() as one, site.psql() as other:
        keys = [key for key, in one.execute(f"INSERT INTO product_categories (name) VALUES ({NAMED}), ({NAMED}) RETURNING id")]
        for connection, key in zip((one, other), keys, strict=True):
            connection.execute("BEGIN")
            connection.execute(change, [key])

        def cross(connection: psycopg.Connection, key: int) -> None:
            try:
                connection.execute(change, [key])
                connection.execute("COMMIT")
            except psycopg.errors.DeadlockDetected:
                undone.append(connection)
                connection.execute("ROLLBACK")

        threads = [threading.Thread(target=cross, args=each) for each in zip((one, other), reversed(keys), strict=True)]
        for each in threads:
            each.start()
        for each in threads:
            each.join(60)
        names = [name for name, in one.execute("SELECT name FROM product_categories WHERE id = ANY(%s) ORDER BY id", [keys])]
    assert len(undone) == 1 and names == [f"Renamed {key}" for key in keys]
    site.assert_nothing_lost()
