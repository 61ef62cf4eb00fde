"""Another system, which is told by webhooks: a real HTTP server that answers as a test says, and the sender beside it."""

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from ssl import SSLContext
from typing import Any, NamedTuple

import orjson
import psycopg

from cogniflow.domain.registry import load
from cogniflow.exchange.webhooks import tell_webhooks
from tests.web.conftest import Api

SOON = 20.0
DRIP = -1
"""An answer that goes on and on, a byte at a time."""


class Message(NamedTuple):
    """What arrived: the headers, by their names in small letters, and the body as it was sent."""

    headers: dict[str, str]
    body: bytes

    @property
    def id(self) -> str:
        """By which a receiver knows a message that comes again."""
        return self.headers["webhook-id"]

    @property
    def type(self) -> str:
        """What happened."""
        return orjson.loads(self.body)["type"]

    @property
    def data(self) -> dict[str, Any]:
        """What it says."""
        return orjson.loads(self.body)["data"]


class Receiver:
    """Remembers all that arrives, and answers what `answer(message)` says: a status, DRIP, or None for nothing at all."""

    def __init__(self, answer: Callable[[Message], int | None] = lambda message: 204, tls: SSLContext | None = None):
        self.answer, self.messages, self.arrived, self._closed = answer, [], threading.Condition(), threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._server.handle_error = lambda *given: None
        if tls:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True, do_handshake_on_connect=False)
        self.port = self._server.server_port
        self.url = f"http{'s' if tls else ''}://127.0.0.1:{self.port}/changes"
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def wait_for(self, enough: Callable[[list[Message]], bool], seconds: float = SOON) -> list[Message]:
        """All that has arrived, once it is enough."""
        with self.arrived:
            assert self.arrived.wait_for(lambda: enough(self.messages), seconds), [each.body for each in self.messages]
            return list(self.messages)

    def close(self) -> None:
        """Be gone."""
        self._closed.set()
        self._server.shutdown()
        self._server.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                message = Message({name.lower(): value for name, value in self.headers.items()},
                                  self.rfile.read(int(self.headers["Content-Length"])))
                status = receiver.answer(message)
                while status == DRIP and not receiver._closed.wait(0.05):
                    self.wfile.write(b"x")
                if status:
                    self.send_response(status)
                    self.send_header("Content-Length", "0")
                    if status // 100 == 3:
                        self.send_header("Location", receiver.url)
                    self.end_headers()
                with receiver.arrived:
                    receiver.messages.append(message)
                    receiver.arrived.notify_all()

            def log_message(self, *_: object) -> None:
                """Nothing on the console."""
        return Handler


@contextmanager
def telling(owner_url: str, **given: Any) -> Iterator[None]:
    """Webhooks are told, by a thread of this process."""
    load()
    stop = threading.Event()
    thread = threading.Thread(target=tell_webhooks, args=(owner_url,), kwargs={"private": True, "stop": stop, **given})
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


class TellingProcess:
    """Webhooks are told by a process of its own, which can be killed and started again."""

    def __init__(self, owner_url: str):
        self._command = [sys.executable, "-m", "tests.exchange.receiver", owner_url]
        self.start()

    def start(self) -> None:
        """Begin where the one before has come to."""
        self._process = subprocess.Popen(self._command, cwd=Path(__file__).parents[2])

    def kill(self) -> None:
        """End it without a word."""
        self._process.kill()
        self._process.wait()


def hook(api: Api, url: str, *topics: str, **more: Any) -> dict[str, Any]:
    """A webhook as REST makes it, by the rights of the administrator."""
    given = {"title": "Shop", "url": url, "topics": topics or ["currencies"], "user_id": 1} | more
    answer = api.post("webhooks", given)
    assert answer.status_code == 201, answer.text
    return answer.json


def wait_until(psql: psycopg.Connection, holds: str) -> None:
    """Wait until a condition holds in the database, looking at it after every change."""
    psql.execute("LISTEN cogniflow")
    until = time.monotonic() + SOON
    while psql.execute(f"SELECT {holds}").fetchone() != (True,):
        assert time.monotonic() < until, psql.execute("SELECT * FROM webhook_deliveries").fetchall()
        list(psql.notifies(timeout=1, stop_after=1))


def deliveries(api: Api) -> list[dict[str, Any]]:
    """The messages as REST tells them, the oldest first."""
    return api.get("webhook-deliveries?sort=id&limit=500").json["data"]


if __name__ == "__main__":
    load()
    tell_webhooks(sys.argv[1], private=True, stop=threading.Event())
