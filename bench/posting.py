"""Posting under contention: writers that ship five-line notes of the same twenty products, all guards on."""

import os
import sys
import threading
import time

import psycopg

from tests.domain.trade import insert, misplaced, packed_notes

WRITERS = 16
PRODUCTS = 20
NOTES = 1600
LINES = 5
SHIP = "UPDATE goods_delivery_notes SET status = 'shipped', shipped_at = now() WHERE id = %s"
POST = "SELECT cogniflow.post_movements('goods_delivery_notes', %s)"


def prepare(url: str) -> list[int]:
    """Products with stock, and packed delivery notes of them; the notes' ids."""
    with psycopg.connect(url) as connection:
        unit = connection.execute("SELECT min(id) FROM units_of_measure").fetchone()[0]
        customer = insert(connection, "contacts", name="Customer", is_customer=True)
        warehouse = insert(connection, "warehouses", code=f"B{time.time_ns()}", name="Bench")
        products = [insert(connection, "products", sku=f"B{time.time_ns()}", name="Product", unit_id=unit)
                    for _ in range(PRODUCTS)]
        receipt = insert(connection, "goods_receipt_notes", supplier_id=customer, warehouse_id=warehouse)
        for product in products:
            insert(connection, "grn_items", goods_receipt_note_id=receipt, product_id=product, quantity=NOTES,
                   accepted_quantity=NOTES)
        for status in ("expected", "received", "posted"):
            connection.execute("UPDATE goods_receipt_notes SET status = %s, posted_at = now() WHERE id = %s", (status, receipt))
        connection.execute("SELECT cogniflow.post_movements('goods_receipt_notes', %s)", ([receipt],))
        return packed_notes(connection, customer, warehouse, products, NOTES, LINES)


def ship(url: str, notes: list[int], failures: list[Exception]) -> None:
    """Ship each note in a transaction of its own."""
    with psycopg.connect(url) as connection:
        for note in notes:
            try:
                connection.execute(POST, ([note],))
                connection.execute(SHIP, (note,))
                connection.commit()
            except psycopg.Error as error:
                connection.rollback()
                failures.append(error)


def seconds(url: str, writers: int) -> tuple[float, list[Exception]]:
    """How long so many writers take to ship all notes, and what failed."""
    notes, failures = prepare(url), []
    threads = [threading.Thread(target=ship, args=(url, notes[number::writers], failures)) for number in range(writers)]
    begun = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return time.perf_counter() - begun, failures


def main(url: str) -> None:
    """Print transactions a second of one writer and of sixteen, and that nothing was lost."""
    print(f"posting {LINES}-line delivery notes of {PRODUCTS} products")
    for writers in (1, WRITERS):
        spent, failures = seconds(url, writers)
        print(f"  {writers:>2} writers: {NOTES / spent:7.0f} transactions/s, {len(failures)} failed")
    with psycopg.connect(url) as connection:
        wrong = len(misplaced(connection))
    print(f"  balances that are not the sum of the ledger: {wrong}")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else os.environ["DATABASE_URL"])
