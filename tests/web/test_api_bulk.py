"""Many records in one request."""

from cogniflow.domain.sales.models import Order


def test_each_record_of_many_succeeds_or_fails_by_itself(api):
    unit = api.new("units_of_measure")
    old = api.new("products", unit_id=unit["id"], sku="OLD")
    items = [{"sku": "NEW", "name": "New", "unit_id": unit["id"]}, {"sku": "NEW", "name": "Twin", "unit_id": unit["id"]},
             {"id": old["id"], "name": "Changed"}, {"id": old["id"], "name": "Late", "version": 1}, {"sku": "X", "colour": 1}, 5,
             {"id": "x"}, {"id": 987654, "name": "None"}]
    done = api.post("products/bulk", {"mode": "each", "items": items})
    assert done.status_code == 200
    assert [each["status"] for each in done.json["results"]] == [201, 409, 200, 412, 422, 422, 422, 404]
    assert done.json["results"][0] == {"status": 201, "id": api.get("products?sku=NEW").json["data"][0]["id"]}
    assert done.json["results"][1]["problem"]["errors"] == [{"field": "sku", "message": "is already taken"}]
    assert api.get(f"products/{old['id']}").json["name"] == "Changed"
    assert api.get("products").json["page"]["total"] == 2


def test_all_or_nothing_writes_nothing_when_one_fails_and_names_what_is_wrong(api):
    good = [{"code": f"D{number}", "name": "Good"} for number in range(3)]
    refused = api.post("departments/bulk", {"items": [*good, {"code": "D0", "name": "Twin"}, {"name": "No code"}]})
    assert refused.status_code == 422
    assert refused.json["errors"] == [{"field": "items.3.code", "message": "is already taken"},
                                      {"field": "items.4.code", "message": "is required"}]
    assert api.get("departments").json["page"]["total"] == 0
    done = api.post("departments/bulk", {"items": good})
    assert [each["status"] for each in done.json["results"]] == [201, 201, 201]
    assert [each["id"] for each in done.json["results"]] == [each["id"] for each in api.get("departments?sort=id").json["data"]]


def test_a_thousand_records_are_taken_and_one_more_is_refused(api):
    items = [{"code": f"D{number}", "name": "Many"} for number in range(1001)]
    assert api.post("departments/bulk", {"items": items}).json["errors"][0]["field"] == "items"
    done = api.post("departments/bulk", {"items": items[:1000]})
    assert (done.status_code, len(done.json["results"])) == (200, 1000)
    assert api.get("departments").json["page"]["total"] == 1000


def test_documents_are_created_with_their_lines(api):
    product = api.new("products")
    order = api.values.of(Order) | {"items": [{"product_id": product["id"], "quantity": "2", "unit_price": "3"}]}
    done = api.post("orders/bulk", {"items": [order, order]})
    told = [api.get(f"orders/{each['id']}").json for each in done.json["results"]]
    assert [[line["line_total"] for line in each["items"]] for each in told] == [["6"], ["6"]]


def test_a_bulk_request_itself_must_be_right(api):
    for body, field in (({}, "items"), ({"items": []}, "items"), ({"items": {}}, "items"),
                        ({"items": [{}], "mode": "some"}, "mode"),
                        ({"items": [{}], "mode": []}, "mode"), ({"items": [{}], "more": 1}, "more")):
        refused = api.post("departments/bulk", body)
        assert (refused.status_code, refused.json["errors"][0]["field"]) == (422, field)
