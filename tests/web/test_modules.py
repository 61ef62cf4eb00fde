"""Modules decide what there is: what is switched off answers 403 everywhere, at once, and can be switched on again."""

import pytest

from cogniflow.analytics.registry import panels
from cogniflow.domain.accounts.rights import caller_of_token
from cogniflow.records.subscriptions import RecordAuthoriser


@pytest.fixture
def switch(api):
    """Switches a module or sub-module on or off."""
    def done(path: str, enabled: bool) -> None:
        assert api.patch(f"system/{path}", {"enabled": enabled}).status_code == 200
    return done


@pytest.mark.parametrize("path", ["modules/sales", "submodules/orders"])
def test_what_is_switched_off_is_refused_at_every_door_until_it_is_on_again(api, client, app, switch, order, path):
    switch(path, False)
    for method, address in (("GET", "orders"), ("GET", f"orders/{order['id']}"), ("POST", "orders"), ("GET", "order-items"),
                            ("POST", f"orders/{order['id']}/confirm"), ("GET", f"orders/{order['id']}/history")):
        refused = api.ask(method, address, json={} if method == "POST" else None)
        assert refused.status_code == 403 and refused.json["detail"].endswith("are switched off."), address
        assert refused.headers["Content-Type"].startswith("application/problem+json")
    page = client.get("/admin/orders/")
    assert page.status_code == 403 and "switched off" in page.text and 'href="/admin/orders/"' not in page.text
    assert "/api/orders" not in api.get("").json["resources"]
    authoriser, caller = RecordAuthoriser(app.extensions["cogniflow"].database, ()), _caller(app, api.token)
    for topic in ("orders", f"orders/{order['id']}", "order_items"):
        assert not authoriser.may_subscribe(caller, topic), topic
    assert authoriser.may_subscribe(caller, "products")
    assert api.get("products").status_code == 200
    switch(path, True)
    assert api.get("orders").status_code == 200 and client.get("/admin/orders/").status_code == 200
    assert authoriser.may_subscribe(caller, "orders")


def test_the_figures_of_what_is_switched_off_are_gone_with_it(api, client, app, switch):
    authoriser = RecordAuthoriser(app.extensions["cogniflow"].database, panels())
    for enabled, status in ((False, 403), (True, 200)):
        switch("modules/sales", enabled)
        assert api.get("dashboard/orders-today").status_code == status
        assert authoriser.may_subscribe(_caller(app, api.token), "panel/orders-today") == enabled
        assert api.get("dashboard/upcoming-leaves").status_code == 200


def test_a_page_that_is_switched_off_is_refused(client, switch):
    switch("submodules/overview", False)
    assert client.get("/dash/").status_code == 403
    switch("submodules/overview", True)
    assert client.get("/dash/").status_code != 403


def test_no_entry_closes_more_than_its_page(api, client):
    for route in ("/", "/admin/", "/log", "/docs"):
        api.new("system_sub_modules", route=route, enabled=False)
    for path in ("/admin/", "/admin/system-sub-modules/", "/logout", "/change"):
        assert client.get(path).status_code != 403, path
    assert client.get("/docs/api").status_code == 403


def test_nobody_switches_off_what_switches_on(api, client, switch):
    for code in ("system", "access"):
        switch(f"modules/{code}", False)
    for address in ("system/modules", "system/submodules", "users", "roles", "permissions", "user-roles"):
        assert api.get(address).status_code == 200, address
    assert client.get("/admin/system-modules/").status_code == 200
    assert api.get("currencies").status_code == 403
    switch("modules/system", True)
    assert api.get("currencies").status_code == 200


def test_an_entity_listed_twice_is_off_when_both_entries_are(api, switch):
    module = api.get("system/modules/sales").json
    api.post("system/modules/sales/submodules", {"code": "again", "title": "Orders again", "entity": "orders"})
    switch("submodules/orders", False)
    assert api.get("orders").status_code == 200
    api.patch(f"system/modules/{module['id']}/submodules/again", {"enabled": False})
    assert api.get("orders").status_code == 403


def test_sub_modules_are_read_and_changed_below_their_module(api):
    below = "system/modules/sales/submodules"
    made = api.post(below, {"code": "extra", "title": "Extra", "route": "/dash/extra"}).json
    one = api.get(f"{below}/extra")
    assert one.json == made and one.headers["ETag"] == '"v1"'
    assert api.patch(f"{below}/{made['id']}", {"title": "More"}).json["title"] == "More"
    given = {"code": "extra", "title": "Whole", "module_id": made["module_id"]}
    assert api.put(f"{below}/extra", given, headers={"If-Match": '"v2"'}).json["route"] is None
    assert api.get("system/modules/catalogue/submodules/extra").status_code == 404
    assert api.patch("system/modules/catalogue/submodules/extra", {"title": "No"}).status_code == 404
    assert api.delete(f"{below}/extra").status_code == 204
    assert api.get(f"{below}/extra").status_code == 404


def _caller(app, token):
    with app.extensions["cogniflow"].database.reading() as session:
        return caller_of_token(session, token, "test")
