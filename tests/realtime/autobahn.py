"""The cases of the Autobahn suite by their numbers: chapters 1 to 5, 7, 9 and 10; chapter 6 is in `autobahn_utf8.py`."""

from typing import NamedTuple

from cogniflow.realtime.websocket import BINARY, CLOSE, CONTINUATION, NOT_UTF8, PING, PONG, PROTOCOL_ERROR, TEXT
from tests.realtime.wire import Answer, frame

AT_ONCE, FRAMEWISE = 0, -1
HELLO = b"Hello, world!"
SMALL_BINARY = bytes.fromhex("00fffefdfcfb00ff")
SCALE = 16
"""Chapter 9 sends megabytes; here a sixteenth of each message but 9.1.4, in fragments and pieces of the sizes there."""
K, M = 1024 // SCALE, 1024 * 1024 // SCALE


class Sent(NamedTuple):
    """One frame of the client."""

    opcode: int
    payload: bytes = b""
    final: bool = True
    reserved: int = 0


class Case(NamedTuple):
    """What is sent, what must be answered, and in what pieces: AT_ONCE, FRAMEWISE, of so many bytes, or cut at positions.

    `ends_in` is the piece by which the connection must have been ended, where that is asked.
    """

    sent: tuple[Sent, ...]
    answers: list[Answer]
    pieces: int | tuple[int, ...] = AT_ONCE
    ends_in: int | None = None

    def chunks(self) -> list[bytes]:
        """The bytes of each piece."""
        frames = [frame(each.opcode, each.payload, final=each.final, reserved=each.reserved) for each in self.sent]
        if self.pieces == FRAMEWISE:
            return frames
        data = b"".join(frames)
        if isinstance(self.pieces, int):
            cuts = range(self.pieces, len(data), self.pieces) if self.pieces else ()
        else:
            cuts = self.pieces
        return [data[start:end] for start, end in zip((0, *cuts), (*cuts, len(data)), strict=True)]


def fails(code: int) -> list[Answer]:
    """The connection is ended with this code, and nothing else said."""
    return [("close", code)]


def in_fragments(opcode: int, *payloads: bytes) -> tuple[Sent, ...]:
    """One message in as many frames as there are payloads."""
    last = len(payloads) - 1
    return tuple(Sent(CONTINUATION if n else opcode, each, n == last) for n, each in enumerate(payloads))


def closing(code: int, reason: bytes = b"") -> Sent:
    """A close frame, of any code and with any bytes for a reason."""
    return Sent(CLOSE, code.to_bytes(2) + reason)


def _framing() -> dict[str, Case]:
    cases = {}
    for chapter, opcode, name, byte in ("1.1", TEXT, "text", b"*"), ("1.2", BINARY, "binary", b"\xfe"):
        for number, (size, pieces) in enumerate([(0, 0), (125, 0), (126, 0), (127, 0), (128, 0), (65535, 0), (65536, 0),
                                                 (65536, 997)], 1):
            cases[f"{chapter}.{number}"] = Case((Sent(opcode, byte * size),), [(name, byte * size)], pieces)
    return cases


def _pings() -> dict[str, Case]:
    ten = [b"payload-%d" % number for number in range(10)]
    full = b"\xfe" * 125
    return {
        "2.1": Case((Sent(PING),), [("pong", b"")]),
        "2.2": Case((Sent(PING, HELLO),), [("pong", HELLO)]),
        "2.3": Case((Sent(PING, SMALL_BINARY),), [("pong", SMALL_BINARY)]),
        "2.4": Case((Sent(PING, full),), [("pong", full)]),
        "2.5": Case((Sent(PING, full + b"\xfe"),), fails(PROTOCOL_ERROR)),
        "2.6": Case((Sent(PING, full),), [("pong", full)], 1),
        "2.7": Case((Sent(PONG),), []),
        "2.8": Case((Sent(PONG, b"unsolicited pong payload"),), []),
        "2.9": Case((Sent(PONG, b"unsolicited pong payload"), Sent(PING, b"ping payload")), [("pong", b"ping payload")]),
        "2.10": Case(tuple(Sent(PING, each) for each in ten), [("pong", each) for each in ten]),
        "2.11": Case(tuple(Sent(PING, each) for each in ten), [("pong", each) for each in ten], 1),
    }


def _reserved_bits() -> dict[str, Case]:
    hello, failed = Sent(TEXT, HELLO), fails(PROTOCOL_ERROR)
    after_hello = [("text", HELLO), *failed]
    return {
        "3.1": Case((Sent(TEXT, HELLO, reserved=1),), failed),
        "3.2": Case((hello, Sent(TEXT, HELLO, reserved=2), Sent(PING)), after_hello),
        "3.3": Case((hello, Sent(TEXT, HELLO, reserved=3), Sent(PING)), after_hello, FRAMEWISE),
        "3.4": Case((hello, Sent(TEXT, HELLO, reserved=4), Sent(PING)), after_hello, 1),
        "3.5": Case((Sent(BINARY, SMALL_BINARY, reserved=5),), failed),
        "3.6": Case((Sent(PING, HELLO, reserved=6),), failed),
        "3.7": Case((Sent(CLOSE, reserved=7),), failed),
    }


def _reserved_opcodes() -> dict[str, Case]:
    cases, failed = {}, fails(PROTOCOL_ERROR)
    for chapter, first in ("4.1", 3), ("4.2", 11):
        hello, ping = Sent(TEXT, HELLO), Sent(PING)
        cases |= {
            f"{chapter}.1": Case((Sent(first),), failed),
            f"{chapter}.2": Case((Sent(first + 1, HELLO),), failed),
            f"{chapter}.3": Case((hello, Sent(first + 2), ping), [("text", HELLO), *failed]),
            f"{chapter}.4": Case((hello, Sent(first + 3, HELLO), ping), [("text", HELLO), *failed]),
            f"{chapter}.5": Case((hello, Sent(first + 4, HELLO), ping), [("text", HELLO), *failed], 1),
        }
    return cases


def _fragmentation() -> dict[str, Case]:
    failed, one, two = fails(PROTOCOL_ERROR), b"fragment1", b"fragment2"
    start, end = in_fragments(TEXT, one, two)
    whole, ping, pong = [("text", one + two)], Sent(PING, b"ping payload"), ("pong", b"ping payload")
    cases = {
        "5.1": Case(in_fragments(PING, one, two), failed),
        "5.2": Case(in_fragments(PONG, one, two), failed),
        "5.15": Case((start, end, Sent(CONTINUATION, b"fragment3", final=False), Sent(TEXT, b"fragment4")), [*whole, *failed]),
        "5.16": Case((Sent(CONTINUATION, one, final=False), *in_fragments(TEXT, two, b"fragment3")) * 2, failed),
        "5.17": Case((Sent(CONTINUATION, one), *in_fragments(TEXT, two, b"fragment3")) * 2, failed),
        "5.18": Case((start, Sent(TEXT, two)), failed),
    }
    for number, pieces in enumerate((AT_ONCE, FRAMEWISE, 1)):
        cases[f"5.{3 + number}"] = Case((start, end), whole, pieces)
        cases[f"5.{6 + number}"] = Case((start, ping, end), [pong, *whole], pieces)
        for first, final in (9, True), (12, False):
            nothing_to_continue = Sent(CONTINUATION, b"non-continuation payload", final)
            cases[f"5.{first + number}"] = Case((nothing_to_continue, Sent(TEXT, HELLO)), failed, pieces)
    five = in_fragments(TEXT, *(b"fragment%d" % number for number in range(1, 6)))
    pings = Sent(PING, b"pongme 1!"), Sent(PING, b"pongme 2!")
    mixed = (*five[:2], pings[0], *five[2:4], pings[1], five[4])
    heard = [*(("pong", each.payload) for each in pings), ("text", b"".join(each.payload for each in five))]
    return cases | {"5.19": Case(mixed, heard), "5.20": Case(mixed, heard, FRAMEWISE)}


def _closing() -> dict[str, Case]:
    hello, ended, failed = Sent(TEXT, HELLO), fails(1000), fails(PROTOCOL_ERROR)
    start, end = in_fragments(TEXT, b"fragment1", b"fragment2")
    large = _filled(256 * 1024)
    cases = {
        "7.1.1": Case((hello, closing(1000)), [("text", HELLO), *ended]),
        "7.1.2": Case((closing(1000), Sent(CLOSE)), ended),
        "7.1.3": Case((closing(1000), Sent(PING)), ended),
        "7.1.4": Case((closing(1000), hello), ended),
        "7.1.5": Case((start, closing(1000), end), ended),
        "7.1.6": Case((Sent(TEXT, large), hello, closing(1000), Sent(PING)), [("text", large), ("text", HELLO), *ended]),
        "7.3.1": Case((Sent(CLOSE),), fails(1005)),
        "7.3.2": Case((Sent(CLOSE, b"a"),), failed),
        "7.3.3": Case((closing(1000),), ended),
        "7.3.4": Case((closing(1000, HELLO),), ended),
        "7.3.5": Case((closing(1000, b"*" * 123),), ended),
        "7.3.6": Case((closing(1000, b"*" * 124),), failed),
        "7.5.1": Case((closing(1000, bytes.fromhex("cebae1bdb9cf83cebcceb5eda080656469746564")),), fails(NOT_UTF8)),
    }
    for number, code in enumerate((1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999), 1):
        cases[f"7.7.{number}"] = Case((closing(code),), fails(code))
    for number, code in enumerate((0, 999, 1004, 1005, 1006, 1016, 1100, 2000, 2999), 1):
        cases[f"7.9.{number}"] = Case((closing(code),), failed)
    # what the standard leaves open is refused here
    return cases | {f"7.13.{number}": Case((closing(code),), failed) for number, code in ((1, 5000), (2, 65535))}


def _limits() -> dict[str, Case]:
    cases = {}
    for kind, (opcode, name) in enumerate([(TEXT, "text"), (BINARY, "binary")]):
        for number, size in enumerate((64 * K, 256 * K, M, 4 * M, 8 * M, 16 * M), 1):
            payload = _filled(size * SCALE if (kind, number) == (0, 4) else size)
            cases[f"9.{1 + kind}.{number}"] = Case((Sent(opcode, payload),), [(name, payload)])
        for number in range(1, 10):
            cases[f"9.{3 + kind}.{number}"] = _in_fragments_of(16 * 4 ** number, opcode, name, b"*" * 4 * M)
        for number in range(1, 7):
            payload = _filled(M)
            cases[f"9.{5 + kind}.{number}"] = Case((Sent(opcode, payload),), [(name, payload)], 32 * 2 ** number)
        for number, size in enumerate((0, 16, 64, 256, 1024, 4096), 1):
            count, payload = 1000 // SCALE, b"*\xfe"[kind:kind + 1] * size
            cases[f"9.{7 + kind}.{number}"] = Case((Sent(opcode, payload),) * count, [(name, payload)] * count, FRAMEWISE)
    return cases


def _filled(size: int) -> bytes:
    return (b"BAsd7&jh23" * (size // 10 + 1))[:size]


def _in_fragments_of(size: int, opcode: int, name: str, payload: bytes) -> Case:
    pieces = (payload[at:at + size] for at in range(0, len(payload), size))
    return Case(in_fragments(opcode, *pieces), [(name, payload)])


CASES = {**_framing(), **_pings(), **_reserved_bits(), **_reserved_opcodes(), **_fragmentation(), **_closing(), **_limits(),
         "10.1.1": _in_fragments_of(1300, TEXT, "text", b"*" * 65536)}
