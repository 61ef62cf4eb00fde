"""Chapter 6 of the Autobahn suite: UTF-8 in fragments, told wrong at once, and the boundaries of Markus Kuhn's stress test."""

from cogniflow.realtime.websocket import NOT_UTF8, TEXT
from tests.realtime.autobahn import FRAMEWISE, Case, Sent, fails, in_fragments

GREEK = bytes.fromhex("cebae1bdb9cf83cebcceb5")
SURROGATE, BEYOND = bytes.fromhex("eda080"), bytes.fromhex("f4908080")
REST = b"edited"
HEADER = 6
"""Bytes of a small frame before its payload."""
UNFINISHED = "c0 e080 f08080 f8808080 fc80808080 df efbf f7bfbf fbbfbfbf fdbfbfbfbf"
"""Sequences whose last byte is missing."""


def _in_hex(words: str) -> list[bytes]:
    return [bytes.fromhex(word) for word in words.split()]


def _lonely(first: int, last: int) -> bytes:
    return b"".join(bytes([each, 0x20]) for each in range(first, last))


VALID, INVALID = True, False
WHOLE_PREFIXES = {2, 5, 7, 9, 11}
"""How many bytes of GREEK end with a whole character."""
STRESS: dict[int, list[tuple[bool, list[bytes]]]] = {
    5: [(VALID, [b"hello$world", "hello¢world".encode(), "hello€world".encode(), "hello\U00024b62world".encode(), GREEK])],
    6: [(size in WHOLE_PREFIXES, [GREEK[:size]]) for size in range(1, len(GREEK) + 1)],
    7: [(VALID, _in_hex("00 c280 e0a080 f0908080"))],
    8: [(INVALID, _in_hex("f888808080 fc8480808080"))],
    9: [(VALID, _in_hex("7f dfbf efbfbf f48fbfbf"))],
    10: [(INVALID, _in_hex("f7bfbfbf fbbfbfbfbf fdbfbfbfbfbf"))],
    11: [(VALID, _in_hex("ed9fbf ee8080 efbfbd f48fbfbf")), (INVALID, [BEYOND])],
    12: [(INVALID, [*_in_hex("80 bf 80bf 80bf80 80bf80bf 80bf80bf80 80bf80bf80bf"), bytes(range(0x80, 0xBF))])],
    13: [(INVALID, [_lonely(0xC0, 0xDF), _lonely(0xE0, 0xEF), _lonely(0xF0, 0xF7), _lonely(0xF8, 0xFB), _lonely(0xFC, 0xFD)])],
    14: [(INVALID, _in_hex(UNFINISHED))],
    15: [(INVALID, [b"".join(_in_hex(UNFINISHED))])],
    16: [(INVALID, _in_hex("fe ff fefeffff"))],
    17: [(INVALID, _in_hex("c0af e080af f08080af f8808080af fc80808080af"))],
    18: [(INVALID, _in_hex("c1bf e09fbf f08fbfbf f887bfbfbf fc83bfbfbfbf"))],
    19: [(INVALID, _in_hex("c080 e08080 f0808080 f880808080 fc8080808080"))],
    20: [(INVALID, _in_hex("eda080 edadbf edae80 edafbf edb080 edbe80 edbfbf"))],
    21: [(INVALID, [high + low for high in _in_hex("eda080 edadbf edae80 edafbf") for low in _in_hex("edb080 edbfbf")])],
    22: [(VALID, [chr(plane << 16 | last).encode() for plane in range(17) for last in (0xFFFE, 0xFFFF)])],
    23: [(VALID, _in_hex("efbfb9 efbfba efbfbb efbfbc efbfbd efbfbe efbfbf"))],
}
"""By section, in the order of their numbers: runs of texts that are valid, or are not."""


def _in_fragments() -> dict[str, Case]:
    umlauts = "Hello-µ@ßöäüàá-UTF-8!!".encode()
    split = len("Hello-µ@ßöä".encode())
    octets = [umlauts[at:at + 1] for at in range(len(umlauts))]
    middle, wrong = b"middle frame payload", GREEK + SURROGATE + REST
    return {
        "6.1.1": Case((Sent(TEXT),), [("text", b"")]),
        "6.1.2": Case(in_fragments(TEXT, b"", b"", b""), [("text", b"")]),
        "6.1.3": Case(in_fragments(TEXT, b"", middle, b""), [("text", middle)]),
        "6.2.1": Case((Sent(TEXT, umlauts),), [("text", umlauts)]),
        "6.2.2": Case(in_fragments(TEXT, umlauts[:split], umlauts[split:]), [("text", umlauts)]),
        "6.2.3": Case(in_fragments(TEXT, *octets), [("text", umlauts)]),
        "6.2.4": Case(in_fragments(TEXT, *(GREEK[at:at + 1] for at in range(len(GREEK)))), [("text", GREEK)]),
        "6.3.1": Case((Sent(TEXT, wrong),), fails(NOT_UTF8)),
        "6.3.2": Case(in_fragments(TEXT, *(wrong[at:at + 1] for at in range(len(wrong)))), fails(NOT_UTF8), FRAMEWISE,
                      ends_in=len(GREEK) + 1),
    }


def _fail_fast() -> dict[str, Case]:
    wrong, known = GREEK + BEYOND + REST, len(GREEK) + 1
    failed, second = fails(NOT_UTF8), 1
    return {
        "6.4.1": Case(in_fragments(TEXT, GREEK, BEYOND, REST), failed, FRAMEWISE, second),
        "6.4.2": Case(in_fragments(TEXT, wrong[:known], wrong[known:known + 1], wrong[known + 1:]), failed, FRAMEWISE, second),
        "6.4.3": Case((Sent(TEXT, wrong),), failed, (HEADER + len(GREEK), HEADER + len(GREEK + BEYOND)), second),
        "6.4.4": Case((Sent(TEXT, wrong),), failed, (HEADER + known, HEADER + known + 1), second),
    }


def _stress() -> dict[str, Case]:
    cases = {}
    for section, runs in STRESS.items():
        texts = [(valid, text) for valid, run in runs for text in run]
        for number, (valid, text) in enumerate(texts, 1):
            cases[f"6.{section}.{number}"] = Case((Sent(TEXT, text),), [("text", text)] if valid else fails(NOT_UTF8))
    return cases


CASES = {**_in_fragments(), **_fail_fast(), **_stress()}
