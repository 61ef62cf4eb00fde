"""A webhook tells what its user may follow, to nobody who may not, and its secret once."""

from html import unescape

import psycopg

from cogniflow.db.session import SYSTEM
from cogniflow.domain.accounts.tokens import create_token
from tests.domain.trade import insert
from tests.exchange.receiver import deliveries, hook, telling, wait_until
from tests.web.conftest import Api


def test_only_what_its_user_may_follow_now_is_told(api, owner_url, receiver, psql):
    user = insert(psql, "users", email="shop@example.com", name="Shop")
    viewer = psql.execute("SELECT id FROM roles WHERE name = 'viewer'").fetchone()[0]
    held = insert(psql, "user_roles", user_id=user, role_id=viewer)
    hook(api, receiver.url, "*", user_id=user)
    with telling(owner_url):
        insert(psql, "roles", name="hidden", title="Hidden from viewers")
        insert(psql, "currencies", code="XTS", name="For viewers")
        assert [each.data["topic"] for each in receiver.wait_for(len)] == ["currencies"]
        psql.execute("DELETE FROM user_roles WHERE id = %s", (held,))
        insert(psql, "currencies", code="XXX", name="For viewers")
        api.post("webhooks/1/ping")
        receiver.wait_for(lambda messages: messages[-1].type == "ping")
        psql.execute("UPDATE users SET active = false WHERE id = %s", (user,))
        api.post("webhooks/1/ping")
        wait_until(psql, "bool_or(status = 'given_up' AND problem ~ 'sign in') FROM webhook_deliveries")
    assert [each.type for each in receiver.messages] == ["currencies_updated", "ping"]
    assert [each["event"] for each in deliveries(api)] == ["currencies_updated", "ping", "ping"]


def test_what_its_user_may_no_longer_follow_is_not_sent_though_it_waited(api, owner_url, receive, psql):
    answers = iter([500])
    receiver = receive(lambda message: next(answers, 200))
    user = insert(psql, "users", email="shop@example.com", name="Shop")
    psql.execute("INSERT INTO user_roles (user_id, role_id) SELECT %s, id FROM roles WHERE name = 'viewer'", (user,))
    hook(api, receiver.url, user_id=user)
    with telling(owner_url, retries=(0.5,)):
        insert(psql, "currencies", code="XTS", name="For viewers")
        receiver.wait_for(len)
        psql.execute("DELETE FROM user_roles WHERE user_id = %s", (user,))
        wait_until(psql, "status = 'given_up' FROM webhook_deliveries")
    assert len(receiver.messages) == 1 and deliveries(api)[0]["problem"] == "Its user may not follow currencies any more."


def test_nobody_hears_by_a_webhook_what_they_may_not_read(app, api):
    with app.extensions["cogniflow"].database.transaction(SYSTEM) as session:
        scopes = ("webhooks:*", "orders:read")
        narrow = Api(app.test_client(), create_token(session, "administrator", "narrow", scopes=scopes))
    given = {"title": "Shop", "url": "https://shop.example.com", "user_id": 1}
    assert narrow.post("webhooks", given | {"topics": ["orders"]}).status_code == 201
    for topics in (["users"], ["orders", "users"], ["*"]):
        assert narrow.post("webhooks", given | {"topics": topics}).status_code == 403
    wide = hook(api, "https://shop.example.com", "users")
    path = f"webhooks/{wide['id']}"
    assert narrow.patch(path, {"url": "https://elsewhere.example.com"}).status_code == 403
    assert narrow.post(f"{path}/rotate_secret").status_code == 403
    assert api.get(path).json["url"] == "https://shop.example.com"


def test_the_secret_is_told_once_and_nowhere_else(api, app, client, owner_url, receiver, psql):
    secret = hook(api, receiver.url)["secret"]
    with telling(owner_url):
        api.patch("webhooks/1", {"title": "Another"})
        second = api.post("webhooks/1/rotate_secret").json["secret"]
        api.post("webhooks/1/ping")
        receiver.wait_for(len)
        wait_until(psql, "bool_and(status = 'delivered') FROM webhook_deliveries")
    for path in ("webhooks", "webhooks/1", "webhooks/1/history", "webhook-deliveries", "webhooks?q=whsec"):
        assert "whsec" not in api.get(path).text, path
    assert api.patch("webhooks/1", {"title": "Third"}).json.keys().isdisjoint({"secret", "former_secret"})
    assert api.get("webhooks?fields=secret").status_code == 400 and api.get("webhooks?secret=x").status_code == 400
    for path in ("", "details/?id=1", "edit/?id=1", "export/csv/", "export/xlsx/"):
        answer = client.get(f"/admin/webhooks/{path}")
        assert answer.status_code == 200 and b"whsec" not in answer.data, path
    with psycopg.connect(owner_url) as owner:
        for table in ("change_log", "record_history"):
            kept = owner.execute(f"SELECT t::text FROM cogniflow.{table} t").fetchall()
            assert not [row for row, in kept if secret in row or second in row], table
    assert not [each for each in receiver.messages if secret.encode() in each.body or second.encode() in each.body]


def test_the_admin_shows_a_secret_once(client, psql):
    given = {"title": "Shop", "url": "https://shop.example.com", "topics": "orders\r\nleads", "user_id": "1", "enabled": "y"}
    page = client.post("/admin/webhooks/new/", data=given, follow_redirects=True)
    secret = psql.execute("SELECT secret FROM webhooks").fetchone()[0]
    assert unescape(page.text).count(secret) == 1
    assert psql.execute("SELECT topics FROM webhooks").fetchone() == (["orders", "leads"],)
    assert "whsec" not in client.get("/admin/webhooks/details/?id=1").text
    page = client.post("/admin/webhooks/operate/rotate_secret/", data={"id": "1"}, follow_redirects=True)
    second = psql.execute("SELECT secret FROM webhooks").fetchone()[0]
    assert unescape(page.text).count(second) == 1 and "whsec" not in client.get("/admin/webhooks/").text
