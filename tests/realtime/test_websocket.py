"""RFC 6455 on raw bytes: what a client may send, what it may not, and what a server answers."""

import pytest

from cogniflow.realtime.websocket import (
    BINARY,
    CLOSE,
    CONTINUATION,
    PING,
    PONG,
    TEXT,
    Binary,
    Close,
    Decoder,
    Ping,
    Pong,
    ProtocolError,
    Text,
    accept_key,
    close_frame,
    pong_frame,
    text_frame,
    upgrade_response,
)
from tests.realtime.wire import frame, heard, refused, same

HELLO_MASKED = bytes.fromhex("818537fa213d7f9f4d5158")


def test_the_examples_of_the_standard_are_read():
    for first, kind in (0x81, Text), (0x82, Binary), (0x89, Ping), (0x8A, Pong):
        assert same(heard(bytes([first]) + HELLO_MASKED[1:]), [kind(b"Hello")])


def test_the_examples_of_the_standard_are_written():
    assert text_frame(b"Hello") == bytes.fromhex("810548656c6c6f")
    assert pong_frame(b"Hello") == bytes.fromhex("8a0548656c6c6f")
    assert text_frame(bytes(256)) == bytes.fromhex("817e0100") + bytes(256)
    assert text_frame(bytes(65536)) == bytes.fromhex("817f0000000000010000") + bytes(65536)


@pytest.mark.parametrize(("size", "head"), [
    (0, "8100"), (125, "817d"), (126, "817e007e"), (65535, "817effff"), (65536, "817f0000000000010000")])
def test_a_length_is_written_in_its_shortest_form(size: int, head: str):
    assert text_frame(b"x" * size) == bytes.fromhex(head) + b"x" * size


def test_the_handshake_of_the_standard_is_answered():
    key, accept = "dGhlIHNhbXBsZSBub25jZQ==", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
    assert accept_key(key) == accept
    head, rest = upgrade_response(key).split(b"\r\n\r\n")
    status, *headers = head.decode().split("\r\n")
    assert status == "HTTP/1.1 101 Switching Protocols"
    assert sorted(headers) == ["Connection: Upgrade", f"Sec-WebSocket-Accept: {accept}", "Upgrade: websocket"]
    assert rest == b""


REFUSED = {
    "an unmasked frame": (text_frame(b"Hello"), 1002, "unmasked"),
    "an unmasked close": (close_frame(1000), 1002, "unmasked"),
    **{f"reserved bits {bits:03b}": (frame(TEXT, b"x", reserved=bits), 1002, "reserved bit") for bits in range(1, 8)},
    **{f"opcode {each}": (frame(each), 1002, "reserved opcode") for each in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15)},
    **{f"a fragment of opcode {each}": (frame(each, final=False), 1002, "fragmented") for each in (CLOSE, PING, PONG)},
    **{f"126 bytes of opcode {each}": (frame(each, bytes(126)), 1002, "control frame too long") for each in (CLOSE, PING, PONG)},
    "a continuation of nothing": (frame(CONTINUATION, b"x"), 1002, "continuation"),
    "a text in a text": (frame(TEXT, final=False) + frame(TEXT), 1002, "inside"),
    "a binary in a text": (frame(TEXT, final=False) + frame(BINARY, final=False), 1002, "inside"),
    "125 in two bytes": (bytes.fromhex("81fe007d") + bytes(129), 1002, "shortest"),
    "65535 in eight bytes": (bytes.fromhex("82ff000000000000ffff") + bytes(65539), 1002, "shortest"),
    "a length of 64 bits": (bytes.fromhex("82ff8000000000000000") + bytes(4), 1002, "63 bits"),
    "a close of one byte": (frame(CLOSE, b"\x03"), 1002, "close code"),
    **{f"close {code}": (frame(CLOSE, code.to_bytes(2)), 1002, "close code")
       for code in (0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65535)},
    "a reason that is not UTF-8": (frame(CLOSE, b"\x03\xe8\xff"), 1007, "UTF-8"),
    "half a character for a reason": (frame(CLOSE, b"\x03\xe8\xc3"), 1007, "UTF-8"),
    "a text that is not UTF-8": (frame(TEXT, b"\xff"), 1007, "UTF-8"),
    "a text that ends in a character": (frame(TEXT, "é".encode()[:1]), 1007, "UTF-8"),
    "fragments that end in a character": (
        frame(TEXT, "é".encode()[:1], final=False) + frame(CONTINUATION), 1007, "UTF-8"),
}


@pytest.mark.parametrize(("sent", "code", "reason"), REFUSED.values(), ids=REFUSED)
@pytest.mark.parametrize("chop", [False, True], ids=["at once", "byte by byte"])
def test_what_the_standard_forbids_is_refused_after_what_came_before(chop: bool, sent: bytes, code: int, reason: str):
    stream = HELLO_MASKED + frame(PING, b"?") + sent
    events, found, why = refused(*([bytes([each]) for each in stream] if chop else [stream]))
    assert same(events, [Text(b"Hello"), Ping(b"?")])
    assert (found, reason in why) == (code, True), why


def test_a_message_that_has_ended_cannot_be_continued():
    events, code, why = refused(frame(TEXT, b"a", final=False) + frame(CONTINUATION, b"b") + frame(CONTINUATION, b"c"))
    assert same(events, [Text(b"ab")])
    assert (code, why) == (1002, "continuation of nothing")


@pytest.mark.parametrize("code", [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999])
def test_a_close_is_read_with_its_code_and_reason(code: int):
    assert same(heard(frame(CLOSE, code.to_bytes(2) + "Adiós".encode())), [Close(code, "Adiós")])


def test_a_close_may_say_nothing():
    assert same(heard(frame(CLOSE)), [Close(None, "")])


def test_nothing_is_read_after_a_close_or_an_error():
    decoder = Decoder(1024)
    assert same(list(decoder.receive(frame(CLOSE) + HELLO_MASKED)), [Close(None, "")])
    assert list(decoder.receive(HELLO_MASKED)) == []
    decoder = Decoder(1024)
    with pytest.raises(ProtocolError):
        list(decoder.receive(text_frame(b"unmasked")))
    assert list(decoder.receive(HELLO_MASKED)) == []


@pytest.mark.parametrize(("code", "reason", "frame_"), [
    (None, "", "8800"), (None, "not said without a code", "8800"), (1000, "", "880203e8"), (4008, "slow", "88060fa8736c6f77")])
def test_a_close_is_written(code: int | None, reason: str, frame_: str):
    assert close_frame(code, reason) == bytes.fromhex(frame_)


def test_a_long_reason_is_cut_between_two_characters():
    assert close_frame(1000, "x" * 200) == bytes.fromhex("887d03e8") + b"x" * 123
    assert close_frame(1000, "é" * 100) == bytes.fromhex("887c03e8") + "é".encode() * 61
    assert close_frame(1000, "😀" * 100) == bytes.fromhex("887a03e8") + "😀".encode() * 30
