"""Simulated business is real business: every step goes through the operations, and the books stay right."""

import threading
import time

from cogniflow.records.simulate import simulate
from tests.seeds.conftest import one

WRONG_BALANCES = """SELECT count(*) FROM (SELECT product_id, warehouse_id, sum(quantity) AS q FROM stock_ledger GROUP BY 1, 2) l
    FULL JOIN stock_balances b USING (product_id, warehouse_id) WHERE l.q IS DISTINCT FROM b.on_hand"""
GAPS = """SELECT count(*) FROM (SELECT split_part(number, '-', 2) AS year, count(*) AS given,
    max(split_part(number, '-', 3)::int) AS last FROM orders WHERE number IS NOT NULL GROUP BY 1) y WHERE given <> last"""
OVERDELIVERED = "SELECT count(*) FROM order_items WHERE delivered_quantity > quantity"
FAST = 100_000


def test_a_company_at_work_sells_ships_buys_and_receives_and_its_books_stay_right(demo, demo_url):
    told = []
    assert simulate(demo, FAST, threading.Event(), told.append, steps=250, seed=7) == 250
    assert [step for step in told if "refused" in step] == []
    for table in ("orders", "goods_delivery_notes", "goods_receipt_notes", "purchase_orders", "products"):
        changes = f"SELECT count(*) FROM cogniflow.change_log WHERE tbl = '{table}'"
        assert one(demo.url, changes) > one(demo_url, changes), table
    for query in (WRONG_BALANCES, GAPS, OVERDELIVERED):
        assert one(demo.url, query) == 0, query


def test_several_writers_at_once_are_told_what_another_prevented_and_the_books_stay_right(demo):
    told, stop = [], threading.Event()
    writers = [threading.Thread(target=simulate, args=(demo, FAST, stop, told.append), kwargs={"steps": 60, "seed": seed})
               for seed in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert len(told) == 240
    for query in (WRONG_BALANCES, GAPS, OVERDELIVERED):
        assert one(demo.url, query) == 0, query


def test_traffic_stops_when_told_to(demo):
    stop, first = threading.Event(), threading.Event()
    running = threading.Thread(target=simulate, args=(demo, 50, stop, lambda step: first.set()))
    running.start()
    assert first.wait(20)
    stop.set()
    running.join(10)
    assert not running.is_alive()


def test_an_empty_company_has_nothing_to_do(database):
    told = []
    simulate(database, FAST, threading.Event(), told.append, steps=20, seed=1)
    assert all(step.endswith("nothing to do") for step in told)


def test_a_rate_is_kept(database):
    begun = time.monotonic()
    simulate(database, 20, threading.Event(), lambda step: None, steps=20, seed=1)
    assert 0.3 < time.monotonic() - begun < 10
