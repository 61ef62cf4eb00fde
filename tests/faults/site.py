"""The product as `cogniflow up` runs it, under fire: who writes, who listens, and what of it can be broken."""

import json
import signal
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import psutil
import psycopg
import requests

from cogniflow.realtime.token import Token
from tests.cli.installed import PASSWORD, Command, Installation, gone, words
from tests.db.supervised import eventually
from tests.faults.judge import Judge, Life, Log, Step, Verdict, parse
from tests.faults.observer import Mirror, Observer
from tests.faults.writers import AdminWriter, PsqlWriter, RestWriter, SqlWriter, Writer, sign_in

TABLES = ("products", "orders", "order_items")
ADMINISTRATOR = "admin@example.com"
PATIENCE = 90
"""Seconds for the product to serve again, on a machine with much else to do."""
TABLES_SEEN = (*TABLES, "product_categories", "product_suppliers")
"""What a client may follow here: two without history beside those that are always written."""
COMPANY = """
INSERT INTO contacts (name, is_customer, is_supplier) SELECT 'Under fire', true, true
WHERE NOT EXISTS (SELECT FROM contacts WHERE name = 'Under fire');
INSERT INTO warehouses (code, name) SELECT 'FIRE', 'Under fire' WHERE NOT EXISTS (SELECT FROM warehouses WHERE code = 'FIRE');
INSERT INTO products (sku, name, unit_id)
SELECT 'FIRE-' || i, 'Product ' || lpad(i::text, 2, '0'), (SELECT min(id) FROM units_of_measure) FROM generate_series(1, 20) i
WHERE NOT EXISTS (SELECT FROM products WHERE sku = 'FIRE-1');
INSERT INTO orders (customer_id, warehouse_id)
SELECT (SELECT id FROM contacts WHERE name = 'Under fire'), (SELECT id FROM warehouses WHERE code = 'FIRE')
FROM generate_series(1, 8);
INSERT INTO order_items (order_id, product_id, quantity, unit_price, position)
SELECT o.id, p.id, 2, 10, p.id FROM orders o, (SELECT id FROM products WHERE sku LIKE 'FIRE-%' ORDER BY id LIMIT 3) p
WHERE NOT EXISTS (SELECT FROM order_items i WHERE i.order_id = o.id)"""


class Site:
    """One running installation in mode "hub" or "loop"; `lives` are those of its database server since it was opened."""

    def __init__(self, installation: Installation, mode: str, *words: str):
        self.mode, self.installation = mode, installation
        self.running = installation.up("--workers", "2", *words, COGNIFLOW_SOCKETS=mode, COGNIFLOW_ADMIN_PASSWORD=PASSWORD,
                                       COGNIFLOW_THREADS="400")  # a crowd of clients, of which "loop" gives a thread to each
        self.address = f"http://127.0.0.1:{installation.port}"
        self.key = installation.result("token", "create", "--role", "administrator")
        self.url = installation.result("db", "url")
        self.lives: list[Life] = []
        self.note_life()
        with self.psql() as connection:
            self.first_change, = connection.execute("SELECT coalesce(max(id), 0) FROM cogniflow.change_log").fetchone()
            connection.execute(COMPANY)
            self.products = [each for each, in connection.execute("SELECT id FROM products WHERE sku LIKE 'FIRE-%' ORDER BY id")]
            self.orders = [each for each, in connection.execute("SELECT id FROM orders ORDER BY id DESC LIMIT 8")]
        self.writers: list[Writer] = []
        self._from = 3
        self.observers: dict[Observer, tuple[Judge, int]] = {}
        self._shared: dict[bytes, Step] = {}

    # who is there

    def psql(self, role: str = "cogniflow_app") -> psycopg.Connection:
        """A connection of its own, in autocommit, past the product."""
        return psycopg.connect(self.url.replace("cogniflow_app@", f"{role}@"), autocommit=True, connect_timeout=10)

    def observe(self, topics: Sequence[str] = TABLES, kind: type[Observer] = Observer, at: str = "", **given) -> Observer:
        """A new client of the site `at`, following by the time this returns; everyone's topics include the products."""
        made = kind((at or self.address).replace("http", "ws") + "/ws", self.key, topics, shared=self._shared, **given)
        self.observers[made] = Judge(made.topics), 0
        made.start()
        eventually(lambda: made.k and made.connections or made.failure, PATIENCE)
        return made

    def let_go(self, observer: Observer) -> None:
        """The client leaves, judged."""
        observer.leave()
        self.judge()
        del self.observers[observer]

    def begin_traffic(self) -> None:
        """Let everybody write and listen from now on."""
        def as_administrator(site: str) -> requests.Session:
            return sign_in(site, ADMINISTRATOR, PASSWORD)
        products = self.products[:-1]  # the last one is for a transaction that stays open: nobody waits for it
        self.writers = [SqlWriter(self.url, products, self.orders, 1), SqlWriter(self.url, products, self.orders, 2),
                        PsqlWriter(self.url, products, 8), RestWriter(self.address, self.key, products, self.orders, 3),
                        AdminWriter(self.address, as_administrator, products, 4)]
        self.observe()
        self.observe(seed=5)
        self.observe(("products",), seed=6)
        self.observe(kind=Mirror, seed=7)
        for each in self.writers:
            each.start()

    # what can be broken

    @property
    def postmaster(self) -> psutil.Process:
        """The database server."""
        return self.running.children("postgres -D")[0]

    @property
    def realtime(self) -> psutil.Process:
        """The process that serves the sockets, where there is one."""
        return self.running.children("realtime")[0]

    @property
    def web_workers(self) -> list[psutil.Process]:
        """The processes that serve pages."""
        return self.running.children("gunicorn")[0].children()

    def database_process(self, name: str) -> psutil.Process:
        """A process of the database server by what it calls itself."""
        return next(each for each in self.postmaster.children() if name in " ".join(words(each)))

    def kill_who_serves_sockets(self) -> None:
        """End the process, or processes, whose clients must all come back."""
        found = self.web_workers if self.mode == "loop" else [self.realtime]
        for each in found:
            each.kill()
        eventually(lambda: all(map(gone, found)), PATIENCE)

    def is_up(self) -> bool:
        """Whether every part serves."""
        try:
            return self.running.is_ready()
        except OSError:
            return False

    def note_life(self) -> None:
        """Remember which life the database server is in, once the feed has named it; and when it began."""
        eventually(lambda: self._life() is not None, PATIENCE)
        digest, since = self._life()
        if digest not in [each.digest for each in self.lives]:
            self.lives.append(Life(digest, since))

    def _life(self) -> tuple | None:
        try:
            with self.psql("postgres") as connection:
                token, since = connection.execute(
                    "SELECT cogniflow.token(), backend_start FROM pg_stat_activity "
                    "WHERE backend_type = 'checkpointer'").fetchone()
        except (psycopg.OperationalError, TypeError):
            return None
        return (Token.parse(token).digest, since) if token else None

    # what is said of it

    def mark(self) -> tuple[int, str]:
        """A change that everyone hears of; its transaction and the life of the server it is in."""
        def write() -> bool:
            nonlocal found
            try:
                with self.psql() as connection:
                    found = connection.execute(
                        "UPDATE products SET description = gen_random_uuid() WHERE id = %s "
                        "RETURNING pg_current_xact_id()::text::bigint, cogniflow.token()", [self.products[0]]).fetchone()
            except psycopg.OperationalError:
                return False
            return found[1] is not None
        found: tuple = ()
        eventually(write, PATIENCE)
        return found[0], Token.parse(found[1]).digest

    def settle(self) -> Verdict:
        """Wait until everyone has heard all up to now, then judge what each was told since the last time."""
        self.hear_all()
        return self.judge()

    def hear_all(self) -> None:
        """Wait until everyone has heard all up to now."""
        self.note_life()
        marked = self.mark()
        for each in self.observers:
            assert each.wait_for(*marked, seconds=PATIENCE), f"{each.topics} at {each.k}, after {marked}: {each.failure}"

    def judge(self) -> Verdict:
        """Judge further steps of everyone against the log as it is now; the verdict on all."""
        return self.compare(*self.evidence())

    def evidence(self) -> tuple[dict[Observer, list[Step]], Log]:
        """What everyone was told since the last time, and what has happened."""
        further = {each: each.steps[judged:] for each, (_, judged) in self.observers.items()}
        with self.psql() as connection:  # read after what was told: the log holds all of it
            return further, Log(connection, TABLES_SEEN, self.lives, self.first_change, self._from)

    def compare(self, further: dict[Observer, list[Step]], log: Log) -> Verdict:
        """Judge those steps of everyone; the verdict on all."""
        for each, steps in further.items():
            judge, judged = self.observers[each]
            judge.take(steps, log)
            self.observers[each] = judge, judged + len(steps)
        return sum((judge.verdict for judge, _ in self.observers.values()), Verdict())

    def assert_nothing_lost(self) -> None:
        """Everyone hears of all up to now: lost 0, twice 0, backwards 0, and every writer has gone on."""
        verdict = self.settle()
        assert verdict.is_clean and verdict.told, verdict
        for each in (*self.observers, *self.writers):
            assert each.failure is None, each.failure
        assert not any(each.gaps for each in self.observers)
        assert not any(each.backwards for each in self.observers if isinstance(each, Mirror))

    def forget_judged(self) -> None:
        """Keep nothing of what everyone was told and has been judged, so that a day of it needs no more memory than a minute."""
        self._from = self.judged_below()
        self._shared.clear()
        for each, (judge, judged) in list(self.observers.items()):
            del each.steps[:judged - 1]
            self.observers[each] = judge, 1
            judge.forget(self._from)

    def judged_below(self) -> int:
        """Every transaction below has been told to everyone, and judged."""
        return min(parse(each.steps[judged - 1].k).xmin for each, (_, judged) in self.observers.items())

    def resets(self) -> dict[str, int]:
        """How many resets everyone was told, by reason."""
        return dict(sum((each.resets for each in self.observers), Counter()))

    @contextmanager
    def quiet(self) -> Iterator[None]:
        """Nobody writes in the block."""
        gates = [each.gate for each in self.writers]
        for each in gates:
            each.acquire()
        try:
            yield
        finally:
            for each in gates:
                each.release()

    def end(self) -> None:
        """Everybody leaves; nothing may be left of it."""
        for each in (*self.writers, *self.observers):
            each.leave()
        assert self.running.stop(signal.SIGTERM) == 0, self.running.err
        assert not self.installation.processes()


def figures(running: Command, key: str) -> dict[str, float]:
    """What the feed says of itself, or that of the worker that answers."""
    return json.loads(running.get("/readyz", key)[1])["figures"]


def seconds_until(condition, limit: float = 30) -> float:
    """Wait for it; how long it took."""
    begun = time.monotonic()
    eventually(condition, limit)
    return time.monotonic() - begun

