"""One viewer and a thousand of the same dashboard: the computations they cause, and commit to the last viewer."""

import os
import selectors
import socket
import statistics
import sys
import threading
import time

import orjson
import psycopg

from bench.feed import Everyone
from cogniflow.analytics.registry import panels
from cogniflow.domain.registry import load
from cogniflow.realtime.feed import Feed
from cogniflow.realtime.hub import Hub
from cogniflow.records.subscriptions import event_map
from tests.domain.trade import insert

VIEWERS = (1, 1_000)
CHANGES = 12
REST = 0.4
"""Seconds between two changes: more than a panel rests after it was computed."""
SHOWN = b'"type":"snap","topic":"panel/orders-today"'
COMMITTED = "SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()"


class Viewers:
    """Clients that look at every panel over real sockets, read by one thread, which notes when the last was shown a change."""

    def __init__(self, hub: Hub, count: int):
        self._selector = selectors.DefaultSelector()
        self._shown = threading.Condition()
        self._seen: dict[socket.socket, int] = {}
        self._rest: dict[socket.socket, bytes] = {}
        hello = orjson.dumps({"type": "hello", "v": 1, "topics": [each.topic for each in panels()]})
        for _ in range(count):
            ours, theirs = socket.socketpair()
            self._selector.register(ours, selectors.EVENT_READ)
            self._seen[ours], self._rest[ours] = 0, b""
            hub.take(theirs, b"", "bench", None)
            # a client masks its frames: a mask of noughts leaves the text as it is
            ours.sendall(b"\x81\xfe" + len(hello).to_bytes(2) + bytes(4) + hello)
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def wait(self, times: int) -> float:
        """When the last of them had been shown the panel so often, by the performance counter."""
        with self._shown:
            if not self._shown.wait_for(lambda: min(self._seen.values()) >= times, 30):
                raise TimeoutError("a viewer was not shown the change within 30 s")
            return self._at

    def _read(self) -> None:
        while self._selector.get_map():
            for key, _ in self._selector.select():
                chunk = key.fileobj.recv(1 << 18)
                if not chunk:
                    self._selector.unregister(key.fileobj)
                    key.fileobj.close()
                    continue
                text = self._rest[key.fileobj] + chunk
                self._rest[key.fileobj] = text[1 - len(SHOWN):]
                if found := text.count(SHOWN):
                    with self._shown:
                        self._seen[key.fileobj] += found
                        self._at = time.perf_counter()
                        self._shown.notify_all()


def drafts(url: str, count: int) -> list[int]:
    """Orders that wait to be confirmed; their ids."""
    with psycopg.connect(url, autocommit=True) as connection:
        unit = connection.execute("SELECT min(id) FROM units_of_measure").fetchone()[0]
        customer = insert(connection, "contacts", name="Customer", is_customer=True)
        warehouse = insert(connection, "warehouses", code=f"V{time.time_ns()}", name="Viewed")
        product = insert(connection, "products", sku=f"V{time.time_ns()}", name="Product", unit_id=unit)
        made = [insert(connection, "orders", customer_id=customer, warehouse_id=warehouse) for _ in range(count)]
        for order in made:
            insert(connection, "order_items", order_id=order, product_id=product, quantity=1, unit_price=10)
        return made


def look(url: str, count: int) -> tuple[int, int, list[float]]:
    """With so many viewers, confirm one order after another: panels computed, transactions, seconds to the last viewer."""
    orders, times = drafts(url, CHANGES), []
    feed = Feed(url, event_map(panels()), Everyone(), panels())
    hub = Hub(feed)
    hub.start()
    viewers = Viewers(hub, count)
    viewers.wait(1)
    feed.panels.wait_until_settled(30)
    with psycopg.connect(url, autocommit=True) as connection:
        known, before = feed.panels.computations, connection.execute(COMMITTED).fetchone()[0]
        for shown, order in enumerate(orders, 2):
            time.sleep(REST)
            with connection.transaction():
                connection.execute("UPDATE orders SET status = 'confirmed' WHERE id = %s", (order,))
                begun = time.perf_counter()
            times.append(viewers.wait(shown) - begun)
            feed.panels.wait_until_settled(30)
        computed = feed.panels.computations - known
        hub.stop()  # what a backend has counted is published when it ends
        time.sleep(REST)
        return computed, connection.execute(COMMITTED).fetchone()[0] - before, times


def main(url: str) -> None:
    """Print what one viewer and a thousand cost, on the database at `url`, as the application's role."""
    load()
    print(f"\n{f'{len(panels())} panels, {CHANGES} orders confirmed':<34}"
          f"{'computed':>10}{'transactions':>14}{'p50 ms':>10}{'max ms':>10}")
    for count in VIEWERS:
        computed, transactions, times = look(url, count)
        print(f"{f'{count:,} viewers':<34}{computed:>10}{transactions:>14}{statistics.median(times) * 1000:>10.1f}"
              f"{max(times) * 1000:>10.1f}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else os.environ["DATABASE_URL"])
