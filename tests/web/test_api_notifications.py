"""Everybody's own notifications: what is unread, seeing and reading them, and nobody else's."""

import pytest


@pytest.fixture
def told(api, write):
    """Tells a user something; the notification."""
    def made(user_id: int, title: str = "Hear this", **values):
        return api.new("notifications", user_id=user_id, title=title, **values)
    return made


@pytest.fixture
def somebody(api, sign_in):
    """A viewer's browser, and who that is."""
    browser = sign_in("viewer")
    return browser, browser.get("/api/me").json["user_id"]


def test_what_is_unread_is_listed_and_counted(api, told, somebody):
    browser, user = somebody
    first, second = told(user, "One"), told(user, "Two")
    told(api.new("users")["id"], "Not yours")
    answer = browser.get("/api/notifications/unread?limit=1")
    assert [each["title"] for each in answer.json["data"]] == ["Two"] and answer.json["unread"] == 2
    assert answer.json["page"]["total"] == 2 and answer.json["token"] == answer.headers["X-CogniFlow-Token"]
    rest = browser.get(f"/api/notifications/unread?limit=1&cursor={answer.json['page']['next']}").json
    assert [each["id"] for each in rest["data"]] == [first["id"]] and rest["page"]["next"] is None
    read = browser.post(f"/api/notifications/{second['id']}/read", json={})
    assert read.status_code == 200 and read.json["read_at"] and read.json["seen_at"]
    assert browser.get("/api/notifications/unread").json["unread"] == 1
    seen = browser.post(f"/api/notifications/{first['id']}/see", json={}).json
    assert seen["seen_at"] and seen["read_at"] is None
    assert browser.get("/api/notifications/unread").json["unread"] == 1
    assert browser.post(f"/api/notifications/{second['id']}/read", json={}).json == read.json


def test_all_are_read_or_seen_at_once_and_only_ones_own(api, told, somebody):
    browser, user = somebody
    other = told(api.new("users")["id"])
    mine = [told(user)["id"] for _ in range(3)]
    assert browser.post("/api/notifications/see-all").json == {"changed": 3}
    assert browser.get("/api/notifications/unread").json["unread"] == 3
    answer = browser.post("/api/notifications/read-all")
    assert answer.json == {"changed": 3} and answer.headers["X-CogniFlow-Xid"]
    assert browser.get("/api/notifications/unread").json["unread"] == 0
    assert {each["id"] for each in browser.get("/api/notifications").json["data"]} == set(mine)
    assert browser.post("/api/notifications/read-all").json == {"changed": 0}
    assert api.get(f"notifications/{other['id']}").json["read_at"] is None
    assert browser.post("/api/notifications/read-all", json={"all": True}).status_code == 422


def test_nobody_reads_or_makes_what_is_somebody_elses(api, told, somebody):
    browser, user = somebody
    other = told(api.new("users")["id"])
    assert browser.get(f"/api/notifications/{other['id']}").status_code == 404
    assert browser.post(f"/api/notifications/{other['id']}/read", json={}).status_code == 404
    assert browser.post("/api/notifications", json=api.values.of(_entity()) | {"user_id": user}).status_code == 403
    mine = told(user)
    assert browser.patch(f"/api/notifications/{mine['id']}", json={"title": "Other"}).status_code == 403
    assert browser.delete(f"/api/notifications/{mine['id']}").status_code == 204


def test_a_program_of_nobody_has_none_and_one_that_only_reads_marks_none(api, told, client):
    told(client.get("/api/me").json["user_id"])
    assert api.get("notifications/unread").json["unread"] == 0
    reader = api.new("notification_types") and api.get("me").json
    assert reader["user_id"] is None
    assert api.get("notifications").json["page"]["total"] == 1


def test_what_a_user_mutes_is_the_users_own_affair(api, somebody):
    browser, user = somebody
    kind = api.get("notification-types/low_stock").json["id"]
    made = browser.post("/api/notification-preferences", json={"user_id": user, "type_id": kind})
    assert made.status_code == 201 and made.json["muted"] is True
    others = {"user_id": api.new("users")["id"], "type_id": kind}
    assert browser.post("/api/notification-preferences", json=others).status_code == 403


def test_the_bell_is_on_every_page_of_a_person(client):
    page = client.get("/admin/").text
    assert f'data-bell="{client.get("/api/me").json["user_id"]}"' in page and "bell.js" in page


def _entity():
    from cogniflow.kernel.entity import entity_of

    return entity_of("notifications")
