"""SIGHUP puts fresh processes in the place of all: nothing is refused, nothing is lost, nobody of the old ones stays."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest
import websocket

from tests.cli.installed import Command, Listener
from tests.db.supervised import eventually

pytestmark = pytest.mark.timeout(300)


class Writer:
    """Writes one category after another, as psql would; remembers which it made."""

    def __init__(self, url: str):
        self.made: list[int] = []
        self._url, self._ending = url, threading.Event()
        self._thread = threading.Thread(target=self._write)

    def _write(self) -> None:
        with psycopg.connect(self._url, autocommit=True) as connection:
            while not self._ending.wait(0.02):
                self.made += connection.execute(
                    "INSERT INTO product_categories (name) VALUES (gen_random_uuid()) RETURNING id").fetchone()

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Write for as long as the block lasts."""
        self._thread.start()
        try:
            yield
        finally:
            self._ending.set()
            self._thread.join()

    def remove(self) -> None:
        """Undo it."""
        with psycopg.connect(self._url) as connection:
            connection.execute("DELETE FROM product_categories WHERE id = ANY(%s)", [self.made])


class Faithful:
    """A client that comes back by its token whenever it is told to, and remembers what it heard of."""

    def __init__(self, running: Command, key: str):
        self._running, self._key = running, key
        self.heard: list[int] = []
        self.closed_with: list[int] = []
        self.k: str | None = None
        self._socket = self._come()
        self.k = self._socket.hear("ready")["k"]  # what is written from here on, it must hear of

    def hear_until(self, last: int) -> None:
        """Follow the feed until it has told of record `last`."""
        while last not in self.heard:
            message = self._socket.next()
            if isinstance(message, int):
                self.closed_with.append(message)
                self._socket = self._come()
                continue
            assert message["type"] != "reset"
            if message["type"] in ("ready", "chg", "hb"):
                self.k = message["k"]
            self.heard += [number for event in message.get("ev", ()) for number in event["ids"]]

    def _come(self) -> Listener:
        return self._running.socket(self._key, topics=["product_categories"], token=self.k)


def test_a_reload_under_writes_loses_nothing_and_refuses_nobody(installation):
    running = installation.up("--workers", "2")
    key = installation.result("token", "create", "--role", "administrator")
    before = [*running.children("realtime"), *running.children("gunicorn")[1:]]
    assert len(before) == 3
    client, writer = Faithful(running, key), Writer(installation.result("db", "url"))
    with writer.writing():
        running.process.send_signal(signal.SIGHUP)
        while any(each.is_running() for each in before):
            assert running.get("/healthz")[0] == 200
            websocket.create_connection(f"ws://127.0.0.1:{running.port}/ws", header={"Authorization": f"Bearer {key}"}).shutdown()
            if writer.made:
                client.hear_until(writer.made[-1])
    client.hear_until(writer.made[-1])
    assert client.heard == writer.made and client.closed_with == [1012]
    assert running.is_ready()
    eventually(lambda: len(running.children("realtime")) == 1 and len(running.children("gunicorn")) == 3)
    with psycopg.connect(installation.result("db", "url")) as connection:
        feeds, = connection.execute("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'cogniflow-feed'").fetchone()
    assert feeds <= 2, "the one tail, and its reader for those who come back; none of a worker's"
    writer.remove()
    assert running.stop() == 0
