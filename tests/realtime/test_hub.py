"""The hub's own promises, on raw sockets: what the loop gets from a thread per client, one thread keeps for all."""

import os
import socket
import threading
from collections.abc import Iterator

import orjson
import pytest
import websocket

from cogniflow.errors import Unavailable
from cogniflow.realtime.answering import AT_ONCE
from cogniflow.realtime.conversation import Conversation
from cogniflow.realtime.hub import MOST_LATER, PART_SECONDS, Hub
from cogniflow.realtime.peer import MOST_PONGS
from cogniflow.realtime.protocol import Pong, Snap, encode
from cogniflow.realtime.websocket import upgrade_response
from tests.db.supervised import eventually
from tests.realtime.conftest import Rights
from tests.realtime.echo import EchoHub, NoFeed

TEXT, BINARY, CLOSE, PING, PONG = (websocket.ABNF.OPCODE_TEXT, websocket.ABNF.OPCODE_BINARY, websocket.ABNF.OPCODE_CLOSE,
                                   websocket.ABNF.OPCODE_PING, websocket.ABNF.OPCODE_PONG)


class Connected(websocket.WebSocket):
    """A client of a hub over TCP, already upgraded."""

    def __init__(self, hub: Hub, topic: str | None = None, **limits: int):
        super().__init__()
        with socket.create_server(("127.0.0.1", 0)) as listener:
            self.sock = socket.socket()
            for name, value in limits.items():
                self.sock.setsockopt(socket.SOL_SOCKET, getattr(socket, name), value)
            self.sock.connect(listener.getsockname())
            served, _ = listener.accept()
        self.sock.settimeout(20)
        self.connected = True
        hub.take(served, b"", "anna", topic)

    def say(self, type: str, **fields: object) -> None:
        """Send one message."""
        self.send(orjson.dumps({"type": type, **fields}).decode())

    def hear(self, type: str) -> dict:
        """The next message of a type."""
        while True:
            message = orjson.loads(self.recv())
            if message["type"] == type:
                return message

    def closed_with(self) -> bytes:
        """What the close frame says, and nothing comes after it."""
        while True:
            frame = self.recv_frame()
            if frame.opcode == CLOSE:
                return frame.data

    def is_at_end(self) -> bool:
        """Whether the server has closed the connection properly: an end, not a reset."""
        return self.sock.recv(1) == b""


@pytest.fixture
def hub(feed) -> Iterator[Hub]:
    running = Hub(feed)
    yield running
    running.stop()


def block(client: Connected, hub: Hub) -> None:
    """Send it more than its connection holds, and see it not taken."""
    peer = next(each for each in hub._peers if each.connection.getpeername() == client.sock.getsockname())
    snap = Snap("panel/large", "k", "r", "x" * 12_000_000)
    peer.subscriber.show(snap, encode(snap))
    eventually(lambda: peer.unsent)


@pytest.fixture
def echo() -> Iterator[Hub]:
    running = EchoHub(NoFeed())
    yield running
    running.stop()


def test_the_greeting_is_the_first_thing_the_client_reads(hub):
    ours, theirs = socket.socketpair()
    greeting = upgrade_response("dGhlIHNhbXBsZSBub25jZQ==")
    hub.take(theirs, greeting, "anna", "notes")
    ours.settimeout(20)
    read = b""
    while b'"subbed"' not in read:
        read += ours.recv(4096)
    assert read.startswith(greeting + b"\x81") and b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" in greeting
    ours.close()


@pytest.mark.parametrize("size", [0, 1, 125, 126, 65_535, 65_536, 1_000_000])
@pytest.mark.parametrize("opcode", [TEXT, BINARY])
def test_an_outside_client_hears_its_own_words_back(echo, size, opcode):
    client = Connected(echo)
    payload = b"x" * size
    client.send(payload, opcode)
    assert client.recv_data() == (opcode, payload)


def test_a_message_in_single_bytes_with_a_ping_between_its_fragments_arrives(echo):
    client = Connected(echo)
    frames = [websocket.ABNF.create_frame("Grüß", TEXT, 0), websocket.ABNF.create_frame(b"?", PING),
              websocket.ABNF.create_frame(" Gott", websocket.ABNF.OPCODE_CONT, 1)]
    for byte in b"".join(each.format() for each in frames):
        client.sock.send(bytes([byte]))
    assert client.recv_data(control_frame=True) == (PONG, b"?")
    assert client.recv_data() == (TEXT, "Grüß Gott".encode())


def test_the_close_frame_of_the_client_comes_back_and_then_the_end(hub):
    for payload in (b"", (1000).to_bytes(2) + b"done", (4321).to_bytes(2)):
        client = Connected(hub)
        client.send_frame(websocket.ABNF.create_frame(payload, CLOSE))
        assert client.closed_with() == payload
        assert client.is_at_end()


def test_whoever_is_closed_may_say_so_and_the_connection_ends_without_a_reset(hub):
    client = Connected(hub, "notes")
    client.hear("subbed")
    subscriber, = hub._feed.audience
    subscriber.close(4001, "signed out")
    assert client.closed_with()[:2] == (4001).to_bytes(2)
    client.send("what was on its way")
    client.send_close(4001)
    assert client.is_at_end()
    eventually(lambda: hub.health()["sockets"] == 0)


def test_whoever_does_not_answer_a_close_is_dropped_soon(hub):
    client = Connected(hub, "notes")
    client.hear("subbed")
    subscriber, = hub._feed.audience
    subscriber.close(4001, "signed out")
    client.closed_with()
    eventually(lambda: hub.health()["sockets"] == 0, PART_SECONDS + 5)
    assert client.is_at_end()


def test_nothing_is_answered_after_a_violation(hub):
    client = Connected(hub)
    client.sock.sendall(b"\x81\x05hello" + websocket.ABNF.create_frame('{"type":"ping"}', TEXT).format())
    assert client.closed_with()[:2] == (1002).to_bytes(2)


def test_many_messages_at_once_are_answered_in_order_and_others_meanwhile(hub, monkeypatch):
    busy, other = Connected(hub, "notes"), Connected(hub, "notes")
    for each in (busy, other):
        each.hear("subbed")
    held, go = threading.Event(), threading.Event()
    answer = Conversation.take

    def answer_when_told(conversation, text):
        if b'"hold"' in text:
            held.set()
            go.wait(20)
        answer(conversation, text)
    monkeypatch.setattr(Conversation, "take", answer_when_told)
    busy.say("ping", t="hold")
    assert held.wait(20)
    for number in range(5 * MOST_LATER):
        busy.say("ping", t=number)
    other.say("ping", t="quick")
    assert other.hear("pong")["t"] == "quick"
    go.set()
    assert [busy.hear("pong")["t"] for _ in range(5 * MOST_LATER + 1)] == ["hold", *range(5 * MOST_LATER)]


def test_whoever_has_gone_is_not_answered_and_keeps_nobody_waiting(hub, monkeypatch):
    asked, go, answered = threading.Semaphore(0), threading.Event(), []

    def answer_when_told(conversation, text):
        asked.release()
        go.wait(20)
        answered.append(orjson.loads(text)["t"])
    monkeypatch.setattr(Conversation, "take", answer_when_told)
    busy, patient = [Connected(hub) for _ in range(AT_ONCE)], Connected(hub)
    for each in busy:
        each.say("ping", t="busy")
        assert asked.acquire(timeout=20)
    gone = Connected(hub)
    gone.say("ping", t="gone")
    eventually(lambda: hub._answering._asked.qsize() == 1)
    gone.sock.close()
    eventually(lambda: hub.health()["sockets"] == AT_ONCE + 1)
    patient.say("ping", t="patient")
    go.set()
    eventually(lambda: len(answered) == AT_ONCE + 1)
    assert sorted(answered) == ["busy"] * AT_ONCE + ["patient"]


def test_an_answer_that_fails_ends_one_socket_with_1011_and_no_other(hub, monkeypatch):
    unlucky, other = Connected(hub), Connected(hub)
    answer = Conversation.take

    def fail(conversation, text):
        if b'"fail"' in text:
            raise RuntimeError("broken")
        answer(conversation, text)
    monkeypatch.setattr(Conversation, "take", fail)
    unlucky.say("ping", t="fail")
    assert unlucky.closed_with()[:2] == (1011).to_bytes(2)
    other.say("ping", t=1)
    assert other.hear("pong")["t"] == 1


def test_twenty_megabytes_arrive_byte_exact_at_a_slow_reader(hub):
    client = Connected(hub, "notes", SO_RCVBUF=65_536)
    client.hear("subbed")
    data = os.urandom(5_000_000).hex() * 2
    subscriber, = hub._feed.audience
    snap = Snap("panel/large", "k", "r", data)
    subscriber.show(snap, encode(snap))
    subscriber.say(Pong("after"))
    assert client.hear("snap")["data"] == data
    assert client.hear("pong")["t"] == "after"


def test_a_flood_of_pings_that_nobody_reads_the_answers_of_is_not_kept(hub):
    client = Connected(hub, "notes", SO_RCVBUF=4096)
    client.hear("subbed")
    block(client, hub)
    for number in range(1000):
        client.ping(f"{number:0125}")
    client.say("ping", t="last")
    peer, = hub._peers
    eventually(lambda: peer.subscriber.waiting)
    assert len(peer.answers) < MOST_PONGS + 200
    while (frame := client.recv_frame()).opcode != PONG or frame.data[-3:] != b"999":
        assert frame.opcode in (TEXT, PONG)


def test_clients_that_vanish_leave_nothing_behind(hub):
    open_files = len(os.listdir("/proc/self/fd"))
    for _ in range(10):
        clients = [Connected(hub, "notes") for _ in range(20)]
        for number, each in enumerate(clients):
            if number % 2:
                each.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")  # a reset
            each.sock.close()
    # the last of them may not have been taken in yet; beside them: the selector, the waker and the feed's reading connection
    eventually(lambda: len(os.listdir("/proc/self/fd")) <= open_files + 4)
    eventually(lambda: hub.health()["sockets"] == 0 and not len(hub._feed.audience))


def test_when_there_is_no_room_for_more_sockets_the_newest_is_sent_away_and_comes_back(feed, monkeypatch):
    monkeypatch.setattr("cogniflow.realtime.hub.room_for_sockets", lambda: 2)
    hub = Hub(feed)
    first, second, third = (Connected(hub, "notes") for _ in range(3))
    assert third.closed_with()[:2] == (1013).to_bytes(2)
    third.send_close(1013)
    assert third.is_at_end()
    first.sock.close()
    eventually(lambda: hub.health()["sockets"] == 1)
    Connected(hub, "notes").hear("subbed")
    second.hear("subbed")
    hub.stop()


def test_a_client_that_left_while_it_was_asked_whether_it_may_is_not_subscribed(hub, rights, monkeypatch):
    asked, go = threading.Event(), threading.Event()

    def slowly(self, caller, topic):
        asked.set()
        return go.wait(20)
    monkeypatch.setattr(Rights, "may_subscribe", slowly)
    client = Connected(hub, "notes")
    assert asked.wait(20)
    client.sock.close()
    eventually(lambda: hub.health()["sockets"] == 0)
    go.set()
    monkeypatch.undo()
    last = Connected(hub, "notes")
    last.hear("subbed")
    assert len(hub._feed.audience) == 1


def test_at_the_end_everyone_hears_bye_and_1012_even_beside_one_who_does_not_read(hub):
    deaf = Connected(hub, "notes", SO_RCVBUF=4096)
    polite = Connected(hub, "notes")
    for each in (deaf, polite):
        each.hear("subbed")
    block(deaf, hub)
    ending = threading.Thread(target=hub.stop)
    ending.start()
    assert polite.hear("bye")["retry_ms"] > 0
    assert polite.closed_with()[:2] == (1012).to_bytes(2)
    ending.join(20)
    assert not ending.is_alive()
    with pytest.raises(Unavailable):
        Connected(hub, "notes")
