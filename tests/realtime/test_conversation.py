"""The protocol as one client lives it: begin, subscribe, miss nothing, be refused."""

import pytest

from cogniflow.realtime.conversation import MOST_TOPICS
from cogniflow.realtime.feed import Feed
from cogniflow.realtime.protocol import HEARTBEAT, SERVER_MESSAGES
from tests.realtime.conftest import EVENTS, Client, token


def test_hello_is_answered_with_ready_and_the_token_it_starts_from(feed, writer):
    ready = Client(feed, "notes").next("ready")
    assert ready == {"type": "ready", "k": ready["k"], "epoch": token(writer).split(".")[1], "hb": HEARTBEAT}


def test_a_change_names_its_topic_event_rows_columns_and_transaction(feed, writer):
    client = Client(feed, "notes", "notes/2")
    ready = client.next("ready")
    writer.execute("INSERT INTO notes (number) VALUES ('a'), ('b')")
    changed = client.next("chg")
    xid = writer.execute("SELECT xid::text FROM cogniflow.change_log").fetchone()[0]
    assert changed["prev"] == ready["k"]
    assert changed["ev"] == [
        {"topic": "notes", "event": "notes_updated", "op": "I", "n": 2, "ids": [1, 2], "cols": None, "xids": [xid]},
        {"topic": "notes/2", "event": "notes_updated", "op": "I", "n": 1, "ids": [2], "cols": None, "xids": [xid]}]


def test_a_change_of_a_line_is_an_event_of_its_document(feed, writer):
    writer.execute("INSERT INTO notes (number) VALUES ('a')")
    client = Client(feed, "notes/1", token=token(writer))
    writer.execute("INSERT INTO note_items (note_id) VALUES (1)")
    event, = client.next("chg")["ev"]
    assert (event["op"], event["cols"]) == ("U", ["items"])


def test_every_frame_goes_on_where_the_one_before_ended(feed, writer):
    client = Client(feed, "notes")
    chain = [client.next("ready")["k"]]
    for number in range(20):
        writer.execute("INSERT INTO notes (number) VALUES (%s)", (number,))
        writer.execute("INSERT INTO balances (product_id) VALUES (1)")
        changed = client.next("chg")
        assert changed["prev"] == chain[-1]
        chain.append(changed["k"])
    assert len(set(chain)) == 21


def test_a_write_between_the_read_and_the_subscription_is_seen(feed, writer):
    read_at = token(writer)
    writer.execute("INSERT INTO notes (number) VALUES ('between')")
    feed.wait_for(token(writer))
    client = Client(feed, "balances")
    client.say("sub", topic="notes", token=read_at)
    assert client.next("chg")["ev"][0]["ids"] == [1]
    subbed = client.next("subbed")
    assert subbed["topic"] == "notes"
    again = Client(feed, "notes", "balances", token=subbed["k"])
    assert [message["type"] for message in again.all()] == ["ready"], "the new topic's events came twice"


def test_a_topic_taken_later_tells_nothing_from_before_when_the_client_comes_back(feed, writer):
    client = Client(feed, "balances")
    writer.execute("INSERT INTO notes (number) VALUES ('before')")
    feed.wait_for(token(writer))
    client.say("sub", topic="notes")
    client.next("subbed")
    stored = [each["k"] for each in client.heard if each["type"] in ("ready", "chg", "hb")][-1]
    client.leave()
    assert [message["type"] for message in Client(feed, "notes", "balances", token=stored).all()] == ["ready"]


def test_what_was_read_already_is_not_told_again(feed, writer):
    writer.execute("INSERT INTO notes (number) VALUES ('read')")
    client = Client(feed, "notes", token=token(writer))
    writer.execute("INSERT INTO balances (product_id) VALUES (1)")
    feed.wait_for(token(writer))
    assert [message["type"] for message in client.all()] == ["ready"]


@pytest.mark.parametrize("remembered", [20_000, 2])
def test_a_client_resumes_from_memory_and_from_the_change_log(url, writer, rights, remembered):
    feed = Feed(url, EVENTS, rights, remembered=remembered)
    feed.start()
    client = Client(feed, "notes")
    k = client.next("ready")["k"]
    client.leave()
    for number in range(5):
        writer.execute("INSERT INTO notes (number) VALUES (%s)", (number,))
    assert feed.wait_for(token(writer))
    back = Client(feed, "notes", token=k)
    assert back.next("ready")["k"] == k
    missed = back.next("chg")
    assert (missed["prev"], missed["ev"][0]["ids"]) == (k, [1, 2, 3, 4, 5])
    writer.execute("INSERT INTO notes (number) VALUES ('next')")
    assert back.next("chg")["prev"] == missed["k"]
    feed.stop()


def test_a_commit_while_the_log_is_read_comes_with_what_was_missed(url, writer, rights, monkeypatch):
    feed = Feed(url, EVENTS, rights, remembered=1)
    feed.start()
    k = Client(feed, "notes").next("ready")["k"]
    writer.execute("INSERT INTO notes (number) VALUES ('a')")
    writer.execute("INSERT INTO notes (number) VALUES ('b')")
    feed.wait_for(token(writer))
    read = feed._resumption._from_log

    def commit_after_reading(since):
        found = read(since)
        writer.execute("INSERT INTO notes (number) VALUES ('meanwhile')")
        feed.wait_for(token(writer))
        return found
    monkeypatch.setattr(feed._resumption, "_from_log", commit_after_reading)
    assert Client(feed, "notes", token=k).next("chg")["ev"][0]["ids"] == [1, 2, 3]
    feed.stop()


def test_a_commit_while_what_was_missed_is_put_together_comes_with_it(feed, writer, monkeypatch):
    k = Client(feed, "notes").next("ready")["k"]
    writer.execute("INSERT INTO notes (number) VALUES ('a')")
    feed.wait_for(token(writer))
    find = feed.missed

    def commit_afterwards(since):
        found = find(since)
        writer.execute("INSERT INTO notes (number) VALUES ('meanwhile')")
        feed.wait_for(token(writer))
        return found
    monkeypatch.setattr(feed, "missed", commit_afterwards)
    assert Client(feed, "notes", token=k).next("chg")["ev"][0]["ids"] == [1, 2]


@pytest.mark.parametrize("given", ["garbage", "1.ffffffffffff.5.5.", "1." + "0" * 40_000, ""])
def test_a_token_of_somewhere_else_means_reset_never_an_error(feed, given):
    client = Client(feed, "notes", token=given)
    reset = client.next("reset")
    assert (reset["topics"], reset["why"]) == (["notes"], "epoch")
    assert client.next("ready")["k"] == reset["k"]


def test_a_token_from_the_future_means_reset(feed, writer):
    digest, xmax = token(writer).split(".")[1:4:2]
    assert Client(feed, "notes", token=f"1.{digest}.{xmax}.{int(xmax) + 1000}.").next("reset")["why"] == "epoch"


def test_after_a_reset_of_one_topic_its_next_change_follows(feed, writer):
    client = Client(feed, "balances")
    client.say("sub", topic="notes", token="garbage")
    reset = client.next("reset")
    assert (reset["topics"], reset["why"]) == (["notes"], "epoch")
    assert client.next("subbed")["k"] == reset["k"]
    writer.execute("INSERT INTO notes (number) VALUES ('a')")
    assert client.next("chg")["prev"] == reset["k"]


def test_unsubscribed_topics_are_silent(feed, writer):
    client = Client(feed, "notes", "balances")
    client.say("unsub", topic="notes")
    assert client.next("unsubbed")["topic"] == "notes"
    writer.execute("INSERT INTO notes (number) VALUES ('a')")
    writer.execute("INSERT INTO balances (product_id) VALUES (1)")
    assert [event["topic"] for event in client.next("chg")["ev"]] == ["balances"]


@pytest.mark.parametrize(("frame", "said"), [
    (b"{", "Not JSON"), (b"[]", "object"), (b'{"type": 5}', "object"), (b'{"type": "sub"}', "needs a topic"),
    (b'{"type": "sub", "topic": 5}', "wrong type"), (b'{"type": "hello", "topics": [1]}', "wrong type"),
    (b'{"type": "hello", "topics": "notes"}', "wrong type"), (b"\xff\xfe", "Not JSON")])
def test_a_malformed_message_is_refused_and_the_socket_stays(feed, frame, said):
    client = Client(feed)
    client._conversation.take(frame)
    refused = client.next("err")
    assert refused["code"] == "bad_message" and said in refused["message"]
    client.say("ping", t=7)
    assert client.next("pong")["t"] == 7


def test_unknown_messages_and_fields_are_ignored(feed):
    client = Client(feed)
    client.say("dance", tempo="slow")
    client.say("ping", t=1, colour="blue")
    assert client.all() == [{"type": "pong", "t": 1}]


def test_an_unknown_or_forbidden_topic_is_refused_and_the_others_work(feed, writer, rights):
    rights.forbidden = {"balances"}
    client = Client(feed, "unheard_of", "balances", "notes")
    refused = [client.next("err") for _ in range(2)]
    assert [(each["code"], each["topic"]) for each in refused] == [("unknown_topic", "unheard_of"), ("forbidden", "balances")]
    writer.execute("INSERT INTO balances (product_id) VALUES (1)")
    writer.execute("INSERT INTO notes (number) VALUES ('a')")
    assert [event["topic"] for event in client.next("chg")["ev"]] == ["notes"]


def test_a_connection_takes_only_so_many_topics(feed):
    client = Client(feed, *(f"notes/{number}" for number in range(1, MOST_TOPICS + 2)))
    assert client.next("err")["code"] == "bad_message"
    client.say("sub", topic="balances")
    assert client.next("err")["topic"] == "balances"
    client.say("hello", topics=["permissions"])
    assert client.next("err")["code"] == "bad_message"
    assert len(client.subscriber.topics) == MOST_TOPICS


def test_an_idle_client_hears_a_heartbeat_that_moves_its_token(feed, writer):
    client = Client(feed, "notes")
    ready = client.next("ready")
    writer.execute("INSERT INTO balances (product_id) VALUES (1)")
    feed.wait_for(token(writer))
    client.subscriber._told_at = -1000
    beat = client.next("hb")
    assert beat["k"] != ready["k"]
    writer.execute("INSERT INTO notes (number) VALUES ('a')")
    assert client.next("chg")["prev"] == beat["k"]


def test_the_end_of_the_process_says_when_to_come_back(url, rights):
    feed = Feed(url, EVENTS, rights)
    feed.start()
    feed.start()
    client = Client(feed, "notes")
    feed.stop()
    assert client.all()[-1]["type"] == "bye"
    assert client.subscriber.closing[0] == 1012


def test_every_message_of_the_server_is_documented():
    for message in SERVER_MESSAGES.values():
        assert message.__doc__ and not message.__doc__.startswith(message.__name__ + "(")
