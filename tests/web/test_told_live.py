"""What the feed tells of notifications and of what is switched off, on a real socket of the whole app."""

import re
import threading
from collections.abc import Iterator

import orjson
import psycopg
import pytest
import websocket
from werkzeug.serving import make_server

from cogniflow.db.session import SYSTEM
from cogniflow.domain.accounts.models import ApiToken
from cogniflow.domain.accounts.tokens import create_token


@pytest.fixture
def hear(app, client) -> Iterator:
    """Opens a socket of a program that acts for the administrator, on a topic; the events that come, and resets."""
    user = client.get("/api/me").json["user_id"]
    database = app.extensions["cogniflow"].database
    with database.transaction(SYSTEM) as session:
        token = create_token(session, "administrator", "ears")
        session.query(ApiToken).where(ApiToken.name == "ears").one().user_id = user
    server = make_server("127.0.0.1", 0, app, threaded=True)
    serving = threading.Thread(target=server.serve_forever, daemon=True)
    serving.start()

    def heard(topic: str) -> Iterator[tuple[str, str]]:
        bearer = [f"Authorization: Bearer {token}"]
        ear = websocket.create_connection(f"ws://127.0.0.1:{server.port}/ws", header=bearer, timeout=15)
        ear.send(orjson.dumps({"type": "hello", "v": 1, "topics": [topic.format(user=user)]}).decode())
        while orjson.loads(ear.recv())["type"] != "ready":
            pass

        def told() -> Iterator[tuple[str, str]]:
            while True:
                message = orjson.loads(ear.recv())
                yield from ((event["event"], event["op"]) for event in message.get("ev", ()))
                if message["type"] == "reset":
                    yield "reset", message["why"]
        return told()
    yield heard
    app.extensions["cogniflow"].stop()
    server.shutdown()
    serving.join()


@pytest.mark.parametrize("topic", ["notifications", "user/{user}"])
def test_a_notification_is_told_when_it_is_made_and_when_it_is_read(hear, client, database_url, topic):
    told = hear(topic)
    with psycopg.connect(database_url, autocommit=True) as psql:
        psql.execute("INSERT INTO notifications (user_id, type_id, title) SELECT u.id, t.id, 'Hear' "
                     "FROM users u, notification_types t WHERE u.email = 'admin@example.com' AND t.code = 'announcement'")
    assert [next(told), next(told)] == [("notification_created", "I"), ("notifications_updated", "I")]
    assert client.post("/api/notifications/see-all").json == {"changed": 1}
    assert next(told) == ("notifications_updated", "U")
    assert client.post("/api/notifications/read-all").json == {"changed": 1}
    assert [next(told), next(told)] == [("notification_read", "U"), ("notifications_updated", "U")]


def test_what_is_switched_off_falls_silent_on_an_open_socket(hear, client):
    told = hear("orders")
    client.patch("/api/system/modules/sales", json={"enabled": False})
    assert next(told) == ("reset", "auth")


def test_the_page_of_a_stock_balance_hears_of_it_and_of_no_other(hear, client, api):
    products, warehouse = [api.new("products")["id"] for _ in range(3)], api.new("warehouses")["id"]

    def find(product: int) -> None:
        correction = api.new("stock_adjustments", warehouse_id=warehouse)["id"]
        api.new("stock_adjustment_items", stock_adjustment_id=correction, product_id=product, quantity="5")
        api.post(f"stock-adjustments/{correction}/post")

    find(products[2])
    balance = api.get(f"stock-balances?product_id={products[2]}").json["data"][0]["id"]
    assert balance == products[0], "the feed's name of one is the number of another"
    page = client.get(f"/admin/stock-balances/details/?id={balance}").text
    told = hear(re.search(r'data-frame="record"[^>]* data-frame-topics="(\S+)', page).group(1))
    find(products[0])  # its balance is made
    find(products[2])  # its balance is changed
    assert next(told) == ("inventory_updated", "U")
