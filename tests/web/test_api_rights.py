"""Rights over REST: what may not be read is not there, what may not be done is refused, own means own."""

import pytest

from cogniflow.db.session import SYSTEM
from cogniflow.domain.accounts.models import ApiToken, Permission, Role, User
from cogniflow.domain.accounts.rights import token_hash
from tests.web.conftest import Api


@pytest.fixture
def person(app):
    """REST as a new user whose role has these permissions; the user's id is `person.user_id`."""
    def opened(name: str, **permissions: dict) -> Api:
        with app.extensions["cogniflow"].database.transaction(SYSTEM) as session:
            role = Role(name=name, title=name)
            user = User(email=f"{name}@example.com", name=name)
            session.add_all([role, user])
            session.flush()
            session.add_all([Permission(role_id=role.id, entity=entity, **rights) for entity, rights in permissions.items()])
            session.add(ApiToken(name=name, role_id=role.id, user_id=user.id, token_hash=token_hash(name)))
            opened = Api(app.test_client(), name)
            opened.user_id = user.id
        return opened
    return opened


def test_what_may_not_be_read_is_not_there(api, person):
    product = api.new("products")
    stranger = person("stranger", departments={"can_read": True})
    for method, path in (("GET", "products"), ("GET", f"products/{product['id']}"), ("POST", "products"),
                         ("PATCH", f"products/{product['id']}"), ("DELETE", f"products/{product['id']}"),
                         ("POST", f"products/{product['id']}/restore"), ("POST", "orders/1/confirm"), ("POST", "products/bulk"),
                         ("GET", "dashboard/low-stock-items")):
        refused = stranger.ask(method, path, json={"items": [{}]} if path.endswith("bulk") else {} if method != "GET" else None)
        assert refused.status_code == 404, f"{method} {path}: {refused.text}"


def test_a_reader_may_not_write(api, person):
    product = api.new("products")
    reader = person("reader", products={"can_read": True}, orders={"can_read": True})
    for method, path in (("POST", "products"), ("PATCH", f"products/{product['id']}"), ("DELETE", f"products/{product['id']}"),
                         ("POST", f"products/{product['id']}/restore"), ("POST", "orders/1/confirm")):
        assert reader.ask(method, path, json={}).status_code == 403, f"{method} {path}"
    assert reader.put(f"products/{product['id']}", {}, headers={"If-Match": '"v1"'}).status_code == 403
    assert reader.get(f"products/{product['id']}").json == product


def test_a_verb_needs_its_own_right(api, person):
    order = api.new("orders")
    api.new("order_items", order_id=order["id"])
    clerk = person("clerk", orders={"can_read": True, "operate": ["hold"]})
    assert clerk.post(f"orders/{order['id']}/confirm").status_code == 403
    api.post(f"orders/{order['id']}/confirm")
    assert clerk.post(f"orders/{order['id']}/hold").json["status"] == "on_hold"


def test_own_records_are_all_that_a_right_to_own_records_reaches(api, person):
    everything = {"can_read": True, "can_create": True, "can_update": True, "can_delete": True, "reach": "own"}
    alice = person("alice", employees=everything)
    bob = person("bob", employees=everything, departments={"can_read": True})
    mine = alice.post("employees", {"code": "E1", "name": "Alice", "user_id": alice.user_id})
    assert mine.status_code == 201
    assert alice.post("employees", {"code": "E2", "name": "Nobody's"}).status_code == 403
    assert alice.post("employees", {"code": "E2", "name": "Bob", "user_id": bob.user_id}).status_code == 403
    theirs = api.new("employees", user_id=bob.user_id, manager_id=mine.json["id"])
    assert [each["id"] for each in alice.get("employees").json["data"]] == [mine.json["id"]]
    assert alice.get("employees").json["page"]["total"] == 1
    for method in ("GET", "PATCH", "DELETE"):
        assert alice.ask(method, f"employees/{theirs['id']}", json={} if method != "GET" else None).status_code == 404
    assert alice.patch(f"employees/{mine.json['id']}", {"name": "Alice B."}).json["name"] == "Alice B."
    told = bob.get(f"employees/{theirs['id']}?expand=manager").json
    assert told["manager"] is None and told["manager_id"] == mine.json["id"]


def test_own_records_are_not_given_away(api, person):
    alice = person("alice", **{"*": {"can_read": True}, "employees": {"can_update": True, "reach": "own"}})
    mine = api.new("employees", user_id=alice.user_id)
    for other in (person("bob").user_id, None):
        assert alice.patch(f"employees/{mine['id']}", {"user_id": other}).status_code == 403
    assert alice.patch(f"employees/{mine['id']}", {"name": "Alice B.", "user_id": alice.user_id}).status_code == 200
    assert api.get(f"employees/{mine['id']}").json["user_id"] == alice.user_id


def test_what_may_not_be_read_is_not_nested_either(api, person):
    product = api.new("products")
    reader = person("reader", products={"can_read": True})
    for path in (f"products/{product['id']}?expand=unit,category", "products?expand=unit,category"):
        refused = reader.get(path)
        assert refused.status_code == 403
        assert refused.json["errors"] == [{"field": "expand", "message": "may not be read: category"},
                                          {"field": "expand", "message": "may not be read: unit"}]
    assert reader.get("products").json["data"] == [product]


def test_many_at_once_need_the_right_to_create_or_to_change_by_what_each_is(api, person):
    there = api.new("departments", code="D0")
    changer = person("changer", departments={"can_read": True, "can_update": True})
    creator = person("creator", departments={"can_read": True, "can_create": True})
    change, new = {"id": there["id"], "name": "Changed"}, {"code": "D1", "name": "New"}
    for mode in ("all_or_nothing", "each"):
        for who, items, status in ((changer, [change], 200), (changer, [change, new], 403), (creator, [change], 403),
                                   (creator, [change, new], 403), (creator, [{"code": f"{mode}", "name": "New"}], 200)):
            assert who.post("departments/bulk", {"items": items, "mode": mode}).status_code == status, (who.token, items)
    assert api.get("departments").json["page"]["total"] == 3


def test_a_token_does_no_more_than_its_scopes(app, api):
    with app.extensions["cogniflow"].database.transaction(SYSTEM) as session:
        role = session.query(Role).filter_by(name="administrator").one()
        session.add(ApiToken(name="narrow", role_id=role.id, token_hash=token_hash("narrow"),
                             scopes=["departments:read", "contacts:*"]))
    narrow = Api(app.test_client(), "narrow")
    assert narrow.get("departments").status_code == 200
    assert narrow.post("departments", {"code": "D", "name": "N"}).status_code == 403
    assert narrow.post("contacts", {"name": "N"}).status_code == 201
    assert narrow.get("products").status_code == 404


def test_the_caller_is_told_who_it_is_and_what_it_may_do(person):
    clerk = person("clerk", orders={"can_read": True, "operate": ["hold"], "reach": "own"})
    assert clerk.get("me").json == {
        "name": "clerk", "user_id": clerk.user_id, "roles": ["clerk"], "scopes": ["*"],
        "rights": [{"entity": "orders", "actions": ["read"], "verbs": ["hold"], "reach": "own", "hidden_fields": []}]}


def test_the_index_names_what_the_caller_may_read(api, person):
    reader = person("reader", products={"can_read": True}, system_modules={"can_read": True})
    for path in ("", "/"):
        told = reader.client.get(f"/api{path}", headers={"Authorization": f"Bearer {reader.token}"})
        assert (told.status_code, told.json) == (200, {"resources": ["/api/products", "/api/system/modules"]})
    assert all(reader.client.get(path, headers={"Authorization": f"Bearer {api.token}"}).status_code == 200
               for path in api.get("").json["resources"])


def test_who_changed_a_record_is_kept_with_it(api, person):
    clerk = person("clerk", departments={"can_read": True, "can_create": True, "can_update": True})
    made = clerk.post("departments", {"code": "D", "name": "N"}).json
    assert (made["created_by"], made["updated_by"]) == (clerk.user_id, clerk.user_id)
    assert api.patch(f"departments/{made['id']}", {"name": "M"}).json["updated_by"] is None


ACCESS = {"can_read": True, "can_create": True, "can_update": True, "can_delete": True}


@pytest.fixture
def delegate(person):
    """A program that may change who may do what, and beside that read products and keep its own employees."""
    return person("delegate", **dict.fromkeys(("roles", "permissions", "user_roles", "api_tokens", "users"), ACCESS),
                  products={"can_read": True}, employees={"can_read": True, "reach": "own"})


def role_of(api, name: str) -> int:
    return api.get(f"roles?name={name}").json["data"][0]["id"]


def refused_beside(answer, field: str) -> str:
    assert answer.status_code == 403, answer.text
    told, = answer.json["errors"]
    assert told["field"] == field
    return told["message"]


def test_nobody_gives_a_user_or_a_token_a_stronger_role_than_their_own(api, delegate):
    mine = delegate.get("api-tokens?name=delegate").json["data"][0]
    own_role, other = mine["role_id"], api.new("users")["id"]
    for stronger in (role_of(api, "administrator"), role_of(api, "viewer")):
        refused_beside(delegate.post("user-roles", {"user_id": delegate.user_id, "role_id": stronger}), "role_id")
        refused_beside(delegate.patch(f"api-tokens/{mine['id']}", {"role_id": stronger}), "role_id")
        assert api.post("user-roles", {"user_id": other, "role_id": stronger}).status_code == 201
    items = [{"user_id": other, "role_id": own_role}, {"user_id": delegate.user_id, "role_id": stronger}]
    bulk = delegate.post("user-roles/bulk", {"items": items, "mode": "each"})
    assert [each["status"] for each in bulk.json["results"]] == [201, 403]
    assert delegate.get("me").json["roles"] == ["delegate"]


def test_nobody_adds_to_a_role_what_they_may_not_do(api, delegate):
    role = delegate.post("roles", {"name": "new", "title": "New"}).json["id"]
    for entity, rights, missing in (
            ("*", {"can_read": True}, "*:read"), ("products", {"can_read": True, "can_update": True}, "products:update"),
            ("orders", {"operate": ["confirm"]}, "orders:confirm"), ("employees", {"can_read": True}, "employees:read")):
        message = refused_beside(delegate.post("permissions", {"role_id": role, "entity": entity, **rights}), "entity")
        assert message == f"gives what you may not do: {missing}"
    given = delegate.post("permissions", {"role_id": role, "entity": "products", "can_read": True})
    assert given.status_code == 201
    own = {"role_id": role, "entity": "employees", "can_read": True, "reach": "own"}
    assert delegate.post("permissions", own).status_code == 201
    refused_beside(delegate.patch(f"permissions/{given.json['id']}", {"can_delete": True}), "entity")
    assert delegate.patch(f"permissions/{given.json['id']}", {"can_read": False}).status_code == 200


def test_a_stronger_role_is_not_brought_back_by_a_weaker_one_and_a_token_of_it_only_revoked(api, delegate, write):
    role = api.new("roles", name="strong")["id"]
    api.new("permissions", role_id=role, entity="orders", can_read=True)
    write(lambda session: session.add(ApiToken(name="strong", role_id=role, token_hash=token_hash("strong"))))
    token = api.get("api-tokens?name=strong").json["data"][0]["id"]
    refused_beside(delegate.patch(f"api-tokens/{token}", {"expires_at": "2090-01-01T00:00:00Z"}), "role_id")
    assert delegate.patch(f"api-tokens/{token}", {"revoked_at": "2024-01-01T00:00:00Z"}).status_code == 200
    refused_beside(delegate.patch(f"api-tokens/{token}", {"revoked_at": None}), "role_id")
    assert delegate.delete(f"roles/{role}").status_code == 204
    refused_beside(delegate.post(f"roles/{role}/restore"), "name")
    assert api.post(f"roles/{role}/restore").status_code == 200


def test_a_narrow_token_neither_widens_itself_nor_acts_for_another_user(app, api, write):
    role = role_of(api, "administrator")
    write(lambda session: session.add(ApiToken(name="narrow", role_id=role, token_hash=token_hash("narrow"),
                                               scopes=["api_tokens:*", "products:read"])))
    narrow = Api(app.test_client(), "narrow")
    itself = narrow.get("api-tokens?name=narrow").json["data"][0]["id"]
    for scopes in (["*"], ["read"], ["api_tokens:*", "products:read", "orders:confirm"]):
        refused_beside(narrow.patch(f"api-tokens/{itself}", {"scopes": scopes}), "role_id")
    assert narrow.patch(f"api-tokens/{itself}", {"scopes": ["api_tokens:read"]}).status_code == 200


def test_a_scope_that_means_nothing_is_refused_and_named(api):
    itself = api.get("api-tokens?name=test").json["data"][0]["id"]
    for scope in ("nope", "prodcuts:read", "products:nope", "products:confirm"):
        refused = api.patch(f"api-tokens/{itself}", {"scopes": ["read", scope]})
        assert (refused.status_code, refused.json["errors"][0]["field"]) == (422, "scopes")
        assert repr(scope) in refused.json["errors"][0]["message"]


def test_the_administration_page_gives_no_more_rights_either(app, sign_in, api):
    page = sign_in("viewer")
    viewer = role_of(api, "viewer")
    for entity in ("user_roles", "users", "roles"):
        api.new("permissions", role_id=viewer, entity=entity, **ACCESS)
    user = api.get("users?email=viewer@example.com").json["data"][0]["id"]
    answer = page.post("/admin/user-roles/new/", data={"user_id": user, "role_id": role_of(api, "administrator")})
    assert answer.status_code == 200 and "gives what you may not do" in answer.text.lower()
    assert api.get(f"user-roles?user_id={user}").json["page"]["total"] == 1
