"""Four servers that bring the same event to every client: `python -m bench.fanout_servers NAME`; commands on standard input.

`publish COUNT PAUSE`: send so many events, with so many seconds between two (0: as fast as it goes), then print when the first
was there (`time.monotonic`, the same clock for all processes). `memory`: resident bytes. `processor`: seconds used.
"""

import asyncio
import logging
import resource
import select
import socket
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

from flask import Flask
from flask_sock import Sock
from simple_websocket import ConnectionClosed
from websockets.asyncio.server import broadcast, serve
from werkzeug.serving import make_server

from bench.feed import Everyone
from cogniflow.realtime.changes import Batch, Change
from cogniflow.realtime.feed import Feed
from cogniflow.realtime.hub import Hub
from cogniflow.realtime.protocol import Chg, Event, encode
from cogniflow.realtime.room import make_room
from cogniflow.realtime.token import Token
from cogniflow.realtime.topics import EventMap, EventRule
from cogniflow.realtime.websocket import text_frame, upgrade_response

LAST = 424242
"""The record that only the last event of a series is about."""
DIGEST = "0" * 12


class Unread(Feed):
    """The feed without a database: it is told what has changed, and ticks as it does beside one."""

    def start(self) -> None:
        """Follow nothing."""
        threading.Thread(target=self._tick, daemon=True).start()

    def _tick(self) -> None:
        while True:
            time.sleep(1)
            self.beat()


class Events:
    """The events of the bench, as the feed hands them out, and encoded for the servers that have no feed."""

    def __init__(self) -> None:
        self._xid = 10

    def batch(self, record: int) -> Batch:
        """The next change, of one record."""
        self._xid += 1
        return Batch((Change(self._xid, self._xid, "products", "U", 1, [record], ["price"], None),), self._token())

    def message(self, record: int) -> bytes:
        """The next change as the message that clients of the feed get."""
        prev, (change,), k = str(self._token()), *self._next(record)
        return encode(Chg(prev, k, [Event("products", "products_updated", "U", 1, [record], ["price"], [str(change.xid)])]))

    def _next(self, record: int) -> tuple[tuple[Change, ...], str]:
        batch = self.batch(record)
        return batch.changes, str(batch.token)

    def _token(self) -> Token:
        return Token(DIGEST, self._xid + 1, self._xid + 1)


def accepting(take: Callable[[socket.socket], None]) -> int:
    """Accept clients, read their handshake and hand their sockets over; the port."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=4096)

    def accept() -> None:
        while True:
            connection, _ = listener.accept()
            request = b""
            while b"\r\n\r\n" not in request:
                request += connection.recv(4096)
            take(connection)
    threading.Thread(target=accept, daemon=True).start()
    return listener.getsockname()[1]


def hub() -> tuple[int, Callable[[int], None]]:
    """Ours: the hub and the feed's hand-out, without a database."""
    feed = Unread("postgresql:///", EventMap({"products": (EventRule("products_updated"),)}), Everyone())
    feed.ring.restart(Token(DIGEST, 10, 10))
    serving, events = Hub(feed), Events()
    greeting = upgrade_response("dGhlIHNhbXBsZSBub25jZQ==")
    return (accepting(lambda connection: serving.take(connection, greeting, "bench", None)),
            lambda record: feed.take(events.batch(record)))


def hub_with_rest() -> tuple[int, Callable[[int], None]]:
    """Ours, as a thread of the process that answers requests; the hub's port is printed before that of the requests."""
    port, publish = hub()
    rest_port, _ = rest()
    print(port, flush=True)
    return rest_port, publish


def rest() -> tuple[int, Callable[[int], None]]:
    """A web application that makes its answers in Python, as most do; it publishes nothing."""
    app = Flask(__name__)

    @app.get("/")
    def page() -> dict:
        return {"data": [{"id": number, "name": f"product {number}", "price": str(number)} for number in range(50)]}
    return threaded(app), lambda record: None


def threaded(app: Flask) -> int:
    """Serve an application with a thread for each connection; the port."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    server.socket.listen(4096)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_port


def bare() -> tuple[int, Callable[[int], None]]:
    """As little as can be: one loop over the sockets in one thread, a frame made once, nobody is waited for."""
    connections, events = [], Events()
    ended = select.epoll()

    def take(connection: socket.socket) -> None:
        connection.sendall(upgrade_response("dGhlIHNhbXBsZSBub25jZQ==") + text_frame(b'{"type":"ready"}'))
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.setblocking(False)
        ended.register(connection, select.EPOLLRDHUP)
        connections.append(connection)

    def publish(record: int) -> None:
        frame = text_frame(events.message(record))
        gone = {number for number, _ in ended.poll(0)}
        connections[:] = [each for each in connections if each.fileno() not in gone]
        for each in connections:
            each.send(frame)
    return accepting(take), publish


def flask_sock() -> tuple[int, Callable[[int], None]]:
    """The plain design: a thread for each client, and one loop that sends to one after the other."""
    app, clients, events = Flask(__name__), set(), Events()

    @Sock(app).route("/ws")
    def ws(client) -> None:
        clients.add(client)
        client.send('{"type":"ready"}')
        try:
            while True:
                client.receive()
        except ConnectionClosed:
            clients.discard(client)

    def publish(record: int) -> None:
        message = events.message(record).decode()
        for each in list(clients):
            try:
                each.send(message)
            except (ConnectionClosed, OSError):
                clients.discard(each)
    return threaded(app), publish


def websockets() -> tuple[int, Callable[[int], None]]:
    """The asyncio server of the package websockets, with its own broadcast and without compression."""
    clients, events, started, loop = set(), Events(), threading.Event(), asyncio.new_event_loop()
    ports: list[int] = []

    async def client(connection) -> None:
        clients.add(connection)
        await connection.send('{"type":"ready"}')
        try:
            await connection.wait_closed()
        finally:
            clients.discard(connection)

    async def run() -> None:
        async with serve(client, "127.0.0.1", 0, compression=None, ping_interval=None, backlog=4096) as server:
            ports.append(server.sockets[0].getsockname()[1])
            started.set()
            await asyncio.get_running_loop().create_future()
    threading.Thread(target=lambda: loop.run_until_complete(run()), daemon=True).start()
    started.wait()

    def publish(record: int) -> None:
        loop.call_soon_threadsafe(broadcast, clients, events.message(record).decode())
    return ports[0], publish


def main(name: str) -> None:
    """Serve until standard input ends."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    make_room()
    port, publish = globals()[name]()
    print(port, flush=True)
    for line in sys.stdin:
        match line.split():
            case ["publish", count]:
                begun = time.monotonic()
                for number in range(int(count)):
                    publish(LAST if number == int(count) - 1 else 5)
                print(begun, flush=True)
            case ["memory"]:
                print(int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize(), flush=True)
            case ["processor"]:
                print(time.process_time(), flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
