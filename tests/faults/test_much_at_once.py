"""Very much is written at once, or is to be told to one who does not listen: everybody else hears all of it in time."""

import json
import select
import socket
import threading
import uuid
from collections.abc import Iterator
from contextlib import suppress

import pytest
import websocket

from tests.db.supervised import eventually
from tests.faults.observer import Observer
from tests.faults.site import PATIENCE, TABLES, Site, figures

IN_TIME = 10
"""Seconds within which everybody hears of a change: a fraction of one, and some for a machine with much else to do."""
MEGABYTE = "repeat(md5(random()::text), 32768)"
WRITERS, SECONDS, RATE = 8, 3, 300
"""So many write for so long, more than so many changes a second together."""
STORM = f"""
DO $$ DECLARE until timestamptz := clock_timestamp() + '{SECONDS} s';
BEGIN WHILE clock_timestamp() < until LOOP
UPDATE product_categories SET description = gen_random_uuid() WHERE id = {{key}}; COMMIT;
END LOOP; END $$"""


@pytest.fixture(scope="module")
def client(site: Site, page) -> Iterator[Observer]:
    """Follows the categories, too."""
    made = site.observe((*TABLES, "product_categories"))
    yield made
    site.let_go(made)


@pytest.fixture(scope="module")
def deaf(site: Site, page) -> Iterator[socket.socket]:
    """A client that asks and asks and reads no answer, until nothing more can be said to it or by it."""
    connected = websocket.create_connection(
        site.address.replace("http", "ws") + "/ws/products", header={"Authorization": f"Bearer {site.key}"},
        timeout=PATIENCE, sockopt=[(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)])
    asked = websocket.ABNF.create_frame(json.dumps({"type": "ping", "t": "x" * 60_000}), websocket.ABNF.OPCODE_TEXT).format()
    rest = asked
    connected.sock.setblocking(False)
    with suppress(ConnectionError):
        while select.select([], [connected.sock], [], 1)[1]:
            rest = rest[connected.sock.send(rest):] or asked
    yield connected.sock
    connected.shutdown()


def test_while_somebody_reads_nothing_everybody_else_hears_in_time(site: Site, client: Observer, deaf: socket.socket):
    for _ in range(5):
        marked = site.mark()
        for each in site.observers:
            assert each.wait_for(*marked, seconds=IN_TIME), f"{each.topics} at {each.k}, after {marked}"
    site.assert_nothing_lost()


def test_a_transaction_of_twenty_megabytes_is_heard_whole_and_once(site: Site, client: Observer):
    name, product = uuid.uuid4().hex, site.products[-1]
    with site.psql() as connection:
        connection.execute("BEGIN")
        low, = connection.execute("SELECT pg_current_xact_id()::text::bigint").fetchone()
        for number in range(10):
            connection.execute(f"INSERT INTO product_categories (name, description) "
                               f"SELECT '{name} {number} ' || i, left({MEGABYTE}, 10000) FROM generate_series(1, 100) i")
            connection.execute(f"UPDATE products SET description = {MEGABYTE} WHERE id = %s", [product])
        higher, digest = site.mark()
        assert client.wait_for(higher, digest) and not client.has(low, digest)
        connection.execute("UPDATE products SET description = 'short again' WHERE id = %s", [product])
        connection.execute("DELETE FROM product_categories WHERE name LIKE %s", [f"{name}%"])
        connection.execute("COMMIT")
    assert client.wait_for(low, digest)
    told = {(event["topic"], event["op"]): event["n"] for step in client.steps for event in step.events
            if str(low) in (event["xids"] or ())}
    assert (told["product_categories", "I"], told["product_categories", "D"]) == (1_000, 1_000)
    site.assert_nothing_lost()


def test_a_storm_of_changes_is_heard_whole(site: Site, client: Observer):
    def write(key: int) -> None:
        with site.psql() as connection:
            connection.execute(STORM.format(key=key))
    with site.psql() as connection:
        keys = [key for key, in connection.execute(
            "INSERT INTO product_categories (name) SELECT gen_random_uuid() FROM generate_series(1, %s) RETURNING id", [WRITERS])]
        threads = [threading.Thread(target=write, args=[key]) for key in keys]
        for each in threads:
            each.start()
        for each in threads:
            each.join(PATIENCE)
        changes, = connection.execute("SELECT sum(version - 1) FROM product_categories WHERE id = ANY(%s)", [keys]).fetchone()
    assert changes > RATE * SECONDS
    site.assert_nothing_lost()


def test_whoever_has_read_nothing_all_the_time_has_been_let_go(site: Site, deaf: socket.socket):
    own = deaf.getsockname()[1]

    def is_served() -> bool:
        return any(each.raddr and each.raddr.port == own
                   for process in site.installation.processes() for each in process.net_connections("tcp"))
    eventually(lambda: not is_served(), PATIENCE)
    eventually(lambda: figures(site.running, site.key)["slow_closes"], PATIENCE)
