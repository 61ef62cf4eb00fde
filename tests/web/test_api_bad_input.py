"""Bad input: a clear answer, nothing half done, no word of our insides."""

import base64
import gzip
import io
import json

import pytest


@pytest.fixture
def unit(api) -> int:
    """Id of a unit of measure."""
    return api.new("units_of_measure")["id"]


WRONG_VALUES = [
    ("colour", "red"), ("name", 5), ("name", None), ("name", "x" * 201), ("name", "a\u0000b"), ("name", ["x"]), ("sku", "x" * 41),
    ("unit_id", "one"), ("unit_id", 1.5), ("unit_id", True), ("unit_id", 2**63), ("unit_id", 10**30), ("unit_id", 987654321),
    ("list_price", "ten"), ("list_price", "NaN"), ("list_price", "Infinity"), ("list_price", "1e3"),
    ("list_price", "1.123456789"),
    ("list_price", "1234567890123"), ("list_price", True), ("list_price", "1_000"), ("list_price", None), ("list_price", [1]),
    ("kind", "gaseous"), ("kind", 1), ("description", "x" * 20_001), ("id", 7), ("version", "1"),
    ("created_at", "2024-01-01T00:00:00Z"),
    ("archived_at", None), ("items", []),
    ("list_price", "-1"), ("cost", -1), ("volume_m3", "-0.1"), ("name", ""), ("name", " \u2003"), ("sku", ""), ("name", "a\tb"),
    ("name", "a\nb"), ("packaging", "\u001b[31m"), ("barcode", "a\u0085"), ("description", "a\u0007"),
]


def test_a_wrong_value_is_refused_and_named(api, unit):
    for field, value in WRONG_VALUES:
        refused = api.post("products", {"sku": "S", "name": "N", "unit_id": unit} | {field: value})
        assert refused.status_code == 422, f"{field}={value!r:.80}: {refused.text}"
        assert refused.headers["Content-Type"].startswith("application/problem+json")
        assert [each["field"] for each in refused.json["errors"]] == [field], f"{value!r:.80}"
    assert api.get("products").json["page"]["total"] == 0


WRONG_KINDS = [
    ("employees", "hired_on", "29.02.2024"), ("employees", "hired_on", "2023-02-29"), ("employees", "hired_on", 20240229),
    ("employees", "hired_on", "2024-02-29T00:00:00Z"), ("api-tokens", "expires_at", "2024-02-29T00:00:00"),
    ("api-tokens", "expires_at", 1700000000), ("api-tokens", "expires_at", "0001-01-01T00:00:00+14:00"),
    ("permissions", "operate", "post"), ("permissions", "operate", [1]), ("warehouses", "hard_limit", "yes"),
    ("warehouses", "hard_limit", 1), ("system/settings", "value", {"a": "\u0000"}), ("number-series", "width", 99),
]


def test_every_kind_of_column_is_strict(api):
    for table, field, value in WRONG_KINDS:
        listed = api.get(table).json["data"]
        key = listed[0]["id"] if listed else api.new(table.replace("-", "_"))["id"]
        before = api.get(f"{table}/{key}").json
        refused = api.patch(f"{table}/{key}", {field: value})
        assert refused.status_code == 422, f"{table} {field}={value!r}: {refused.text}"
        assert refused.json["detail"] and api.get(f"{table}/{key}").json == before


def test_a_text_is_kept_as_it_was_given(api, unit):
    texts = {"name": " Two  spaces\u00a0", "description": "Line\r\n\tline ", "packaging": ""}
    made = api.post("products", {"sku": "S", "unit_id": unit} | texts)
    assert made.status_code == 201 and {name: made.json[name] for name in texts} == texts


def test_a_broken_rule_of_the_table_names_the_fields_it_compares(api, order):
    refused = api.patch(f"orders/{order['id']}", {"ordered_on": "2024-02-02", "promised_on": "2024-02-01"})
    assert refused.status_code == 422 and refused.json["detail"] == "A rule is broken: promised after ordered."
    assert [each["field"] for each in refused.json["errors"]] == ["promised_on", "ordered_on"]
    product = order["items"][0]["product_id"]
    refused = api.patch(f"products/{product}", {"replaced_by_id": product})
    assert [each["field"] for each in refused.json["errors"]] == ["replaced_by_id"]
    refused = api.patch(f"orders/{order['id']}", {"items": [
        {"id": order["items"][0]["id"], "quantity": 0, "discount": "1.5"}]})
    assert refused.status_code == 422
    assert [each["field"] for each in refused.json["errors"]] == ["items.0.quantity", "items.0.discount"]


def test_a_figure_that_becomes_too_large_is_refused_in_plain_words(api, order):
    refused = api.patch(f"orders/{order['id']}", {"items": [
        {"id": order["items"][0]["id"], "quantity": "9" * 12, "unit_price": "9" * 12}]})
    assert refused.status_code == 422
    assert refused.json["detail"] == "A number is too large, or what is calculated from it would be."


def test_what_an_operation_gives_is_told_to_be_the_verbs(api):
    order = api.new("orders")
    for method in ("PATCH", "PUT"):
        refused = api.ask(method, f"orders/{order['id']}", json={"status": "confirmed"}, headers={"If-Match": '"v1"'})
        told = {each["field"]: each["message"] for each in refused.json["errors"]}
        assert refused.status_code == 422 and "confirm" in told["status"]
    assert api.post("orders", {"status": "confirmed"}).status_code == 422
    assert api.patch(f"orders/{order['id']}", {"number": "SO-1"}).json["errors"][0]["message"] == "is given by the system"
    assert api.patch("users/1", {"password": "x"}).json["errors"][0]["message"] == "is not a field of this resource"


WRONG_BODIES = [
    (b"", "application/json", 400), (b"{", "application/json", 400), (b"[]", "application/json", 400),
    (b"null", "application/json", 400), (b"5", "application/json", 400), (b'{"name": NaN}', "application/json", 400),
    (b'{"name": "\xff"}', "application/json", 400), (b'{"name": "\\ud800"}', "application/json", 400),
    (b"[" * 100_000, "application/json", 400), (b'{"name": ' + b"9" * 5_000 + b"}", "application/json", 400),
    (b"name=x", "application/x-www-form-urlencoded", 415), (b"{}", "text/plain", 415), (b"<x/>", "application/xml", 415),
]


def test_a_body_that_is_no_json_object_is_refused(api):
    for body, kind, status in WRONG_BODIES:
        refused = api.ask("POST", "products", data=body, content_type=kind)
        assert (refused.status_code, refused.json["status"]) == (status, status), body[:80]


def test_a_body_of_a_hundred_megabytes_is_refused_unread(api):
    refused = api.ask("POST", "products", data=b'{"name": "' + b"x" * 100_000_000 + b'"}', content_type="application/json")
    assert (refused.status_code, refused.json["status"]) == (413, 413)


def test_a_body_in_chunks_is_refused_whole_and_never_cut_where_it_would_be_right(app, api):
    limit = app.config["MAX_CONTENT_LENGTH"]
    for size, status in ((limit + 1, 413), (30_000_000, 413), (limit - 1, 201)):
        body = b'{"code": "D", "name": "Right"}'.ljust(size)
        answer = api.ask("POST", "departments", input_stream=io.BytesIO(body), content_type="application/json",
                         environ_overrides={"wsgi.input_terminated": True, "HTTP_TRANSFER_ENCODING": "chunked"})
        assert answer.status_code == status, answer.text
    assert api.get("departments").json["page"]["total"] == 1


WRONG_QUERIES = [
    ("colour=red", 400, "colour"), ("name__like=x", 400, "name__like"), ("name__=x", 400, "name__"),
    ("unit_id__contains=1", 400, None),
    ("fields=colour", 400, "fields"), ("fields=", 400, "fields"), ("expand=colour", 400, "expand"),
    ("expand=name", 400, "expand"),
    ("sort=colour", 400, "sort"), ("sort=--name", 400, "sort"), ("archived=maybe", 422, "archived"), ("limit=0", 422, "limit"),
    ("limit=501", 422, "limit"), ("limit=-1", 422, "limit"), ("limit=ten", 422, "limit"), ("limit=1&limit=2", 400, "limit"),
    ("unit_id=one", 422, "unit_id"), ("unit_id=9223372036854775808", 422, "unit_id"),
    ("list_price__gt=NaN", 422, "list_price__gt"),
    ("kind=gaseous", 422, "kind"), ("created_at__gt=yesterday", 422, None), ("name__isnull=perhaps", 422, "name__isnull"),
    ("name=%00", 422, "name"), ("name__contains=%00", 422, None), ("q=%00", 422, "q"), ("q=" + "x" * 201, 422, "q"),
    ("uid=7", 422, "uid"), ("unit_id__in=1,,2", 422, None), ("sku__in=" + ",".join("x" * 501), 422, None),
    ("cursor=", 400, "cursor"), ("cursor=abc", 400, "cursor"), ("cursor=%C3%A9", 400, "cursor"),
    ("cursor=" + "A" * 5000, 400, "cursor"),
]


def test_a_bad_query_is_refused_and_named(api):
    for query, status, field in WRONG_QUERIES:
        refused = api.get(f"products?{query}")
        assert refused.status_code == status, f"{query:.80}: {refused.text}"
        assert [each["field"] for each in refused.json["errors"]] == [field or query.partition("=")[0]]


def test_a_cursor_that_was_tampered_with_or_is_of_another_sort_is_refused(api, unit):
    for number in range(3):
        api.new("products", unit_id=unit, sku=f"S{number}")
    cursor = api.get("products?limit=1&sort=sku").json["page"]["next"]
    raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    for other in ([], ["S0"], ["S0", "x"], ["S0", 2**70], ["S0", None], [None, 1], ["\u0000", 1], [["S0"], 1], {"a": 1},
                  ["S0", 1, 2]):
        forged = base64.urlsafe_b64encode(raw[:4] + json.dumps(other).encode()).decode()
        assert api.get(f"products?sort=sku&cursor={forged}").status_code == 400, other
    assert api.get(f"products?sort=-sku&cursor={cursor}").status_code == 400
    assert api.get(f"products?cursor={cursor}").status_code == 400
    assert api.get(f"products?sort=sku&cursor={cursor}").status_code == 200


NOWHERE = [
    "products/0", "products/99999999999999999999", "products/none", "products/%00", "products/-1", "currencies/%00",
    "currencies/%ED%A0%80", "system/settings/" + "x" * 500, "nothing", "nothing/1", "products/1/nothing/at/all",
    "dashboard/nothing", "dashboard/%00", "system",
]


def test_what_is_not_there_is_told_as_a_problem(api):
    for path in NOWHERE:
        missing = api.get(path)
        assert (missing.status_code, missing.json["status"]) == (404, 404), path


def test_a_verb_that_does_not_exist_or_gets_wrong_options_is_refused(api):
    order = api.new("orders")
    assert api.post(f"orders/{order['id']}/explode").status_code == 404
    assert api.post(f"orders/{order['id']}/confirm", {"really": True}).json["errors"][0]["field"] == "really"
    assert api.post("orders/987654/confirm").status_code == 404
    assert api.post(f"orders/{order['id']}/confirm", [1]).status_code == 400
    assert api.post(f"orders/{order['id']}/close").status_code == 409
    assert api.get(f"orders/{order['id']}").json == order


def test_a_line_of_another_document_or_named_twice_is_refused(api):
    order = api.new("orders")
    line, foreign = api.new("order_items", order_id=order["id"]), api.new("order_items")
    for items in ([{"id": foreign["id"], "quantity": 2}], [{"id": line["id"]}, {"id": line["id"]}]):
        refused = api.patch(f"orders/{order['id']}", {"items": items})
        assert refused.status_code == 422 and refused.json["errors"][0]["field"].endswith(".id")
    for items, field in (([{}], "items.0.product_id"), ([5], "items.0"), ({}, "items"), (None, "items"),
                         ([{"id": line["id"], "order_id": 0}], "items.0.order_id"), ([{"id": "x"}], "items.0.id")):
        refused = api.patch(f"orders/{order['id']}", {"items": items})
        assert (refused.status_code, refused.json["errors"][0]["field"]) == (422, field), refused.text
    assert api.get(f"orders/{order['id']}").json["items"] == [line]


def test_a_method_that_an_address_does_not_know_is_told_with_those_it_knows(api):
    refused = api.ask("PUT", "products", json={})
    assert refused.status_code == 405 and set(refused.headers["Allow"].split(", ")) == {"GET", "HEAD", "OPTIONS", "POST"}
    assert api.post("api-tokens", {"name": "x"}).status_code == 405


def test_an_unexpected_failure_tells_its_request_id_and_nothing_else(app, api, owner_url):
    import psycopg

    with psycopg.connect(owner_url, autocommit=True) as connection:
        connection.execute("ALTER TABLE departments RENAME COLUMN name TO renamed")
    failed = api.get("departments", headers={"X-Request-Id": "find-me"})
    assert failed.status_code == 500
    assert failed.json == {"type": "about:blank", "title": "Internal error", "status": 500, "errors": [], "request_id": "find-me",
                           "detail": "Something went wrong on our side; the request id finds it in the log."}


def test_a_stranger_is_told_to_sign_in(app):
    refused = app.test_client().get("/api/products")
    assert (refused.status_code, refused.headers["WWW-Authenticate"]) == (401, "Bearer")
    assert refused.json["title"] == "Not signed in"


def test_a_write_ignores_nothing_that_it_is_told(api):
    department = api.new("departments", code="D", name="N")
    path = f"departments/{department['id']}"
    new = {"code": "E", "name": "N"}
    for method, where, body in (
            ("POST", "departments?dry_run=true", new), ("PATCH", f"{path}?version=1", {"name": "M"}),
            ("PUT", f"{path}?fields=id", new), ("DELETE", f"{path}?version=9", None), ("POST", f"{path}/restore?x=1", None)):
        assert api.ask(method, where, json=body).status_code == 400, where
    for method, where in (("DELETE", path), ("POST", f"{path}/restore")):
        refused = api.ask(method, where, json={"verison": 1})
        assert (refused.status_code, [each["field"] for each in refused.json["errors"]]) == (422, ["verison"])
    assert api.get("departments").json["data"] == [department]


def test_what_is_given_twice_is_refused(api):
    path = f"departments/{api.new('departments')['id']}"
    for body in (b'{"name": "A", "name": "B"}', b'{"name": "A", "x": {"name": 1, "name": 1}}'):
        refused = api.ask("PATCH", path, data=body, content_type="application/json")
        assert (refused.status_code, [each["field"] for each in refused.json["errors"]]) == (400, ["name"])
    refused = api.get(f"{path}?fields=id&fields=name")
    assert (refused.status_code, refused.json["errors"][0]["field"]) == (400, "fields")


def test_one_of_no_values_is_refused(api):
    for column in ("id", "name", "created_at"):
        refused = api.get(f"departments?{column}__in=")
        assert (refused.status_code, refused.json["errors"][0]["message"]) == (422, "must name at least one value")


def test_a_packed_body_is_refused_as_such(api):
    body = gzip.compress(b'{"code": "D", "name": "N"}')
    refused = api.ask("POST", "departments", data=body, content_type="application/json", headers={"Content-Encoding": "gzip"})
    assert (refused.status_code, "Content-Encoding" in refused.json["detail"]) == (415, True)


def test_a_line_that_is_no_object_is_told_without_a_word_of_our_insides(api, order):
    for items in ([None], [7], ["x"], [[]]):
        refused = api.patch(f"orders/{order['id']}", {"items": items})
        assert (refused.status_code, refused.json["errors"]) == (422, [{"field": "items.0", "message": "must be an object"}])
