"""Other systems are told of every committed change, once, and of what is in it nothing."""

import threading
import time
from collections import Counter

import psycopg

from cogniflow.exchange import webhooks
from tests.domain.trade import insert
from tests.exchange.receiver import Message, TellingProcess, deliveries, hook, telling, wait_until

WRITES, KILLS = 40, 4


def test_a_change_is_told_with_its_ids_and_never_its_values(api, owner_url, receiver, psql):
    hook(api, receiver.url)
    with telling(owner_url):
        currency = api.new("currencies", code="XTS", name="Secret plan")
        [message] = receiver.wait_for(len)
        assert message.type == "currencies_updated"
        assert {name: message.data[name] for name in ("topic", "op", "n", "ids", "cols")} == {
            "topic": "currencies", "op": "I", "n": 1, "ids": [currency["id"]], "cols": None}
        assert len(message.data["xids"]) == 1 and message.data["token"].startswith("1.") and b"Secret" not in message.body
        wait_until(psql, "bool_and(status = 'delivered' AND status_code = 204) FROM webhook_deliveries")
    assert message.id == deliveries(api)[0]["uid"]


def test_a_change_of_many_records_says_only_that_there_was_one(api, owner_url, receiver, psql):
    hook(api, receiver.url)
    with telling(owner_url):
        psql.execute("INSERT INTO currencies (code, name) SELECT 'C' || n, 'Currency' FROM generate_series(1, 201) n")
        [message] = receiver.wait_for(len)
    assert (message.data["n"], message.data["ids"]) == (201, None) and len(message.body) < 1000


def test_it_is_told_well_within_a_second(api, owner_url, receiver, psql):
    hook(api, receiver.url)
    with telling(owner_url):
        api.post("webhooks/1/ping")
        receiver.wait_for(len)
        took = []
        for number in range(5):
            before, begun = len(receiver.messages), time.monotonic()
            psql.execute("UPDATE currencies SET name = %s WHERE code = 'EUR'", (f"Euro {number}",))
            receiver.wait_for(lambda messages, before=before: len(messages) > before)
            took.append(time.monotonic() - begun)
    assert sorted(took)[2] < 0.5, took


def test_every_committed_change_is_told_once_though_the_sender_is_killed(api, owner_url, database_url, receiver):
    hook(api, receiver.url)
    sender, committed, undone = TellingProcess(owner_url), [], []

    def write_past_us() -> None:
        with psycopg.connect(database_url) as connection:
            for number in range(WRITES):
                connection.execute("UPDATE currencies SET name = %s WHERE code = 'USD'", (f"Dollar {len(committed)}",))
                xid = connection.execute("SELECT pg_current_xact_id()::text").fetchone()[0]
                (undone if number % 4 == 3 else committed).append(xid)
                connection.rollback() if number % 4 == 3 else connection.commit()

    def write_by_rest() -> None:
        for _ in range(WRITES):
            answer = api.patch("currencies/1", {"name": f"Name {len(committed)}"})
            committed.append(answer.headers["X-CogniFlow-Xid"])

    try:
        for _ in range(KILLS):
            before, writers = len(receiver.messages), [threading.Thread(target=each) for each in (write_past_us, write_by_rest)]
            for each in writers:
                each.start()
            receiver.wait_for(lambda messages, before=before: len(messages) > before)
            sender.kill()
            sender.start()
            for each in writers:
                each.join()
            found = told(receiver.wait_for(lambda messages: set(committed) <= set(told(messages))))
    finally:
        sender.kill()
    assert len(committed) == KILLS * WRITES * 7 / 4 and set(found) == set(committed) and set(undone).isdisjoint(found)
    assert max(found.values()) == 1


def told(messages: list[Message]) -> Counter[str]:
    """In how many different messages each transaction is told; one that came again counts once."""
    return Counter(xid for each in {each.id: each for each in messages}.values() for xid in each.data["xids"])


def test_only_the_events_asked_for_are_told(api, owner_url, receiver, psql):
    hook(api, receiver.url, "notifications", "currencies", events=["notification_read"])
    kind = psql.execute("SELECT min(id) FROM notification_types").fetchone()[0]
    with telling(owner_url):
        made = insert(psql, "notifications", user_id=1, type_id=kind, title="Look")
        insert(psql, "currencies", code="XTS", name="Nobody asked")
        api.post(f"notifications/{made}/read")
        assert [each.type for each in receiver.wait_for(len)] == ["notification_read"]
    refused = api.patch("webhooks/1", {"events": ["stock_market_crashed"]})
    assert refused.status_code == 422 and refused.json["errors"][0]["field"] == "events"


def test_after_a_crash_of_the_database_receivers_are_told_to_ask_again(api, owner_url, receiver, psql):
    hook(api, receiver.url)
    with telling(owner_url):
        insert(psql, "currencies", code="XTS", name="Before")
        receiver.wait_for(len)
    with psycopg.connect(owner_url, autocommit=True) as owner:
        owner.execute("UPDATE cogniflow.incarnation SET uuid = gen_random_uuid()")
    with telling(owner_url):
        reset = receiver.wait_for(lambda messages: len(messages) == 2)[1]
        assert (reset.type, reset.data["topics"], reset.data["why"]) == ("reset", ["currencies"], "epoch")
        insert(psql, "currencies", code="XXX", name="After")
        assert receiver.wait_for(lambda messages: len(messages) == 3)[2].type == "currencies_updated"


def test_of_two_processes_one_tells_and_the_other_takes_its_place(api, owner_url, receiver, psql, monkeypatch):
    monkeypatch.setattr(webhooks, "TURN_INTERVAL", 0.05)
    turns = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = %s"
    hook(api, receiver.url)
    with telling(owner_url):
        with telling(owner_url):
            insert(psql, "currencies", code="XTS", name="Both")
            receiver.wait_for(len)
            assert psql.execute(turns, (webhooks.TURN,)).fetchone() == (1,)
        insert(psql, "currencies", code="XXX", name="One")
        receiver.wait_for(lambda messages: len(messages) == 2)


def test_two_that_both_believe_it_is_their_turn_tell_nothing_twice(api, owner_url, receiver, psql, monkeypatch):
    hook(api, receiver.url)
    monkeypatch.setattr(webhooks, "RETRY_INTERVAL", 0.05)
    with telling(owner_url):
        insert(psql, "currencies", code="XTS", name="One")
        receiver.wait_for(len)
        monkeypatch.setattr(webhooks, "TURN", webhooks.TURN + 1)
        with telling(owner_url):
            for number in range(10):
                psql.execute("UPDATE currencies SET name = %s WHERE code = 'XTS'", (f"Both {number}",))
                receiver.wait_for(lambda messages, number=number: len(told(messages)) == number + 2)
    assert max(told(receiver.messages).values()) == 1


def test_a_topic_is_a_table_that_there_is_and_never_that_of_webhooks(api, psql):
    for topics in ([], ["unicorns"], ["webhooks"], ["orders", "webhook_deliveries"]):
        refused = api.post("webhooks", {"title": "Shop", "url": "https://shop.example.com", "topics": topics, "user_id": 1})
        assert (refused.status_code, refused.json["errors"][0]["field"]) == (422, "topics")
    for url in ("ftp://shop.example.com", "shop.example.com", "https://user:word@shop.example.com/", "https:///x"):
        refused = api.post("webhooks", {"title": "Shop", "url": url, "topics": ["orders"], "user_id": 1})
        assert (refused.status_code, refused.json["errors"][0]["field"]) == (422, "url")
