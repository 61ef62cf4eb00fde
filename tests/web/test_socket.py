"""The socket routes on a real server, with real clients."""

import socket
import threading
from collections.abc import Iterator
from http.client import HTTPConnection

import orjson
import pytest
import websocket
from flask import Flask, g, request
from werkzeug.serving import make_server

from cogniflow.config import Settings, load_settings
from cogniflow.realtime.feed import Feed
from cogniflow.realtime.hub import Hub
from cogniflow.realtime.protocol import Pong, Snap, encode
from cogniflow.realtime.subscriber import Subscriber
from cogniflow.web.loop import SocketClient
from cogniflow.web.socket import register_socket
from tests.realtime.conftest import EVENTS, Rights, company, connect, rights, token, url, writer  # noqa: F401


class Served:
    """A small app with the socket routes, served by the hub or the loop; the header X-Caller stands for a sign-in."""

    def __init__(self, database_url: str, allowed: Rights, settings: Settings, server: str):
        self.feed = Feed(database_url, EVENTS, allowed)
        takes = self.takes = Hub(self.feed) if server == "hub" else self.feed
        app = Flask(__name__)

        @app.before_request
        def sign_in() -> None:
            g.caller = request.headers.get("X-Caller")
        register_socket(app, takes, settings)
        self._server = make_server("127.0.0.1", 0, app, threaded=True)
        self._server.daemon_threads = True
        self.port = self._server.server_port
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def client(self, path: str = "/ws", caller: str | None = "anna", **options) -> websocket.WebSocket:
        """A connected client."""
        header = [f"X-Caller: {caller}"] if caller else []
        return websocket.create_connection(f"ws://127.0.0.1:{self.port}{path}", header=header + options.pop("header", []),
                                           timeout=15, **{"suppress_origin": True, **options})

    def stop(self) -> None:
        """End it."""
        self.takes.stop()
        self._server.shutdown()
        self._server.server_close()


HANDSHAKE = {"X-Caller": "anna", "Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13",
             "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="}
loop_alone = pytest.mark.parametrize("served", ["loop"], indirect=True)


@pytest.fixture
def settings() -> Settings:
    return load_settings(_env_file=None, threads=12, allowed_origins=["https://shop.example"])


@pytest.fixture(params=["hub", "loop"])
def served(url, rights, settings, request) -> Iterator[Served]:  # noqa: F811
    running = Served(url, rights, settings, request.param)
    yield running
    running.stop()


def say(client: websocket.WebSocket, type: str, **fields) -> None:
    client.send(orjson.dumps({"type": type, **fields}).decode())


def hear(client: websocket.WebSocket, type: str) -> dict:
    while True:
        message = orjson.loads(client.recv())
        if message["type"] == type:
            return message


def closing(client: websocket.WebSocket) -> int:
    """Read until the server closes; its code."""
    while True:
        opcode, data = client.recv_data(control_frame=True)
        if opcode == websocket.ABNF.OPCODE_CLOSE:
            return int.from_bytes(data[:2])


def test_a_commit_reaches_every_subscribed_socket(served, writer):  # noqa: F811
    clients = [served.client() for _ in range(3)]
    for each in clients:
        say(each, "hello", v=1, topics=["notes"])
        hear(each, "ready")
    writer.execute("INSERT INTO notes (number) VALUES ('a')")
    for each in clients:
        assert hear(each, "chg")["ev"][0]["ids"] == [1]


def test_a_topic_in_the_address_needs_no_hello(served, writer):  # noqa: F811
    client = served.client("/ws/note-items")
    assert [orjson.loads(client.recv())["type"] for _ in range(2)] == ["ready", "subbed"]
    writer.execute("INSERT INTO notes (number) VALUES ('a')")
    writer.execute("INSERT INTO note_items (note_id) VALUES (1)")
    assert hear(client, "chg")["ev"][0]["topic"] == "note_items"


def test_a_socket_that_comes_back_with_its_token_misses_nothing(served, writer):  # noqa: F811
    client = served.client("/ws/notes")
    k = hear(client, "subbed")["k"]
    client.shutdown()
    writer.execute("INSERT INTO notes (number) VALUES ('a')")
    again = served.client()
    say(again, "hello", v=1, token=k, topics=["notes"])
    ready, changed = hear(again, "ready"), hear(again, "chg")
    assert changed["prev"] == ready["k"] and changed["ev"][0]["ids"] == [1]


def test_a_stranger_is_refused_before_the_upgrade(served):
    with pytest.raises(websocket.WebSocketBadStatusException) as refused:
        served.client(caller=None)
    assert refused.value.status_code == 401


@pytest.mark.parametrize(("changed", "status", "version"), [
    ({"Sec-WebSocket-Version": "8"}, 426, "13"), ({"Sec-WebSocket-Version": None}, 426, "13"),
    ({"Sec-WebSocket-Version": "13, 8"}, 426, "13"),
    ({"Upgrade": None}, 400, None), ({"Upgrade": "h2c"}, 400, None), ({"Connection": "keep-alive"}, 400, None),
    ({"Sec-WebSocket-Key": None}, 400, None), ({"Sec-WebSocket-Key": ""}, 400, None),
    ({"Sec-WebSocket-Key": "short"}, 400, None), ({"Sec-WebSocket-Key": "ü" * 24}, 400, None),
    ({"Upgrade": "WebSocket", "Connection": "keep-alive, UPGRADE"}, 101, None)])
def test_what_is_no_handshake_is_refused_before_the_upgrade(served, changed, status, version):
    fields = {name: value.encode() for name, value in (HANDSHAKE | changed).items() if value is not None}
    connection = HTTPConnection("127.0.0.1", served.port, timeout=15)
    connection.request("GET", "/ws", headers=fields)
    answer = connection.getresponse()
    assert (answer.status, answer.getheader("Sec-WebSocket-Version")) == (status, version)
    assert status == 101 or answer.read()


def test_only_a_get_is_a_handshake(served):
    connection = HTTPConnection("127.0.0.1", served.port, timeout=15)
    connection.request("HEAD", "/ws", headers=HANDSHAKE)
    assert connection.getresponse().status == 405


@pytest.mark.parametrize(("origin", "allowed"), [
    (None, True), ("http://127.0.0.1:{port}", True), ("https://shop.example", True),
    ("https://evil.example", False), ("null", False), ("http://127.0.0.1:{port}.evil.example", False)])
def test_only_our_own_pages_and_allowed_origins_may_open_a_socket(served, origin, allowed):
    options = {"origin": origin.format(port=served.port), "suppress_origin": False} if origin else {}
    if allowed:
        served.client(**options).close()
        return
    with pytest.raises(websocket.WebSocketBadStatusException) as refused:
        served.client(**options)
    assert refused.value.status_code == 403


def test_nothing_is_compressed_whatever_the_client_offers(served):
    client = served.client(header=["Sec-WebSocket-Extensions: permessage-deflate"])
    assert "sec-websocket-extensions" not in client.getheaders()


def test_malformed_frames_are_refused_and_the_socket_stays(served):
    client = served.client()
    client.send("{")
    client.send_binary(b"\x00")
    assert [hear(client, "err")["code"] for _ in range(2)] == ["bad_message"] * 2
    say(client, "sub", topic="nothing")
    assert hear(client, "err")["code"] == "unknown_topic"
    client.ping("alive?")
    assert client.recv_data(control_frame=True) == (websocket.ABNF.OPCODE_PONG, b"alive?")
    say(client, "ping", t=1)
    assert hear(client, "pong")["t"] == 1


def test_a_message_in_fragments_is_one_message_and_too_long_a_one_closes(served):
    client = served.client()
    half = websocket.ABNF.create_frame('{"type":"pi', websocket.ABNF.OPCODE_TEXT, 0)
    client.send_frame(half)
    client.send_frame(websocket.ABNF.create_frame('ng","t":5}', websocket.ABNF.OPCODE_CONT, 1))
    assert hear(client, "pong")["t"] == 5
    client.send("x" * 70_000)
    assert closing(client) == 1009
    client = served.client()
    client.send_binary(b"x" * 70_000)
    assert closing(client) == 1009


def test_text_that_is_no_utf8_closes_with_1007(served):
    client = served.client()
    client.send_frame(websocket.ABNF.create_frame(b"\xff\xfe", websocket.ABNF.OPCODE_TEXT, 1))
    assert closing(client) == 1007


def test_a_polite_client_is_answered_politely(served):
    client = served.client()
    client.send_close(1000)
    assert closing(client) == 1000


def test_whoever_is_signed_out_is_closed_with_4001(served, writer, rights):  # noqa: F811
    client = served.client("/ws/notes")
    hear(client, "subbed")
    rights.signed_out = {"anna"}
    writer.execute("INSERT INTO permissions (role) VALUES ('clerk')")
    assert closing(client) == 4001


@loop_alone
def test_a_worker_keeps_threads_for_pages(served, settings):
    clients = [served.client() for _ in range(settings.threads - 8)]
    for each in clients:
        say(each, "ping")
        hear(each, "pong")
    assert closing(served.client()) == 1013


def test_the_end_of_the_process_says_when_to_come_back(served):
    client = served.client("/ws/notes")
    hear(client, "subbed")
    threading.Thread(target=served.feed.stop).start()
    assert hear(client, "bye")["retry_ms"] > 0
    assert closing(client) == 1012


@loop_alone
def test_what_is_said_just_before_the_end_is_sent_before_it(served, monkeypatch):
    write = SocketClient._write

    def end_after_writing(client):
        write(client)
        if client._subscriber.k and not client._subscriber.closing:
            client._subscriber.say(Pong("last"))
            client._subscriber.close(1012, "the server restarts")
    monkeypatch.setattr(SocketClient, "_write", end_after_writing)
    client = served.client("/ws/notes")
    assert hear(client, "pong")["t"] == "last"
    assert closing(client) == 1012


@pytest.fixture
def deaf(served) -> websocket.WebSocket:
    """A client that subscribes and then reads nothing; its server thread is stuck in a write."""
    client = served.client(sockopt=[(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)])
    say(client, "hello", v=1, topics=["notes"])
    hear(client, "ready")
    return client


def flood(served: Served) -> Subscriber:
    """More messages for the only client there is than its connection can hold; returns its subscriber."""
    subscriber, = served.feed.audience
    while not subscriber.closing:
        subscriber.say(Pong("x" * 60_000))
    return subscriber


def test_a_client_that_never_reads_is_closed_with_4008_and_delays_nobody(served, deaf, writer):  # noqa: F811
    assert flood(served).closing[0] == 4008
    quick = served.client("/ws/notes")
    hear(quick, "subbed")
    for number in range(1, 20):
        writer.execute("INSERT INTO notes (number) VALUES (%s)", (str(number),))
        assert hear(quick, "chg")["ev"][0]["ids"] == [number]
    assert closing(deaf) == 4008


def test_a_large_panel_arrives_whole_at_a_slow_reader(served, deaf):
    subscriber, = served.feed.audience
    data = "".join(str(number) for number in range(1_000_000))
    subscriber.show(Snap("panel/large", "k", "r", data), encode(Snap("panel/large", "k", "r", data)))
    assert hear(deaf, "snap")["data"] == data
    say(deaf, "ping", t=1)
    assert hear(deaf, "pong")["t"] == 1


def test_a_client_that_takes_nothing_for_long_is_left(served, monkeypatch):
    monkeypatch.setattr("cogniflow.web.loop.SEND_SECONDS", 1)
    monkeypatch.setattr("cogniflow.realtime.hub.VANISHED_AFTER", 1)
    client = served.client("/ws/notes", sockopt=[(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)])
    hear(client, "subbed")
    left = threading.Event()
    forget = served.feed.disconnect
    monkeypatch.setattr(served.feed, "disconnect", lambda each: (forget(each), left.set()))
    subscriber, = served.feed.audience
    snap = Snap("panel/large", "k", "r", "x" * 16_000_000)
    subscriber.show(snap, encode(snap))
    assert left.wait(10)
    assert not len(served.feed.audience)
    assert served.feed.health()["slow_closes"] == 1
