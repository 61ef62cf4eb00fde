"""Comments on any record: read by whom may read the record, and by nobody else; they stay as they were said."""

import psycopg
import pytest

from tests.domain.trade import INVALID, refusal


@pytest.fixture
def product(api):
    """A product to talk about."""
    return api.new("products")["id"]


def test_who_reads_a_record_comments_on_it_and_reads_what_others_said(api, api_as, client, product):
    told = {"entity": "products", "record_id": product, "body": "It sells well."}
    made = client.post("/api/comments", json=told)
    assert made.status_code == 201 and made.json["author_id"] == client.get("/api/me").json["user_id"]
    viewer = api_as("viewer")
    assert viewer.post("comments", told | {"body": "Indeed."}).status_code == 201
    listed = viewer.get(f"comments?entity=products&record_id={product}&sort=id").json
    assert [each["body"] for each in listed["data"]] == ["It sells well.", "Indeed."] and listed["page"]["total"] == 2
    page = client.get(f"/admin/products/details/?id={product}").text
    assert "Ada Admin" in page and "It sells well." in page and "data-comment" in page
    assert viewer.patch(f"comments/{made.json['id']}", {"body": "No."}).status_code == 403
    assert viewer.delete(f"comments/{made.json['id']}").status_code == 403


def test_what_is_of_a_record_that_one_may_not_read_is_not_there(api, api_as, product):
    user = api.get("users?limit=1").json["data"][0]["id"]
    secret = api.post("comments", {"entity": "users", "record_id": user, "body": "Leaves soon."}).json
    viewer = api_as("viewer")
    assert viewer.get("comments").json["page"]["total"] == 0
    assert viewer.get("comments?q=leaves").json["data"] == []
    assert viewer.get(f"comments/{secret['id']}").status_code == 404
    refused = viewer.post("comments", {"entity": "users", "record_id": user, "body": "Really?"})
    assert refused.status_code == 422 and refused.json["errors"][0]["field"] == "record_id"
    assert api.get("comments").json["page"]["total"] == 1


def test_with_a_right_to_ones_own_records_alone_one_reads_what_is_of_those(api, sign_in):
    browser = sign_in("viewer")
    me, other = browser.get("/api/me").json["user_id"], api.new("users")["id"]
    for user in (me, other):
        notification = api.new("notifications", user_id=user)["id"]
        api.post("comments", {"entity": "notifications", "record_id": notification, "body": f"For {user}"})
    assert [each["body"] for each in browser.get("/api/comments").json["data"]] == [f"For {me}"]


def test_what_is_switched_off_takes_its_comments_along(api, product):
    made = api.post("comments", {"entity": "products", "record_id": product, "body": "Hm."}).json["id"]
    api.patch("system/submodules/products", {"enabled": False})
    assert api.get(f"comments/{made}").status_code == 404
    api.patch("system/submodules/products", {"enabled": True})
    assert api.get(f"comments/{made}").status_code == 200


def test_a_comment_is_of_a_record_that_is_there_and_says_itself_who_said_it(api, database_url, product):
    insert = "INSERT INTO comments (entity, record_id, body) VALUES ('{}', {}, 'x')"
    assert refusal(database_url, insert.format("products", product)) is None
    for attack in (insert.format("products", 10**9), insert.format("pg_class", 1), insert.format("nothing", 1)):
        assert refusal(database_url, attack) == INVALID
    author = "INSERT INTO comments (entity, record_id, body, author_id) SELECT 'products', {}, 'x', min(id) FROM users"
    assert refusal(database_url, author.format(product)) == "42501"
    with psycopg.connect(database_url) as psql:
        psql.execute("SELECT set_config('cogniflow.actor', '1', true)")
        psql.execute(insert.format("products", product))
        assert psql.execute("SELECT author_id FROM comments ORDER BY id DESC").fetchone() == (1,)
    for values in ({"record_id": 10**9}, {"entity": "nothing"}):
        refused = api.post("comments", {"entity": "products", "record_id": product, "body": "x"} | values)
        assert refused.status_code == 422
        assert refused.json["errors"][0]["field"] == "record_id"
