"""Messages are signed, sent again until they are taken, and sent nowhere that they should not go."""

import threading
import time

import psycopg
import pytest
from standardwebhooks import Webhook as Verifier
from standardwebhooks import WebhookVerificationError

from cogniflow.exchange import deliveries as sending
from cogniflow.exchange.receiver import is_public, send, tls
from cogniflow.jobs.housekeeping import do_hourly_work
from tests.exchange.receiver import DRIP, SOON, deliveries, hook, telling, wait_until


def test_the_signature_is_that_of_standard_webhooks_and_of_the_former_secret_for_a_day(api, owner_url, receiver):
    made = hook(api, receiver.url)
    rotated = api.post("webhooks/1/rotate_secret").json
    assert made["secret"] != rotated["secret"] and made["secret"].startswith("whsec_")
    with telling(owner_url):
        api.post("webhooks/1/ping")
        [message] = receiver.wait_for(len)
    for secret in (made["secret"], rotated["secret"]):
        assert Verifier(secret).verify(message.body, message.headers)["type"] == "ping"
    with pytest.raises(WebhookVerificationError):
        Verifier(rotated["secret"]).verify(message.body.replace(b"ping", b"pong"), message.headers)
    with pytest.raises(WebhookVerificationError):
        Verifier("whsec_" + "A" * 43 + "=").verify(message.body, message.headers)


def test_a_message_that_is_not_taken_is_sent_again_under_its_id_and_then_given_up(api, owner_url, receive, psql):
    answers = iter([500, 302, 200])
    receiver = receive(lambda message: next(answers, 503))
    hook(api, receiver.url)
    with telling(owner_url, retries=(0.01, 0.01)):
        api.post("webhooks/1/ping")
        first = receiver.wait_for(lambda messages: len(messages) == 3)
        assert len({each.id for each in first}) == 1 and len({each.body for each in first}) == 1
        wait_until(psql, "bool_and(status = 'delivered' AND attempts = 3) FROM webhook_deliveries")
        assert api.get("webhooks/1").json["failing_since"] is None
        api.post("webhooks/1/ping")
        receiver.wait_for(lambda messages: len(messages) == 6)
        wait_until(psql, "bool_or(status = 'given_up' AND attempts = 3 AND next_attempt_at IS NULL) FROM webhook_deliveries")
        failing = api.get("webhooks/1").json
        assert failing["failing_since"] and failing["problem"] == "The receiver answered 503." and failing["enabled"]
        receiver.answer = lambda message: 200
        api.post("webhook-deliveries/2/redeliver")
        assert receiver.wait_for(lambda messages: len(messages) == 7)[6].id == receiver.messages[5].id
        wait_until(psql, "bool_and(status = 'delivered') FROM webhook_deliveries")


def test_a_receiver_that_is_gone_switches_its_webhook_off(api, owner_url, receive, psql):
    hook(api, receive(lambda message: 410).url)
    with telling(owner_url):
        api.post("webhooks/1/ping")
        wait_until(psql, "bool_and(NOT enabled) FROM webhooks")
        assert api.post("webhooks/1/ping").status_code == 409
    assert api.get("notifications?fields=title,body").json["data"] == [
        {"title": "Webhook Shop is switched off", "body": "The receiver answered 410."}]
    assert [each["status"] for each in deliveries(api)] == ["given_up"]
    again = api.patch("webhooks/1", {"enabled": True}).json
    assert (again["enabled"], again["failing_since"], again["problem"]) == (True, None, None)


def test_one_that_has_failed_for_days_is_switched_off(api, owner_url, receive, psql):
    receiver = receive(lambda message: 500)
    hook(api, receiver.url)
    with telling(owner_url):
        for days, enabled in ((4, True), (6, False)):
            psql.execute("UPDATE webhooks SET failing_since = now() - make_interval(days => %s)", (days,))
            before = len(receiver.messages)
            api.post("webhooks/1/ping")
            receiver.wait_for(lambda messages, before=before: len(messages) > before)
            wait_until(psql, "count(*) = 0 FROM webhook_deliveries WHERE attempts = 0")
            assert api.get("webhooks/1").json["enabled"] is enabled


def test_a_slow_receiver_delays_nobody_else_and_is_given_up_in_time(api, owner_url, receive, psql):
    ended = threading.Event()
    slow, quick = receive(lambda message: ended.wait(SOON) and None), receive()
    hook(api, slow.url)
    hook(api, quick.url)
    with telling(owner_url, within=2.0):
        for number in range(20):
            psql.execute("UPDATE currencies SET name = %s WHERE code = 'EUR'", (f"Euro {number}",))
        begun = time.monotonic()
        quick.wait_for(lambda messages: sum(each.data["n"] for each in messages) == 20)
        assert time.monotonic() - begun < 2
        wait_until(psql, "problem = 'It took longer than 2 seconds.' FROM webhooks WHERE id = 1")
    ended.set()


@pytest.mark.parametrize("address", [
    "127.0.0.1", "10.1.2.3", "192.168.0.1", "172.16.0.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1", "::1",
    "fe80::1", "fc00::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "::"])
def test_an_address_of_a_private_network_is_not_public(address):
    assert not is_public(address)


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:2800:220:1::1", "64:ff9b::5db8:d822", "::ffff:8.8.8.8"])
def test_an_address_of_the_world_is_public(address):
    assert is_public(address)


def test_one_with_much_to_hear_takes_no_more_than_its_turn(api, owner_url, receive, monkeypatch):
    monkeypatch.setattr(sending, "MOST_AT_ONCE", 1)
    monkeypatch.setattr(sending, "IN_A_ROW", 3)
    much, little = receive(), receive()
    for each in (much, little):
        hook(api, each.url)
    for _ in range(10):
        api.post("webhooks/1/ping")
    api.post("webhooks/2/ping")
    with telling(owner_url):
        little.wait_for(len)
        assert len(much.messages) < 10
        much.wait_for(lambda messages: len(messages) == 10)


def test_who_answers_a_byte_at_a_time_is_given_up(receive, certified):
    for receiver in (receive(lambda message: DRIP), receive(lambda message: DRIP, certified)):
        begun = time.monotonic()
        outcome = send(receiver.url, "1", {}, ["whsec_QUJD"], private=True, within=1.0)
        assert outcome.problem == "It took longer than 1 seconds." and time.monotonic() - begun < 3


def test_over_tls_only_who_is_certified_is_told(receive, certified, monkeypatch):
    receiver = receive(lambda message: 200, certified)
    assert send(receiver.url, "1", {}, ["whsec_QUJD"], private=True).code == 200
    monkeypatch.delenv("SSL_CERT_FILE")
    tls.cache_clear()
    refused = send(receiver.url, "2", {}, ["whsec_QUJD"], private=True)
    assert refused.code is None and "certificate" in refused.problem and [each.id for each in receiver.messages] == ["1"]


def test_nothing_is_sent_to_a_private_network_unless_that_is_allowed(receiver):
    for host in ("127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "2130706433"):
        outcome = send(f"http://{host}:{receiver.port}/", "1", {}, ["whsec_QUJD"], private=False)
        assert outcome.code is None and "private network" in outcome.problem
    assert receiver.messages == []
    assert send(receiver.url, "1", {}, ["whsec_QUJD"], private=True).problem is None


def test_messages_are_read_only_and_forgotten_after_their_days(api, owner_url, psql):
    hook(api, "https://shop.example.com")
    api.post("webhooks/1/ping")
    assert api.delete("webhook-deliveries/1").status_code == 405 and api.post("webhook-deliveries", {}).status_code == 405
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        psql.execute("UPDATE webhook_deliveries SET payload = '{}'")
    with pytest.raises(psycopg.errors.Error, match="by itself"):
        psql.execute("UPDATE webhook_deliveries SET status = 'delivered'")
    do_hourly_work(owner_url, feed_retention_days=3)
    assert len(deliveries(api)) == 1
    with psycopg.connect(owner_url, autocommit=True) as owner:
        owner.execute("ALTER TABLE webhook_deliveries DISABLE TRIGGER cogniflow_10_stamp")
        owner.execute("UPDATE webhook_deliveries SET created_at = now() - interval '31 days'")
    do_hourly_work(owner_url, feed_retention_days=3)
    assert deliveries(api) == []
