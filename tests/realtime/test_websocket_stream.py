"""A stream of frames cut anywhere: the same messages, wrong text told at its first wrong byte, bounded memory."""

import random
import tracemalloc
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

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
    Event,
    Ping,
    Pong,
    ProtocolError,
    Text,
    text_frame,
)
from tests.realtime.wire import frame, heard, refused, same

CONTROLS = {PING: Ping, PONG: Pong}
DATA = {TEXT: Text, BINARY: Binary}
MASKS = st.binary(min_size=4, max_size=4)
SIZES = st.one_of(st.integers(0, 9), st.sampled_from([124, 125, 126, 127, 128, 65535, 65536]))


@st.composite
def controls(draw: st.DrawFn) -> tuple[bytes, list[Event]]:
    """Up to two pings and pongs as bytes, and as what they mean."""
    sent, events = b"", []
    for opcode, payload in draw(st.lists(st.tuples(st.sampled_from([PING, PONG]), st.binary(max_size=125)), max_size=2)):
        sent += frame(opcode, payload, mask=draw(MASKS))
        events.append(CONTROLS[opcode](payload))
    return sent, events


@st.composite
def messages(draw: st.DrawFn) -> tuple[bytes, list[Event]]:
    """One message, in fragments cut anywhere, with control frames around and between."""
    opcode, size = draw(st.sampled_from([TEXT, BINARY])), draw(SIZES)
    if opcode == TEXT:
        payload = (draw(st.text(max_size=12)) or "x").encode() * (size // 8) + draw(st.text(max_size=3)).encode()
    else:
        payload = random.Random(size).randbytes(size)
    cuts = sorted(draw(st.lists(st.integers(0, len(payload)), max_size=4)))
    sent, events = draw(controls())
    for number, (start, end) in enumerate(pairwise([0, *cuts, len(payload)])):
        sent += frame(CONTINUATION if number else opcode, payload[start:end], final=number == len(cuts), mask=draw(MASKS))
        if number < len(cuts):
            between, said = draw(controls())
            sent, events = sent + between, events + said
    return sent, [*events, DATA[opcode](payload)]


@settings(max_examples=100, deadline=None)
@given(st.lists(messages(), max_size=4), st.booleans(), st.data())
def test_a_stream_means_the_same_however_it_is_cut(parts: list[tuple[bytes, list[Event]]], ends: bool, data: st.DataObject):
    stream = b"".join(sent for sent, _ in parts) + ends * frame(CLOSE, b"\x03\xe8bye")
    meant = [event for _, events in parts for event in events] + ends * [Close(1000, "bye")]
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=12)))
    assert same(heard(*(stream[start:end] for start, end in pairwise([0, *cuts, len(stream)]))), meant)


def outcome(*chunks: bytes) -> tuple[list[tuple[type, Event]], str | None]:
    """Everything a decoder of 200 bytes tells, to the error if there is one."""
    decoder, events = Decoder(200), []
    try:
        for chunk in chunks:
            for event in decoder.receive(chunk):
                events.append((type(event), event))
    except ProtocolError as error:
        return events, str(error)
    return events, None


ANY_FRAME = st.builds(frame, st.sampled_from([TEXT, CONTINUATION, CONTINUATION, BINARY, PING, CLOSE, 0x3, 0xF]),
                      st.one_of(st.binary(max_size=130), st.text(max_size=40).map(str.encode)), final=st.booleans(),
                      reserved=st.sampled_from([0, 0, 0, 0, 1]), mask=MASKS)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.one_of(ANY_FRAME, ANY_FRAME, ANY_FRAME, st.just(text_frame(b"unmasked"))), max_size=6), st.integers(1, 40))
def test_a_wrong_stream_ends_in_the_same_error_however_it_is_cut(frames: list[bytes], size: int):
    stream = b"".join(frames)
    assert outcome(*(stream[at:at + size] for at in range(0, len(stream), size))) == outcome(stream)


def beginnings() -> set[bytes]:
    """The first one and two bytes of every character there is."""
    characters = (chr(code).encode() for code in range(0x110000) if not 0xD800 <= code < 0xE000)
    return {each[:size] for each in characters for size in (1, 2)}


def test_text_that_cannot_become_utf8_is_refused_at_the_byte_that_says_so():
    known = beginnings()
    for first in range(0x80, 0x100):
        head = frame(TEXT, bytes(8), mask=bytes(4))[:6]
        if bytes([first]) not in known:
            assert refused(head + bytes([first]))[1] == 1007
            continue
        for second in range(0x100):
            decoder, start = Decoder(8), bytes([first, second])
            assert list(decoder.receive(head + start[:1])) == []
            if start in known:
                assert list(decoder.receive(start[1:])) == []
            else:
                with pytest.raises(ProtocolError, match="1007"):
                    list(decoder.receive(start[1:]))


def test_a_character_may_lie_in_two_frames_and_a_ping_between_them():
    first, second = "€".encode()[:1], "€".encode()[1:]
    stream = frame(TEXT, first, final=False) + frame(PING, b"?") + frame(CONTINUATION, second)
    assert same(heard(*(bytes([each]) for each in stream)), [Ping(b"?"), Text("€".encode())])


def test_a_binary_message_may_hold_anything():
    assert same(heard(frame(BINARY, b"\xff\xc3", final=False), frame(CONTINUATION, b"\xed\xa0")), [Binary(b"\xff\xc3\xed\xa0")])


def test_a_message_of_exactly_the_limit_is_taken():
    assert same(heard(frame(TEXT, b"x" * 300), most_bytes=300), [Text(b"x" * 300)])
    halves = frame(BINARY, bytes(150), final=False) + frame(CONTINUATION, bytes(150))
    assert same(heard(halves, most_bytes=300), [Binary(bytes(300))])


@pytest.mark.parametrize("opcode", DATA)
def test_a_message_beyond_the_limit_is_refused_at_its_header(opcode: int):
    assert refused(frame(opcode, bytes(301))[:8], most_bytes=300)[1:] == (1009, "message too long")
    assert refused(frame(opcode, bytes(301)), most_bytes=300)[1] == 1009
    sent = frame(opcode, bytes(299), final=False), frame(PING), frame(CONTINUATION, bytes(2))[:6]
    assert refused(*sent, most_bytes=300) == ([Ping(b"")], 1009, "message too long")
    assert refused(bytes.fromhex("82ff7fffffffffffffff00000000"), most_bytes=300)[1] == 1009


def test_the_limit_is_of_one_message_not_of_many():
    assert len(heard((frame(TEXT, b"x" * 200, final=False) + frame(CONTINUATION, b"y" * 100)) * 5, most_bytes=300)) == 5


def test_a_decoder_keeps_nothing_between_messages_and_little_of_empty_fragments():
    large = frame(TEXT, b"x" * 4096, final=False), frame(CONTINUATION, b"y" * 4096), frame(PING, bytes(125))
    many, decoders = 200, [None] * 200
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    for number in range(many):
        decoders[number] = Decoder(1 << 16)
        for chunk in large:
            list(decoders[number].receive(chunk))
    idle = tracemalloc.get_traced_memory()[0] - before
    list(decoders[0].receive(frame(TEXT, final=False) + frame(CONTINUATION, final=False) * 5_000))
    flooded = tracemalloc.get_traced_memory()[0] - before - idle
    tracemalloc.stop()
    assert idle / many < 100
    assert flooded < 5_000
