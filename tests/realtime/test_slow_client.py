"""A client that does not read: it is told less, then let go; nobody else notices."""

import orjson

from cogniflow.realtime.protocol import Event, Pong, Snap, encode
from cogniflow.realtime.subscriber import MOST_FRAMES, SLOW, Subscriber, encode_events
from tests.realtime.conftest import Client


def event(number: int, topic: str = "notes") -> Event:
    return Event(topic, "notes_updated", "U", 1, [number], ["price"], [str(number)])


def reading(subscriber: Subscriber) -> list[dict]:
    return [orjson.loads(each.payload) for each in subscriber.take()]


def waiting() -> Subscriber:
    subscriber = Subscriber("anna", lambda: None)
    subscriber.start_at("k0")
    return subscriber


def test_a_backlog_is_merged_and_keeps_the_first_prev_and_the_last_k():
    subscriber = waiting()
    for number in range(MOST_FRAMES + 1):
        subscriber.advance(f"k{number + 1}", [event(number)])
    frame, = reading(subscriber)
    assert (frame["prev"], frame["k"]) == ("k0", f"k{MOST_FRAMES + 1}")
    assert frame["ev"][0]["ids"] == list(range(MOST_FRAMES + 1))


def test_heartbeats_in_a_backlog_keep_the_chain_whole():
    subscriber = waiting()
    for number in range(MOST_FRAMES + 1):
        subscriber.advance(f"k{number + 1}", [event(number)] if number % 2 else [])
    frame, = reading(subscriber)
    assert (frame["type"], frame["prev"], frame["k"]) == ("chg", "k0", f"k{MOST_FRAMES + 1}")


def test_only_the_newest_result_of_a_panel_waits():
    subscriber = waiting()
    for rev in "abc":
        subscriber.show(Snap("panel/sales", "k", rev, []), encode(Snap("panel/sales", "k", rev, [])))
    assert [frame["rev"] for frame in reading(subscriber)] == ["c"]


def test_what_cannot_be_merged_away_ends_in_4008():
    subscriber = waiting()
    for _ in range(5 * MOST_FRAMES):
        subscriber.say(Pong("x" * 1000))
    assert subscriber.closing[0] == SLOW
    assert not subscriber.take()


def test_a_frame_longer_than_256_kilobytes_says_only_which_tables_changed():
    many = [Event("notes", "notes_updated", "U", 1, [number] * 200, None, None) for number in range(500)]
    found, encoded = encode_events(many)
    assert [(each.n, each.ids) for each in found] == [(500, None)]
    assert len(encoded) < 1000


def test_one_who_does_not_read_gets_all_of_it_later_in_fewer_frames(feed, writer):
    slow, quick = Client(feed, "notes"), Client(feed, "notes")
    for number in range(3 * MOST_FRAMES):
        writer.execute("INSERT INTO notes (number) VALUES (%s)", (number,))
        assert quick.next("chg")["ev"][0]["ids"] == [number + 1]
    backlog = [each for each in slow.all() if each["type"] == "chg"]
    assert len(backlog) <= MOST_FRAMES + 1
    assert sum(each["ev"][0]["n"] for each in backlog) == 3 * MOST_FRAMES
