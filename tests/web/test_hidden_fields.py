"""Fields that a role does not see: told at no door, not asked for, not given, and kept by whoever writes the rest."""

import pytest

from cogniflow.db.session import SYSTEM
from cogniflow.domain.accounts.tokens import create_token
from cogniflow.web.auth import create_user
from tests.conftest import signed_in
from tests.web.conftest import Api
from tests.web.forms import fields

SECRET = "nobody must see this"


@pytest.fixture
def clerk(app, api):
    """REST as a clerk who may do everything with products, orders and users, but sees no notes, prices or e-mail addresses."""
    role = api.new("roles", name="clerk")
    rights = {"role_id": role["id"], "can_read": True, "can_create": True, "can_update": True}
    for entity, hidden in (("products", ["list_price", "name"]), ("orders", ["note"]), ("order_items", ["unit_price"]),
                           ("contacts", ["name"]), ("warehouses", []), ("product_categories", []), ("units_of_measure", [])):
        api.new("permissions", **rights, entity=entity, hidden_fields=hidden)
    with app.extensions["cogniflow"].database.transaction(SYSTEM) as session:
        create_user(session, "clerk@example.com", "Clerk", "a password of some length", ["clerk"])
        opened = Api(app.test_client(), create_token(session, "clerk", "clerk"))
    opened.page = signed_in(app, "clerk@example.com", "a password of some length")
    return opened


@pytest.fixture
def product(api):
    """A product whose hidden fields say what nobody must see."""
    return api.new("products", name=SECRET, list_price="98765.4321")


def test_a_hidden_field_is_told_at_no_door(clerk, product, api):
    key, order = product["id"], api.new("orders", note=SECRET)
    line = api.new("order_items", order_id=order["id"], product_id=key, quantity="3", unit_price="98765.4321")
    asked = [clerk.get(f"products/{key}"), clerk.get("products"), clerk.get(f"products/{key}?expand=category"),
             clerk.get(f"order-items/{line['id']}?expand=product,order"), clerk.get(f"orders/{order['id']}"), clerk.get("orders"),
             clerk.get(f"orders/{order['id']}?expand=customer,warehouse"), clerk.patch(f"products/{key}", {"sku": "changed"})]
    asked += [clerk.page.get(f"/admin/{path}") for path in (
        "products/", f"products/details/?id={key}", f"products/edit/?id={key}", "products/new/", "products/export/csv/",
        f"orders/details/?id={order['id']}", f"orders/edit/?id={order['id']}", "orders/", "orders/export/csv/", "order-items/",
        f"order-items/details/?id={line['id']}", "order-items/ajax/lookup/?name=product_id&query=",
        f"order-items/?product_id={key}")]
    for answer in asked:
        assert answer.status_code == 200, f"{answer.request.path}: {answer.text}"
        assert SECRET not in answer.text and "98765" not in answer.text and "98,765" not in answer.text, answer.request.path
    assert SECRET.encode() not in clerk.page.get("/admin/products/export/xlsx/").data
    assert {"list_price", "name"}.isdisjoint(clerk.get(f"products/{key}").json)
    assert "note" not in clerk.get(f"orders/{order['id']}").json


@pytest.mark.parametrize("query", ["fields=name", "sort=list_price", "name=x", "list_price__gt=5", "name__contains=a"])
def test_a_hidden_field_is_not_asked_for(clerk, product, query):
    assert clerk.get(f"products?{query}").status_code == 400
    assert query.startswith("fields") or clerk.page.get(f"/admin/products/?{query}").status_code == 400


def test_a_hidden_field_is_not_searched(clerk, product, api):
    assert api.get("products?q=nobody").json["page"]["total"] == 1
    assert clerk.get("products?q=nobody").json["page"]["total"] == 0
    assert clerk.get(f"products?q={product['sku'][:5]}").json["page"]["total"] == 1
    assert clerk.page.get("/admin/order-items/ajax/lookup/?name=product_id&query=nobody").json == []


def test_a_hidden_field_is_not_given(clerk, product, api):
    for method, path in (("PATCH", f"products/{product['id']}"), ("POST", "products")):
        refused = clerk.ask(method, path, json={"list_price": "1"})
        assert (refused.status_code, refused.json["errors"][0]["field"]) == (422, "list_price")
    sent = {"list_form_pk": product["id"], "list_price": "1"}
    assert clerk.page.post("/admin/products/ajax/update/", data=sent).status_code == 422
    assert api.get(f"products/{product['id']}").json["list_price"] == "98765.4321"


def test_who_writes_the_rest_keeps_what_they_do_not_see(clerk, product, api):
    order = api.new("orders", note=SECRET)
    api.new("order_items", order_id=order["id"], product_id=product["id"], unit_price="98765.4321")
    seen = clerk.get(f"orders/{order['id']}")
    assert clerk.put(f"orders/{order['id']}", seen.json, headers={"If-Match": seen.headers["ETag"]}).status_code == 200
    form = fields(clerk.page.get(f"/admin/orders/edit/?id={order['id']}").text)
    assert clerk.page.post(f"/admin/orders/edit/?id={order['id']}", data=form).status_code == 302
    now = api.get(f"orders/{order['id']}").json
    assert (now["note"], now["items"][0]["unit_price"]) == (SECRET, "98765.4321")


def test_a_field_that_one_role_hides_another_may_show(clerk, product, api):
    user = api.get("users?email=clerk@example.com").json["data"][0]
    role = api.new("roles", name="priced")
    api.new("permissions", role_id=role["id"], entity="products", can_read=True, hidden_fields=["name"])
    api.new("user_roles", user_id=user["id"], role_id=role["id"])
    page = clerk.page.get(f"/api/products/{product['id']}").json
    assert "name" not in page and page["list_price"] == "98765.4321"


def test_a_right_to_own_records_shows_nothing_of_others(clerk, product, api):
    user = api.get("users?email=clerk@example.com").json["data"][0]
    role = api.new("roles", name="own")
    api.new("permissions", role_id=role["id"], entity="products", can_read=True, reach="own")
    api.new("user_roles", user_id=user["id"], role_id=role["id"])
    assert {"name", "list_price"}.isdisjoint(clerk.page.get(f"/api/products/{product['id']}").json)


def test_what_is_seen_by_one_right_is_not_given_by_another_that_hides_it(clerk, product, api):
    user = api.get("users?email=clerk@example.com").json["data"][0]
    role = api.new("roles", name="seeing")
    api.new("permissions", role_id=role["id"], entity="products", can_read=True)
    api.new("user_roles", user_id=user["id"], role_id=role["id"])
    path = f"/api/products/{product['id']}"
    assert clerk.page.get(path).json["list_price"] == "98765.4321"
    assert clerk.page.patch(path, json={"list_price": "1"}).status_code == 422
    assert clerk.page.patch(path, json={"sku": "changed"}).status_code == 200


def test_nobody_shows_others_what_is_hidden_from_them(app, clerk, api):
    role = api.get("roles?name=clerk").json["data"][0]["id"]
    for entity in ("roles", "permissions"):
        api.new("permissions", role_id=role, entity=entity, can_read=True, can_create=True)
    other = clerk.post("roles", {"name": "other", "title": "Other"}).json["id"]
    given = {"role_id": other, "entity": "products", "can_read": True}
    assert clerk.post("permissions", given).status_code == 403
    assert clerk.post("permissions", {**given, "hidden_fields": ["list_price", "name"]}).status_code == 201


def test_only_fields_that_there_are_can_be_hidden(api):
    role = api.new("roles", name="odd")["id"]
    for name in ("nope", "id", "version"):
        refused = api.post("permissions", {"role_id": role, "entity": "products", "can_read": True, "hidden_fields": [name]})
        assert (refused.status_code, refused.json["errors"][0]["field"]) == (422, "hidden_fields")
