"""One record over REST: read, create, replace, change, delete, and the versions between them."""

import re


def test_numbers_are_texts_moments_are_utc_and_ids_are_numbers(api):
    product = api.new("products", list_price="1234567.1200", weight_kg=0.1)
    assert (product["list_price"], product["weight_kg"], product["cost"]) == ("1234567.12", "0.1", "0")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", product["created_at"])
    assert isinstance(product["id"], int) and isinstance(product["unit_id"], int)
    order = api.new("orders", ordered_on="2024-02-29")
    assert order["ordered_on"] == "2024-02-29"


def test_a_number_in_json_is_taken_exactly(api):
    unit = api.new("units_of_measure")["id"]
    body = b'{"sku": "exact", "name": "Exact", "unit_id": %d, "list_price": 123456789012.12345678}' % unit
    made = api.ask("POST", "products", data=body, content_type="application/json")
    assert made.json["list_price"] == "123456789012.12345678"


def test_a_record_is_found_by_id_uid_or_key(api):
    currency = api.new("currencies", code="XTS")
    for key in (currency["id"], currency["uid"], currency["uid"].upper(), "XTS"):
        assert api.get(f"currencies/{key}").json == currency
    assert api.get("products/XTS").status_code == 404
    assert api.patch("system/settings/company.timezone", {"value": "Europe/Berlin"}).json["value"] == "Europe/Berlin"


def test_a_new_record_has_an_address_and_a_version_and_tells_where_the_feed_stands(api):
    made = api.post("departments", {"code": "D1", "name": "First"})
    assert made.headers["Location"] == f"/api/departments/{made.json['id']}"
    assert made.headers["ETag"] == '"v1"'
    assert made.headers["X-CogniFlow-Xid"].isdigit() and made.headers["X-CogniFlow-Token"].startswith("1.")
    read = api.get(f"departments/{made.json['id']}")
    assert "X-CogniFlow-Xid" not in read.headers and read.headers["X-CogniFlow-Token"].startswith("1.")
    assert read.headers["Content-Type"] == "application/json; charset=utf-8"


def test_a_uid_may_be_given_so_that_a_program_knows_it_beforehand(api):
    uid = "11111111-2222-4333-8444-555555555555"
    assert api.post("departments", {"code": "D1", "name": "First", "uid": uid}).json["uid"] == uid
    assert api.post("departments", {"code": "D2", "name": "Second", "uid": uid}).status_code == 409


def test_patch_writes_just_what_it_names_and_nothing_when_nothing_differs(api):
    made = api.new("products", description="Keep me")
    changed = api.patch(f"products/{made['id']}", {"name": "Renamed"}).json
    assert (changed["name"], changed["description"], changed["version"]) == ("Renamed", "Keep me", 2)
    assert api.patch(f"products/{made['id']}", {"name": "Renamed", "list_price": changed["list_price"]}).json == changed
    assert api.patch(f"products/{made['id']}", {"description": None}).json["description"] is None


def test_put_replaces_the_whole_record_and_needs_its_version(api):
    made = api.new("products", description="Goes", list_price="5", kind="service")
    whole = {"sku": "PUT-1", "name": "Replaced", "unit_id": made["unit_id"]}
    assert api.put(f"products/{made['id']}", whole).status_code == 428
    replaced = api.put(f"products/{made['id']}", whole, headers={"If-Match": '"v1"'})
    assert (replaced.status_code, replaced.headers["ETag"]) == (200, '"v2"')
    assert {name: replaced.json[name] for name in ("sku", "name", "description", "list_price", "kind")} == {
        "sku": "PUT-1", "name": "Replaced", "description": None, "list_price": "0", "kind": "stockable"}
    assert api.put(f"products/{made['id']}", {"name": "No sku", "version": 2}).json["errors"] == [
        {"field": "sku", "message": "is required"}, {"field": "unit_id", "message": "is required"}]
    again = api.put(f"products/{made['id']}", whole | {"version": 2})
    assert (again.status_code, again.json["version"]) == (200, 2)


def test_a_stale_write_changes_nothing_and_tells_both_values(api):
    made = api.new("products", name="First", list_price="1")
    api.patch(f"products/{made['id']}", {"name": "Theirs"})
    for given in ({"headers": {"If-Match": '"v1"'}}, {"headers": {"If-Match": '"v1:gzip"'}}):
        refused = api.patch(f"products/{made['id']}", {"name": "Mine", "list_price": "1"}, **given)
        assert refused.status_code == 412
        assert refused.json["errors"] == [
            {"field": "name", "message": "was changed meanwhile", "mine": "Mine", "theirs": "Theirs"},
            {"field": "version", "message": "is not the current one", "mine": 1, "theirs": 2}]
    assert api.patch(f"products/{made['id']}", {"name": "Mine", "version": 1}).status_code == 412
    assert api.delete(f"products/{made['id']}", headers={"If-Match": '"v1"'}).status_code == 412
    assert api.delete(f"products/{made['id']}", headers={"If-Match": '"something else"'}).status_code == 412
    assert api.get(f"products/{made['id']}").json["name"] == "Theirs"


def test_a_current_version_is_accepted_also_with_the_suffix_of_compression(api):
    made = api.new("products")
    assert api.patch(f"products/{made['id']}", {"name": "A"}, headers={"If-Match": '"v1:gzip"'}).status_code == 200
    assert api.patch(f"products/{made['id']}", {"name": "B"}, headers={"If-Match": "*"}).status_code == 200
    assert api.delete(f"products/{made['id']}", json={"version": 3}).status_code == 204


def test_if_match_is_a_list_of_strong_tags_and_a_star_is_any_version(api):
    made = api.new("departments", code="D", name="N")
    path, whole = f"departments/{made['id']}", {"code": "D", "name": "N"}
    for tags, status in (('W/"v1"', 412), ('"v7"', 412), ('"v7", W/"v1"', 412), ("", 412), ('"v7","v1"', 200), ("*", 200)):
        assert api.put(path, whole, headers={"If-Match": tags}).status_code == status, tags
    assert api.put(path, whole | {"version": 7}, headers={"If-Match": "*"}).status_code == 412
    assert api.delete(path, json={"version": 7}, headers={"If-Match": "*"}).status_code == 412
    assert api.delete(path, json={"version": 1}, headers={"If-Match": '"v2"'}).status_code == 412
    assert api.delete(path, json={"version": 1}, headers={"If-Match": "*"}).status_code == 204


def test_a_verb_honours_the_version_that_was_seen(api, order):
    path = f"orders/{order['id']}"
    stale, current = {"If-Match": f'"v{order["version"] - 1}"'}, {"If-Match": f'"v{order["version"]}"'}
    assert api.post(f"{path}/confirm", headers=stale).status_code == 412
    assert api.get(path).json == order
    assert api.post(f"{path}/confirm", headers=current).json["status"] == "confirmed"
    unit = api.new("units_of_measure")
    assert api.post(f"units-of-measure/{unit['id']}/restore", headers={"If-Match": '"v9"'}).status_code == 412


def test_a_record_that_was_read_is_sent_back_with_a_change_and_nothing_the_system_gave(api, order):
    path = f"orders/{order['id']}"
    order["items"][0]["quantity"] = "9"
    changed = api.put(path, order)
    assert changed.status_code == 200, changed.text
    assert (changed.json["items"][0]["quantity"], changed.json["version"]) == ("9", order["version"] + 1)
    assert api.put(path, order).status_code == 412
    now = changed.json
    assert api.put(path, now).json == now and api.patch(path, now).json == now
    for wrong, field in ((now | {"status": "confirmed"}, "status"), (now | {"uid": now["uid"][::-1]}, "uid"),
                         (now | {"items": [now["items"][0] | {"line_total": "1"}]}, "items.0.line_total")):
        refused = api.put(path, wrong)
        assert (refused.status_code, [each["field"] for each in refused.json["errors"]]) == (422, [field]), refused.text
    product = api.new("products")
    assert api.put(f"products/{product['id']}", product | {"name": "Renamed"}).json["name"] == "Renamed"


def test_a_reader_with_the_current_version_is_told_just_that(api):
    made = api.new("products")
    path = f"products/{made['id']}"
    same = api.get(path, headers={"If-None-Match": '"v1"'})
    assert (same.status_code, same.data, same.headers["ETag"]) == (304, b"", '"v1"')
    api.patch(path, {"name": "New"})
    assert api.get(path, headers={"If-None-Match": '"v1"'}).status_code == 200
    assert api.get(f"{path}?expand=unit", headers={"If-None-Match": '"v2"'}).status_code == 200


def test_an_unreferenced_record_is_removed_a_referenced_master_archived_a_referenced_other_kept(api):
    unit, free = api.new("units_of_measure"), api.new("units_of_measure")
    product = api.new("products", unit_id=unit["id"])
    assert api.delete(f"units-of-measure/{free['id']}").status_code == 204
    assert api.get(f"units-of-measure/{free['id']}").status_code == 404
    assert api.delete(f"units-of-measure/{unit['id']}").status_code == 204
    assert api.get(f"units-of-measure/{unit['id']}").json["archived_at"] is not None
    assert api.get(f"products/{product['id']}").json["unit_id"] == unit["id"]
    order = api.new("orders")
    api.new("order_items", order_id=order["id"])
    api.post(f"orders/{order['id']}/confirm")
    note = api.new("goods_delivery_notes", order_id=order["id"], warehouse_id=order["warehouse_id"])
    refused = api.delete(f"orders/{order['id']}")
    assert refused.status_code == 409, refused.text
    assert api.get(f"goods-delivery-notes/{note['id']}").json["order_id"] == order["id"]


def test_an_archived_record_is_restored_and_its_key_is_free_meanwhile(api):
    warehouse = api.new("warehouses", code="W1")
    api.new("reorder_rules", warehouse_id=warehouse["id"])
    api.delete(f"warehouses/{warehouse['id']}")
    twin = api.new("warehouses", code="W1")
    assert api.post(f"warehouses/{warehouse['id']}/restore").status_code == 409
    api.delete(f"warehouses/{twin['id']}")
    restored = api.post(f"warehouses/{warehouse['id']}/restore")
    assert (restored.status_code, restored.json["archived_at"]) == (200, None)


def test_references_are_nested_when_asked_for(api):
    category = api.new("product_categories")
    product = api.new("products", category_id=category["id"])
    found = api.get(f"products/{product['id']}?expand=category,unit,tax_code&fields=id,name").json
    assert found == {"id": product["id"], "name": product["name"], "category": category, "tax_code": None,
                     "unit": api.get(f"units-of-measure/{product['unit_id']}").json}
    listed = api.get(f"products?id={product['id']}&expand=category").json["data"]
    assert listed == [product | {"category": category}]


def test_the_table_name_leads_to_the_nicer_path(api):
    moved = api.get("system-modules?limit=1")
    assert (moved.status_code, moved.headers["Location"]) == (308, "/api/system/modules?limit=1")
    assert api.ask("PATCH", "system-settings/company.timezone",
        json={}).headers["Location"] == "/api/system/settings/company.timezone"
    assert api.post("system-modules", {"code": "x"}, follow_redirects=True).status_code == 422
    for path, target in (("stock_ledger?limit=1", "stock-ledger?limit=1"), ("system_settings/x", "system/settings/x"),
                         ("goods_receipt_notes/1/post", "goods-receipt-notes/1/post")):
        moved = api.get(path)
        assert (moved.status_code, moved.headers["Location"], moved.data) == (308, f"/api/{target}", b"")


def test_the_sub_modules_of_a_module_stand_below_it(api):
    module, other = api.new("system_modules", code="mine"), api.new("system_modules")
    made = api.post("system/modules/mine/submodules", {"code": "entry", "title": "Entry"})
    assert (made.status_code, made.json["module_id"]) == (201, module["id"])
    assert api.get(f"system/modules/{module['id']}/submodules").json["data"] == [made.json]
    assert api.get(f"system/modules/{other['id']}/submodules").json["data"] == []
    assert api.get("system/modules/nowhere/submodules").status_code == 404


def test_a_trailing_slash_head_and_options_are_understood(api):
    assert api.get("products/").status_code == 200
    head = api.ask("HEAD", "products")
    assert (head.status_code, head.data) == (200, b"") and head.headers["X-CogniFlow-Token"]
    assert set(api.ask("OPTIONS", "products").headers["Allow"].split(", ")) == {"GET", "HEAD", "POST", "OPTIONS"}


def test_every_answer_carries_the_request_id(api):
    assert api.get("products", headers={"X-Request-Id": "mine-1"}).headers["X-Request-Id"] == "mine-1"
    refused = api.get("products/0", headers={"X-Request-Id": "mine-2"})
    assert (refused.headers["X-Request-Id"], refused.json["request_id"]) == ("mine-2", "mine-2")


def test_the_etag_of_a_compressed_answer_is_accepted_as_a_version(api):
    made = api.new("products", description="long enough to be compressed " * 100)
    read = api.get(f"products/{made['id']}", headers={"Accept-Encoding": "gzip"})
    assert read.headers["Content-Encoding"] == "gzip"
    assert api.get(f"products/{made['id']}", headers={"If-None-Match": read.headers["ETag"]}).status_code == 304
    changed = api.patch(f"products/{made['id']}", {"name": "New"}, headers={"If-Match": read.headers["ETag"]})
    assert (changed.status_code, changed.json["version"]) == (200, 2)
