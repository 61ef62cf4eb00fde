"""WebSocket on the wire, the server's side (RFC 6455): bytes in, messages out, and back; it owns no socket and no thread."""

import base64
import codecs
import hashlib
from collections.abc import Iterable, Iterator
from typing import NamedTuple

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0x0, 0x1, 0x2, 0x8, 0x9, 0xA
FINAL, RESERVED, OPCODE, CONTROL = 0x80, 0x70, 0x0F, 0x08
MASKED, SIZE, TWO_BYTES, EIGHT_BYTES = 0x80, 0x7F, 126, 127
FIRST_BYTES = frozenset({CONTINUATION, TEXT, BINARY, *(FINAL | each for each in (CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG))})
"""Every way a frame may begin when no extension was agreed on; the others are reserved, or control frames in fragments."""
MOST_CONTROL = 125
"""A ping, pong or close carries at most so many bytes (5.5)."""
CLOSE_CODES = frozenset({*range(1000, 1004), *range(1007, 1015), *range(3000, 5000)})
"""What a close frame may say (7.4 and its registry): 1004 has no meaning; 1005, 1006 and 1015 are never sent."""
PROTOCOL_ERROR, NOT_UTF8, TOO_LONG, FAILED = 1002, 1007, 1009, 1011
GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


class ProtocolError(Exception):
    """The client broke the protocol: its socket is to be closed with this code and reason."""

    def __init__(self, code: int, reason: str):
        super().__init__(f"{code} {reason}")
        self.code, self.reason = code, reason


class Text(NamedTuple):
    """A whole text message in UTF-8, its fragments joined."""

    payload: bytes


class Binary(NamedTuple):
    """A whole binary message, its fragments joined."""

    payload: bytes


class Ping(NamedTuple):
    """The client wants a pong with the same payload."""

    payload: bytes


class Pong(NamedTuple):
    """The client answers a ping, or says unasked that it is there."""

    payload: bytes


class Close(NamedTuple):
    """The client ends the conversation; `code` is None when it gave none."""

    code: int | None
    reason: str


Event = Text | Binary | Ping | Pong | Close
KINDS = {TEXT: Text, BINARY: Binary, PING: Ping, PONG: Pong}


class Decoder:
    """Turns the bytes one client sends into its messages; between messages it keeps no buffer.

    `most_bytes` is the longest message taken, its fragments together.
    """

    __slots__ = ("_most", "_rest", "_message")

    def __init__(self, most_bytes: int):
        self._most = most_bytes
        self._rest: bytes | None = b""
        self._message: _Message | None = None

    def receive(self, data: bytes) -> Iterator[Event]:
        """What `data` completes, in the order sent; read it to the end. After a close or an error nothing is taken any more.

        ProtocolError 1002, 1007 (not UTF-8, at the first byte that cannot be) or 1009 (too long, at its header), after what
        came before.
        """
        if self._rest is None:
            return
        # None until the end: an error or a close leaves it so
        data, self._rest, at = self._rest + data, None, 0
        while True:
            if (message := self._message) and message.missing is not None:
                at = message.take(data, at)
                if message.missing:
                    break
                message.missing = None
                if message.final:
                    self._message = None
                    yield KINDS[message.opcode](bytes(message.payload))
                continue
            if (header := _header(data, at)) is None:
                break
            first, size, start = header
            end = start + size
            if first & CONTROL or (message is None and first > FINAL and size <= self._most and end <= len(data)):
                if end > len(data):
                    break
                yield _whole(first & OPCODE, _unmask(data[start:end], data[start - 4:start]))
                if first == FINAL | CLOSE:
                    return
                at = end
            else:
                self._begin(first, size, data[start - 4:start])
                at = start
        self._rest = data[at:]

    def _begin(self, first: int, size: int, mask: bytes) -> None:
        if first & OPCODE == CONTINUATION:
            if self._message is None:
                raise ProtocolError(PROTOCOL_ERROR, "continuation of nothing")
        elif self._message is not None:
            raise ProtocolError(PROTOCOL_ERROR, "new message inside a fragmented one")
        else:
            self._message = _Message(first & OPCODE)
        if len(self._message.payload) + size > self._most:
            raise ProtocolError(TOO_LONG, "message too long")
        self._message.begin(bool(first & FINAL), size, mask)


class _Message:
    """A data message that came in part: in fragments, or in a frame of which bytes are missing."""

    __slots__ = ("opcode", "payload", "utf8", "final", "missing", "mask")

    def __init__(self, opcode: int):
        self.opcode, self.payload = opcode, bytearray()
        self.utf8 = codecs.getincrementaldecoder("utf-8")() if opcode == TEXT else None
        self.missing: int | None = None

    def begin(self, final: bool, size: int, mask: bytes) -> None:
        """Open a frame; `missing` is None between two."""
        self.final, self.missing, self.mask = final, size, mask

    def take(self, data: bytes, at: int) -> int:
        """Add what `data` holds of the open frame from `at` on; where the frame, or `data`, ends."""
        end = min(at + self.missing, len(data))
        piece, turn = _unmask(data[at:end], self.mask), (end - at) % 4
        self.missing -= end - at
        self.mask = self.mask[turn:] + self.mask[:turn]
        self.payload += piece
        if self.utf8:
            _decode(piece, self.utf8, self.final and not self.missing)
        return end


def _header(data: bytes, at: int) -> tuple[int, int, int] | None:
    """First byte, payload size and payload start of the frame at `at`, its mask before it; None while incomplete."""
    if len(data) < at + 2:
        return None
    first, second = data[at], data[at + 1]
    if first not in FIRST_BYTES:
        raise ProtocolError(PROTOCOL_ERROR, _why_not(first))
    if second < MASKED:
        raise ProtocolError(PROTOCOL_ERROR, "unmasked frame")
    size, start = second & SIZE, at + 2
    if size >= TWO_BYTES:
        if first & CONTROL:
            raise ProtocolError(PROTOCOL_ERROR, "control frame too long")
        least, start = (TWO_BYTES, at + 4) if size == TWO_BYTES else (0x10000, at + 10)
        if len(data) < start:
            return None
        size = int.from_bytes(data[at + 2:start])
        if not least <= size < 1 << 63:
            raise ProtocolError(PROTOCOL_ERROR, "length not in its shortest form" if size < least else "length beyond 63 bits")
    return None if len(data) < start + 4 else (first, size, start + 4)


def _why_not(first: int) -> str:
    if first & RESERVED:
        return "reserved bit"
    return "reserved opcode" if first | FINAL not in FIRST_BYTES else "fragmented control frame"


def _unmask(payload: bytes, mask: bytes) -> bytes:
    size = len(payload)
    return (int.from_bytes(payload) ^ int.from_bytes((mask * (size // 4 + 1))[:size])).to_bytes(size)


def _decode(piece: bytes, decoder: codecs.IncrementalDecoder | None = None, final: bool = True) -> str:
    try:
        text = decoder.decode(piece, final) if decoder else piece.decode()
    except UnicodeDecodeError:
        raise ProtocolError(NOT_UTF8, "not UTF-8") from None
    # Python waits for the third byte of a surrogate, though its second says that it is one
    if decoder and b"\xed\xa0" <= decoder.getstate()[0] < b"\xed\xc0":
        raise ProtocolError(NOT_UTF8, "not UTF-8")
    return text


def _whole(opcode: int, payload: bytes) -> Event:
    if opcode == CLOSE:
        return _close(payload)
    if opcode == TEXT and not payload.isascii():
        _decode(payload)
    return KINDS[opcode](payload)


def _close(payload: bytes) -> Close:
    if not payload:
        return Close(None, "")
    # of one byte alone no code is valid
    if (code := int.from_bytes(payload[:2])) not in CLOSE_CODES:
        raise ProtocolError(PROTOCOL_ERROR, "no valid close code")
    return Close(code, _decode(payload[2:]))


def text_frame(payload: bytes) -> bytes:
    """A text message as a server sends it: one frame, unmasked, so the same bytes for every client."""
    return _frame(TEXT, payload)


def text_frames(payloads: Iterable[bytes]) -> bytes:
    """The frames of some text messages, one after the other."""
    return b"".join(map(text_frame, payloads))


def pong_frame(payload: bytes) -> bytes:
    """The answer to a ping with its payload."""
    return _frame(PONG, payload)


def close_frame(code: int | None, reason: str = "") -> bytes:
    """The end, or the answer to the client's; the reason is cut, between two characters, to what a control frame holds."""
    if code is None:
        return _frame(CLOSE, b"")
    kept = reason.encode()[:MOST_CONTROL - 2].decode(errors="ignore").encode()
    return _frame(CLOSE, code.to_bytes(2) + kept)


def _frame(opcode: int, payload: bytes) -> bytes:
    size = len(payload)
    if size < TWO_BYTES:
        return bytes((FINAL | opcode, size)) + payload
    if size < 0x10000:
        return bytes((FINAL | opcode, TWO_BYTES)) + size.to_bytes(2) + payload
    return bytes((FINAL | opcode, EIGHT_BYTES)) + size.to_bytes(8) + payload


def accept_key(key: str) -> str:
    """What proves to the client that its `Sec-WebSocket-Key` was read (4.2.2)."""
    return base64.b64encode(hashlib.sha1((key + GUID).encode(), usedforsecurity=False).digest()).decode()


def upgrade_response(key: str) -> bytes:
    """The whole answer to a handshake: from here on the connection speaks WebSocket, without extensions."""
    return (
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        f"Sec-WebSocket-Accept: {accept_key(key)}\r\n\r\n"
    ).encode()
