"""REST beside a plain Flask app with an ORM and jsonify: requests a second of one worker each, all guards on in ours."""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.request import Request, urlopen

import psycopg

from bench.rest_peer import PREPARE
from cogniflow.db.session import SYSTEM, Database
from cogniflow.domain.accounts.tokens import create_token
from cogniflow.domain.registry import load
from tests.domain.trade import insert

SECONDS = 3.0
CONNECTIONS = (1, 8, 32)
PRODUCTS = 2_000
OURS, PEER = 8_971, 8_972


def prepare(url: str) -> tuple[str, int, int, int]:
    """Products and who trades them: a token of ours, and the ids of a product, a customer and a warehouse."""
    load()
    database = Database(url, pool_size=1)
    with database.transaction(SYSTEM) as session:
        token = create_token(session, "administrator", "bench")
    database.close()
    with psycopg.connect(url) as connection:
        unit = connection.execute("SELECT min(id) FROM units_of_measure").fetchone()[0]
        mark = f"R{time.time_ns()}"
        connection.execute("INSERT INTO products (sku, name, unit_id, list_price) SELECT %s || n, 'Product ' || n, %s, n "
                           "FROM generate_series(1, %s) n", (mark, unit, PRODUCTS))
        product = connection.execute("SELECT min(id) FROM products WHERE sku LIKE %s", (f"{mark}%",)).fetchone()[0]
        customer = insert(connection, "contacts", name="Customer", is_customer=True)
        return token, product, customer, insert(connection, "warehouses", code=mark, name="Bench")


def requests(prefix: str, bearer: str, product: int, customer: int, warehouse: int) -> dict[str, str]:
    """What is asked, by name."""
    about = f"Host: x\nAccept-Encoding: identity\n{bearer}"
    sent = f"{about}Content-Type: application/json\nContent-Length: %l\n\n"
    order = {"customer_id": customer, "warehouse_id": warehouse, "items": [
        {"product_id": product + place, "quantity": "2", "unit_price": "9.5"} for place in range(5)]}
    return {
        "page of 50 rows": f"GET {prefix}/products?limit=50 HTTP/1.1\n{about}\n",
        "one record": f"GET {prefix}/products/{product} HTTP/1.1\n{about}\n",
        "update of one record": f'PATCH {prefix}/products/{product} HTTP/1.1\n{sent}{{"list_price": "%n"}}',
        "order with five lines": f"POST {prefix}/orders HTTP/1.1\n{sent}{json.dumps(order)}",
    }


@contextmanager
def served(app: str, port: int, **environment: str) -> Iterator[None]:
    """One gunicorn worker with that app."""
    words = ["-m", "gunicorn", app, "--bind", f"127.0.0.1:{port}", "--workers", "1", "--threads", "32", "--no-control-socket"]
    with subprocess.Popen([sys.executable, *words], env={**os.environ, **environment}, stderr=subprocess.DEVNULL) as process:
        try:
            wait_for(port)
            yield
        finally:
            process.terminate()


def wait_for(port: int) -> None:
    """Wait until somebody answers there."""
    for _ in range(600):
        try:
            urlopen(Request(f"http://127.0.0.1:{port}/healthz"), timeout=5).close()
        except OSError as problem:
            if "refused" in str(problem):
                time.sleep(0.05)
                continue
        return


def rate(port: int, request: str, connections: int) -> float:
    """Requests a second that are answered."""
    done = subprocess.run([sys.executable, "-m", "bench.rest_clients", str(port), str(connections), str(SECONDS)],
                          input=request.encode(), capture_output=True, check=True)
    return float(done.stdout)


def main(url: str, owner_url: str) -> None:
    """Print requests a second and how many times as many those are."""
    token, *ids = prepare(url)
    with psycopg.connect(owner_url, autocommit=True) as owner:
        owner.execute(PREPARE)
    ours = requests("/api", f"Authorization: Bearer {token}\n", *ids)
    peer = requests("", "", *ids)
    with tempfile.TemporaryDirectory() as folder, \
            served("wsgi:app", OURS, COGNIFLOW_APP_URL=url, COGNIFLOW_DATA_DIR=folder, COGNIFLOW_REALTIME_PATH=f"{folder}/none",
                   GUNICORN_CMD_ARGS="--config python:cogniflow.web.workers"), \
            served("bench.rest_peer:create()", PEER, DATABASE_URL=owner_url):
        print(f"{'requests a second of one worker':<34}{'connections':>12}{'plain app':>12}{'CogniFlow':>12}{'times':>8}")
        for name in ours:
            for connections in CONNECTIONS:
                plain, our = rate(PEER, peer[name], connections), rate(OURS, ours[name], connections)
                print(f"{name:<34}{connections:>12}{plain:>12,.0f}{our:>12,.0f}{our / plain:>8.1f}", flush=True)
    with psycopg.connect(owner_url, autocommit=True) as owner:
        owner.execute("DROP SCHEMA plain CASCADE")


if __name__ == "__main__":
    main(*sys.argv[1:3])
