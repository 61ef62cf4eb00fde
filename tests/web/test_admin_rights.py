"""Who sees and may do what in the admin."""

import re

import pytest

from cogniflow.db.session import SYSTEM
from cogniflow.kernel.entity import entity_of
from cogniflow.web.auth import create_user
from tests.conftest import signed_in
from tests.web.forms import fields, names


def test_a_viewer_sees_and_is_refused_every_write(sign_in, api, order):
    viewer = sign_in("viewer")
    page = viewer.get("/admin/orders/").text
    assert "data-id" in page
    assert not re.search(r"new/|edit/|delete/|operate/|x-editable|action-checkbox", page)
    for path in ("orders/new/", f"orders/edit/?id={order['id']}", "orders/delete/", "orders/restore/", "orders/ajax/update/"):
        assert viewer.post(f"/admin/{path}", data={"id": order["id"]}).status_code == 403, path
    viewer.post("/admin/orders/operate/confirm/", data={"id": order["id"]})
    viewer.post("/admin/orders/action/", data={"action": "delete", "rowid": [str(order["id"])]})
    assert api.get(f"orders/{order['id']}").json["status"] == "draft"


def test_what_may_not_be_read_is_not_there(sign_in, client):
    viewer = sign_in("viewer")
    hidden = [each for each in ("users", "permissions", "api-tokens") if viewer.get(f"/admin/{each}/").status_code == 404]
    assert hidden
    start = viewer.get("/admin/").text
    for each in hidden:
        assert f"/admin/{each}/" not in start
        assert client.get(f"/admin/{each}/").status_code == 200


def test_the_navigation_is_the_rows_that_the_caller_may_read(sign_in, client, api):
    entry = api.get("system/submodules?entity=products").json["data"][0]
    api.patch(f"system/submodules/{entry['id']}", {"title": "Things we sell"})
    assert "Things we sell" in client.get("/admin/").text
    api.patch(f"system/submodules/{entry['id']}", {"enabled": False})
    assert "Things we sell" not in client.get("/admin/").text
    assert 'href="/admin/permissions/"' in client.get("/admin/orders/").text
    assert 'href="/admin/permissions/"' not in sign_in("viewer").get("/admin/orders/").text


def test_an_entry_of_the_navigation_leads_to_an_address_and_runs_nothing(client, api):
    entry = api.get("system/submodules?entity=products").json["data"][0]
    for route, shown in (("https://intranet.example/goods", True), ("/admin/products/?kind=service", True),
                         ("javascript:alert(1)", False), (" data:text/html,x", False)):
        assert api.patch(f"system/submodules/{entry['id']}", {"route": route}).status_code == 200
        assert (f'href="{route}"' in client.get("/admin/").text) == shown, route


def test_own_records_are_all_that_a_right_on_own_records_shows(app, client, api):
    role = api.new("roles", name="self")
    api.new("permissions", role_id=role["id"], entity="users", can_read=True, reach="own")
    with app.extensions["cogniflow"].database.transaction(SYSTEM) as session:
        mine = create_user(session, "me@example.com", "Me", "a password of some length", ["self"])
    me = signed_in(app, "me@example.com", "a password of some length")
    assert names(me.get("/admin/users/")) == ["me@example.com"]
    others = [each["id"] for each in api.get("users").json["data"] if each["id"] != mine.id]
    assert me.get(f"/admin/users/details/?id={others[0]}").status_code == 404
    assert me.get("/admin/users/export/csv/").text.count("@example.com") == 1


@pytest.fixture
def person(app, api):
    """A client that a new user is signed in with, whose role has these permissions."""
    def opened(**permissions):
        role = api.new("roles", name="some")
        for entity, rights in permissions.items():
            api.new("permissions", role_id=role["id"], entity=entity, **rights)
        with app.extensions["cogniflow"].database.transaction(SYSTEM) as session:
            create_user(session, "me@example.com", "Me", "a password of some length", ["some"])
        return signed_in(app, "me@example.com", "a password of some length")
    return opened


def test_a_name_that_may_not_be_read_is_told_nowhere(person, api):
    stranger = api.new("users", email="stranger@example.com")
    employee = api.new("employees", user_id=stranger["id"])
    me = person(employees={"can_read": True, "can_update": True}, users={"can_read": True, "reach": "own"})
    key, page = employee["id"], "/admin/employees/"
    for answer in (me.get(page), me.get(f"{page}details/?id={key}"), me.get(f"{page}edit/?id={key}"),
                   me.get(f"{page}export/csv/"), me.get(f"{page}?user_id={stranger['id']}"),
                   me.get(f"{page}ajax/lookup/?name=user_id&query=")):
        assert answer.status_code == 200
        assert "stranger@example.com" not in answer.text, answer.request.path
    assert "me@example.com" in me.get(f"{page}ajax/lookup/?name=user_id&query=").text


def test_who_may_change_a_document_sees_its_lines_and_keeps_them(person, api, order):
    me = person(orders={"can_read": True, "can_update": True})
    sent = fields(me.get(f"/admin/orders/edit/?id={order['id']}").text)
    assert me.post(f"/admin/orders/edit/?id={order['id']}", data=sent).status_code == 302
    assert [each["id"] for each in api.get(f"orders/{order['id']}").json["items"]] == [each["id"] for each in order["items"]]


def test_what_a_right_on_own_records_allows_is_offered_for_those_alone(person, api, order):
    me = person(employees={"can_read": True}, orders={"can_read": True})
    mine = api.get("users?email=me@example.com").json["data"][0]["id"]
    role = api.new("roles", name="own")
    api.new("permissions", role_id=role["id"], entity="employees", can_update=True, can_delete=True, reach="own")
    api.new("permissions", role_id=role["id"], entity="orders", can_update=True, operate=["confirm"], reach="own")
    api.new("user_roles", user_id=mine, role_id=role["id"])
    own, other = api.new("employees", user_id=mine)["id"], api.new("employees")["id"]
    page = rows_of(me.get("/admin/employees/").text)
    for offer in ("data-row-edit", "x-editable", "delete/"):
        assert (offer in page[own], offer in page[other]) == (True, False), offer
    order_belongs_to_nobody = rows_of(me.get("/admin/orders/").text)[order["id"]]
    assert not re.search("edit|operate/", order_belongs_to_nobody)


def test_the_lines_of_a_document_are_edited_in_their_list_while_it_is_a_draft(client, api, order):
    line = order["items"][0]["id"]
    page = rows_of(client.get("/admin/order-items/").text)[line]
    assert "x-editable" in page and "data-row-edit" in page
    assert api.post(f"orders/{order['id']}/confirm").status_code == 200
    page = rows_of(client.get("/admin/order-items/").text)[line]
    assert "x-editable" not in page and "edit/" not in page and "delete/" not in page


def rows_of(page: str) -> dict[int, str]:
    """The rows of a list by number."""
    return {int(key): row for key, row in re.findall(r'<tr data-id="(\d+)"(.*?)</tr>', page, re.S)}


def test_every_entity_has_one_view_at_its_address(app):
    rules = {rule.endpoint: rule.rule for rule in app.url_map.iter_rules()}
    for table in ("goods_receipt_notes", "units_of_measure"):
        assert entity_of(table)
        assert rules[f"admin_{table}.index_view"] == f"/admin/{table.replace('_', '-')}/"
