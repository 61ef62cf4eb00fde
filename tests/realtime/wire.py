"""Both ends of a WebSocket without a socket: a client's frames as raw bytes, and a peer that echoes."""

from collections.abc import Iterator
from itertools import cycle
from operator import xor

import pytest
from wsproto.connection import Connection, ConnectionType
from wsproto.events import BytesMessage, CloseConnection, Event, Pong, TextMessage

from cogniflow.realtime import websocket
from cogniflow.realtime.websocket import Decoder, ProtocolError

MASK = bytes.fromhex("37fa213d")
Answer = tuple[str, bytes | int]
"""("text" or "binary" or "pong", payload) or ("close", code); 1005 for a close without a code."""


def frame(opcode: int, payload: bytes = b"", *, final: bool = True, reserved: int = 0, mask: bytes = MASK) -> bytes:
    """One frame as a client sends it; `reserved` is the three bits that stand for nothing, 0 to 7."""
    first, size = final << 7 | reserved << 4 | opcode, len(payload)
    if size < 126:
        head = bytes([first, 0x80 | size])
    else:
        head = bytes([first, 0xFE]) + size.to_bytes(2) if size < 0x10000 else bytes([first, 0xFF]) + size.to_bytes(8)
    return head + mask + bytes(map(xor, payload, cycle(mask)))


def binary_frame(payload: bytes) -> bytes:
    """A binary message as a server sends it; ours sends only text."""
    return b"\x82" + websocket.text_frame(payload)[1:]


def heard(*chunks: bytes, most_bytes: int = 1 << 20) -> list[websocket.Event]:
    """What a decoder tells of the pieces."""
    decoder = Decoder(most_bytes)
    return [event for chunk in chunks for event in decoder.receive(chunk)]


def refused(*chunks: bytes, most_bytes: int = 1 << 20) -> tuple[list[websocket.Event], int, str]:
    """The events before the error that there must be, its code and its reason."""
    decoder, events = Decoder(most_bytes), []
    with pytest.raises(ProtocolError) as error:
        for chunk in chunks:
            for event in decoder.receive(chunk):
                events.append(event)
    return events, error.value.code, error.value.reason


def same(one: list[websocket.Event], other: list[websocket.Event]) -> bool:
    """Equal in kind too: named tuples of two kinds may be equal."""
    return [(type(each), each) for each in one] == [(type(each), each) for each in other]


class Echo:
    """A server that sends back every message, answers pings, and ends as the protocol wants; `open` until then."""

    def __init__(self, most_bytes: int = 1 << 24):
        self._decoder = Decoder(most_bytes)
        self.open = True

    def receive(self, data: bytes) -> bytes:
        """What is sent for `data`."""
        return b"".join(self._answers(data))

    def _answers(self, data: bytes) -> Iterator[bytes]:
        try:
            for event in self._decoder.receive(data):
                match event:
                    case websocket.Text(payload):
                        yield websocket.text_frame(payload)
                    case websocket.Binary(payload):
                        yield binary_frame(payload)
                    case websocket.Ping(payload):
                        yield websocket.pong_frame(payload)
                    case websocket.Close(code, reason):
                        self.open = False
                        yield websocket.close_frame(code, reason)
        except ProtocolError as error:
            self.open = False
            yield websocket.close_frame(error.code, error.reason)


def answers(sent: bytes) -> list[Answer]:
    """What another implementation, wsproto's client, makes of the bytes a server sent."""
    client = Connection(ConnectionType.CLIENT)
    client.receive_data(sent)
    return [_answer(event) for event in client.events()]


def _answer(event: Event) -> Answer:
    match event:
        case TextMessage(message_finished=True):
            return "text", event.data.encode()
        case BytesMessage(message_finished=True):
            return "binary", bytes(event.data)
        case Pong():
            return "pong", bytes(event.payload)
        case CloseConnection():
            return "close", event.code
    raise AssertionError(event)
