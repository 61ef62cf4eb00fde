"""Whoever writes while things break: psql, REST and the admin, at once and on the same records."""

import http.cookiejar
import random
import subprocess
import threading
import urllib.parse
from collections import Counter
from collections.abc import Callable

import psycopg
import requests

from cogniflow.db.binaries import find_binaries

PAUSE = 0.1
"""Seconds between two writes of one writer: the machine has other things to do, too."""


class Writer(threading.Thread):
    """Writes until `leave`; what a fault breaks off is tried anew with something else."""

    def __init__(self, seed: int):
        super().__init__(daemon=True)
        self.chance = random.Random(seed)
        self.done: Counter[str] = Counter()
        self.failure: Exception | None = None
        self.gate = threading.Lock()
        """Whoever holds it keeps it from writing."""
        self._ended = threading.Event()

    def run(self) -> None:
        """Write."""
        while not self._ended.wait(PAUSE):
            try:
                with self.gate:
                    self.done[self.write()] += 1
            except (psycopg.OperationalError, requests.RequestException, OSError):
                self.done["broken off"] += 1
            except Exception as failure:
                self.failure = failure
                raise

    def leave(self) -> None:
        """End."""
        self._ended.set()
        self.join(60)

    def write(self) -> str:
        """One transaction; what became of it."""
        raise NotImplementedError


class SqlWriter(Writer):
    """A program with a connection of its own: transactions of several statements, with savepoints undone and roll-backs."""

    def __init__(self, url: str, products: list[int], orders: list[int], seed: int):
        super().__init__(seed)
        self._url, self._products, self._orders = url, products, orders
        self._connection: psycopg.Connection | None = None

    def write(self) -> str:
        """A few statements, committed or rolled back."""
        if self._connection is None or self._connection.closed:
            self._connection = psycopg.connect(self._url, connect_timeout=10)
        try:
            for _ in range(self.chance.randint(1, 3)):
                self._change()
            undone = self.chance.random() < 0.15
            self._connection.rollback() if undone else self._connection.commit()
        except (psycopg.errors.DeadlockDetected, psycopg.errors.SerializationFailure):
            self._connection.rollback()
            return "deadlock"
        except psycopg.Rollback as undone:  # the connection broke just as a savepoint was to be undone
            self._connection.close()
            raise psycopg.OperationalError from undone
        except psycopg.Error:
            self._connection.close()
            raise
        return "rolled back" if undone else "committed"

    def _change(self) -> None:
        product, other = self.chance.choices(self._products, k=2)
        statement, parameters = self.chance.choice((
            ("UPDATE products SET list_price = list_price + 0.01 WHERE id = %s", (product,)),
            ("UPDATE products SET weight_kg = weight_kg + 0.01 WHERE id IN (%s, %s)", (product, other)),
            ("UPDATE orders SET note = md5(random()::text) WHERE id = %s", (self.chance.choice(self._orders),)),
            ("UPDATE order_items SET quantity = quantity + 1 WHERE order_id = %s", (self.chance.choice(self._orders),)),
            ("INSERT INTO order_items (order_id, product_id, quantity, unit_price) VALUES (%s, %s, 1, 1)",
             (self.chance.choice(self._orders), product)),
            ("DELETE FROM order_items WHERE order_id = %s AND position = 0 AND quantity > 3",
             (self.chance.choice(self._orders),))))
        if self.chance.random() < 0.2:
            with self._connection.transaction():
                self._connection.execute(statement, parameters)
                raise psycopg.Rollback
        self._connection.execute(statement, parameters)


class PsqlWriter(Writer):
    """Somebody at psql: a transaction in which one statement is undone, each in a psql of its own."""

    def __init__(self, url: str, products: list[int], seed: int):
        super().__init__(seed)
        self._command = [find_binaries().program("psql"), url, "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1"]
        self._products = products

    def write(self) -> str:
        """Two statements, of which one is kept."""
        kept, undone = self.chance.choices(self._products, k=2)
        script = (f"BEGIN; UPDATE products SET volume_m3 = coalesce(volume_m3, 0) + 0.001 WHERE id = {kept}; SAVEPOINT before; "
                  f"UPDATE products SET volume_m3 = 0 WHERE id = {undone}; ROLLBACK TO before; COMMIT;")
        done = subprocess.run(self._command, input=script, capture_output=True, text=True, timeout=60)
        return "broken off" if done.returncode else "committed"


class RestWriter(Writer):
    """A program with a token."""

    def __init__(self, site: str, key: str, products: list[int], orders: list[int], seed: int):
        super().__init__(seed)
        self._site, self._products, self._orders = site, products, orders
        self._session = requests.Session()
        self._session.headers["Authorization"] = f"Bearer {key}"

    def write(self) -> str:
        """One change of a record."""
        path, body = self.chance.choice((
            (f"products/{self.chance.choice(self._products)}", {"cost": f"{self.chance.randint(100, 999) / 100:.2f}"}),
            (f"orders/{self.chance.choice(self._orders)}", {"external_number": f"{self.chance.random()}"})))
        answer = self._session.patch(f"{self._site}/api/{path}", json=body, timeout=30)
        return _outcome(answer)


class AdminWriter(Writer):
    """A person in the admin's list: session, cross-site mark and form."""

    def __init__(self, site: str, sign_in: Callable[[str], requests.Session], products: list[int], seed: int):
        super().__init__(seed)
        self._site, self._products = site, products
        self._session = sign_in(site)

    def write(self) -> str:
        """One value in the list."""
        number = self.chance.choice(self._products)
        version = self._session.get(f"{self._site}/api/products/{number}", params={"fields": "version"}, timeout=30)
        if not version.ok:
            return _outcome(version)
        answer = self._session.post(f"{self._site}/admin/products/ajax/update/", timeout=30, data={
            "list_form_pk": number, "version": version.json()["version"],
            "list_price": f"{self.chance.randint(100, 9999) / 100:.2f}"},
            headers={"X-CSRFToken": self._session.cookies["XSRF-TOKEN"]})
        return _outcome(answer)


def sign_in(site: str, email: str, password: str) -> requests.Session:
    """A browser's session, signed in."""
    session = requests.Session()
    session.cookies.set_policy(http.cookiejar.DefaultCookiePolicy())
    session.get(f"{site}/login", timeout=30)
    answer = session.post(f"{site}/login", timeout=30, data={
        "email": email, "password": password, "csrf_token": urllib.parse.unquote(session.cookies["XSRF-TOKEN"])})
    assert not urllib.parse.urlsplit(answer.url).path.startswith("/login"), answer.text
    return session


def _outcome(answer: requests.Response) -> str:
    # another writer was faster, or the database is away: a person would try again
    if answer.status_code in (409, 412, 500, 502, 503):
        return str(answer.status_code)
    assert answer.ok, f"{answer.status_code} {answer.text[:300]}"
    return "committed"
