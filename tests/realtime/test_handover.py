"""Sockets change hands between two processes: none is lost, none is answered twice, and none is taken from a stranger."""

import contextlib
import os
import socket
import stat
import threading
from collections.abc import Iterator
from pathlib import Path

import orjson
import psycopg
import pytest

from cogniflow.errors import Unavailable
from cogniflow.realtime.feed import Feed
from cogniflow.realtime.handover import Handover, Reception, listen
from cogniflow.realtime.hub import Hub
from tests.db.supervised import eventually
from tests.realtime.conftest import EVENTS, company, connect, rights, url, writer  # noqa: F401

GREETING = b"HTTP/1.1 101 Switching Protocols\r\nX-Said: \xfcber\r\n\r\n"


@pytest.fixture
def hub(url, rights) -> Iterator[Hub]:  # noqa: F811
    running = Hub(Feed(url, EVENTS, rights))
    running.start()
    yield running
    running.stop()


@pytest.fixture
def listener(tmp_path: Path) -> Iterator[socket.socket]:
    with listen(tmp_path / "s") as listening:
        yield listening


@pytest.fixture
def handover(tmp_path: Path, listener: socket.socket) -> Handover:
    return Handover(tmp_path / "s", str.encode)


def client_and_server() -> tuple[socket.socket, socket.socket]:
    """Both ends of a TCP connection."""
    with socket.create_server(("127.0.0.1", 0)) as door:
        client = socket.create_connection(door.getsockname(), timeout=20)
        return client, door.accept()[0]


def received(client: socket.socket, text: bytes) -> bytes:
    """What the client is sent until the text is in it."""
    got = b""
    while text not in got:
        more = client.recv(4096)
        assert more, got
        got += more
    return got


def test_what_is_handed_over_before_anybody_accepts_waits_and_is_served_in_full(handover, listener, hub, rights):  # noqa: F811
    rights.forbidden.add("balances")
    client, server = client_and_server()
    handover.take(server, GREETING, "anna", "notes")
    other, second = client_and_server()
    handover.take(second, GREETING, "otto", "balances")
    assert server.fileno() == -1, "it is no longer ours"
    reception = Reception(listener, hub, bytes.decode)
    reception.start()
    said = received(client, b'"type":"subbed"')
    assert said.startswith(GREETING) and b'"topic":"notes"' in said
    assert b'"code":"forbidden"' in received(other, b"forbidden")
    assert handover.health()["subscribers"] == 2
    reception.stop()


def test_with_nobody_there_it_is_refused_and_the_socket_is_still_ours(tmp_path):
    client, server = client_and_server()
    for path in (tmp_path / "nothing", tmp_path):
        with pytest.raises(Unavailable, match="realtime process"):
            Handover(path, str.encode).take(server, GREETING, "anna", None)
    server.sendall(b"HTTP/1.1 503\r\n\r\n")
    assert client.recv(100) == b"HTTP/1.1 503\r\n\r\n"


def test_a_process_that_hangs_is_told_of_and_a_full_queue_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("cogniflow.realtime.handover.PATIENCE", 1)
    monkeypatch.setattr("cogniflow.realtime.handover.MOST_QUEUED", 1)
    with listen(tmp_path / "s"):
        handover = Handover(tmp_path / "s", str.encode)
        for _ in range(2):
            with pytest.raises(Unavailable):
                handover.health()
        client, server = client_and_server()
        with pytest.raises(Unavailable):
            handover.take(server, GREETING, "anna", None)
        assert server.fileno() > 0


def test_nonsense_at_the_door_ends_nobody_elses_service(handover, listener, hub, tmp_path):
    reception = Reception(listener, hub, bytes.decode)
    reception.start()
    for nonsense in (b"", b"\xff\xfe", b"[1,2,3]", b'["anna"]', b"x" * 300_000):
        client, server = client_and_server()
        with socket.socket(socket.AF_UNIX) as stranger, server:
            stranger.connect(str(tmp_path / "s"))
            if nonsense:
                socket.send_fds(stranger, [nonsense[:1]], [server.fileno()])
                with contextlib.suppress(OSError):  # nobody hears too long a message to its end
                    stranger.sendall(nonsense[1:])
        assert client.recv(1) == b"" if nonsense else True
    client, server = client_and_server()
    handover.take(server, GREETING, "anna", "notes")
    received(client, b"subbed")
    reception.stop()


def open_nowhere() -> int:
    """How many of this process's files are /dev/null."""
    files = (Path("/proc/self/fd") / each for each in os.listdir("/proc/self/fd"))
    return sum(each.exists() and os.path.samefile(each, os.devnull) for each in files)


def test_of_what_is_handed_over_at_once_only_one_socket_is_kept_open(handover, listener, hub, tmp_path):
    reception = Reception(listener, hub, bytes.decode)
    reception.start()
    before = open_nowhere()
    with open(os.devnull) as no_socket:
        for handed in ([no_socket.fileno()], [no_socket.fileno()] * 20):
            with socket.socket(socket.AF_UNIX) as stranger:
                stranger.connect(str(tmp_path / "s"))
                for number in handed:
                    socket.send_fds(stranger, [b"["], [number])
    client, server = client_and_server()
    handover.take(server, GREETING, "anna", "notes")
    received(client, b"subbed")
    client.close()
    eventually(lambda: open_nowhere() <= before)
    reception.stop()


def test_what_came_before_the_end_is_taken_and_what_comes_after_waits_for_the_next(handover, listener, hub, url, rights):  # noqa: F811
    first = Reception(listener, hub, bytes.decode)
    first.start()
    client, server = client_and_server()
    handover.take(server, GREETING, "anna", "notes")
    received(client, b"subbed")
    first.stop()
    late, server = client_and_server()
    handover.take(server, GREETING, "otto", "notes")
    hub.stop()
    assert b"bye" in received(client, b"bye")

    following = Hub(Feed(url, EVENTS, rights))
    second = Reception(listener, following, bytes.decode)
    second.start()
    assert received(late, b"subbed").startswith(GREETING)
    second.stop()
    following.stop()


def test_what_was_half_said_at_the_end_is_heard_out(listener, hub, tmp_path):
    reception = Reception(listener, hub, bytes.decode)
    reception.start()
    client, server = client_and_server()
    message = orjson.dumps(["anna", "notes", GREETING.decode("latin-1")])
    ending = threading.Thread(target=reception.stop)
    with socket.socket(socket.AF_UNIX) as worker:
        worker.connect(str(tmp_path / "s"))
        socket.send_fds(worker, [message[:5]], [server.fileno()])
        eventually(lambda: any(each.handed for each in list(reception._messages.values())))
        ending.start()
        eventually(lambda: len(reception._selector.get_map()) == 1)  # it accepts no more
        worker.sendall(message[5:])
    assert received(client, b"subbed").startswith(GREETING)
    ending.join()


def test_only_the_owner_of_the_folder_reaches_the_socket_and_a_long_path_is_no_hindrance(tmp_path, hub):
    folder = tmp_path / ("a" * 100) / ("b" * 100)
    folder.mkdir(parents=True)
    with listen(folder / "s") as listening:
        assert stat.S_IMODE(os.stat(folder / "s").st_mode) == 0o600
        reception = Reception(listening, hub, bytes.decode)
        reception.start()
        client, server = client_and_server()
        Handover(folder / "s", str.encode).take(server, GREETING, "anna", "notes")
        received(client, b"subbed")
        reception.stop()


def test_many_at_once_are_all_served(handover, listener, hub, writer: psycopg.Connection):  # noqa: F811
    reception = Reception(listener, hub, bytes.decode)
    reception.start()
    pairs = [client_and_server() for _ in range(100)]
    threads = [threading.Thread(target=handover.take, args=(server, GREETING, "anna", "notes")) for _, server in pairs]
    for each in threads:
        each.start()
    for client, _ in pairs:
        received(client, b"subbed")
    writer.execute("INSERT INTO notes (number) VALUES ('a')")
    for client, _ in pairs:
        received(client, b"notes_updated")
    reception.stop()
