"""Changing and doing things in the admin, and being told what went wrong."""

import re

import psycopg
import pytest

from cogniflow.kernel.entity import entity_of
from tests.web.forms import fields, said


def test_a_value_is_changed_in_the_list(client, api):
    made = api.new("products", list_price="10")
    answer = client.post("/admin/products/ajax/update/", data={"list_form_pk": made["id"], "version": "1", "list_price": "12.5"})
    assert (answer.status_code, answer.headers["ETag"], answer.json) == (200, '"v2"', {"said": "Saved."})
    assert int(answer.headers["X-CogniFlow-Xid"]) and answer.headers["X-CogniFlow-Token"]
    assert api.get(f"products/{made['id']}").json["list_price"] == "12.5"


@pytest.mark.parametrize(("sent", "status"), [
    ({"list_price": "cheap"}, 422), ({"list_price": "-1"}, 422), ({"version": "7"}, 412), ({"list_form_pk": "x"}, 404)])
def test_a_refused_change_in_the_list_says_why(client, api, sent, status):
    made = api.new("products", list_price="10")
    answer = client.post("/admin/products/ajax/update/", data={"list_form_pk": made["id"], "list_price": "11"} | sent)
    assert (answer.status_code, answer.json["status"]) == (status, status)
    assert answer.json["detail"]
    assert api.get(f"products/{made['id']}").json == made


def test_a_stale_form_shows_both_values_and_overwrites_nothing(client, api):
    made = api.new("departments", name="Sales")
    page = fields(client.get(f"/admin/departments/edit/?id={made['id']}").text)
    api.patch(f"departments/{made['id']}", {"name": "Theirs"})
    refused = client.post(f"/admin/departments/edit/?id={made['id']}", data=page | {"name": "Mine"})
    assert refused.status_code == 200
    assert "saved is “Theirs”, yours is “Mine”" in refused.text
    assert fields(refused.text)["name"] == "Mine"
    assert api.get(f"departments/{made['id']}").json["name"] == "Theirs"
    assert client.post(f"/admin/departments/edit/?id={made['id']}", data=fields(refused.text)).status_code == 302
    assert api.get(f"departments/{made['id']}").json["name"] == "Mine"


def test_a_form_without_a_version_is_stale(client, api):
    made = api.new("departments", name="Sales")
    refused = client.post(f"/admin/departments/edit/?id={made['id']}", data={"code": made["code"], "name": "Mine"})
    assert (refused.status_code, api.get(f"departments/{made['id']}").json["name"]) == (200, "Sales")


def test_a_taken_value_is_told_beside_its_field(client, api):
    made = api.new("departments")
    refused = client.post("/admin/departments/new/", data={"code": made["code"], "name": "Another"})
    assert 'id="code-error"' in refused.text
    assert "Is already taken" in refused.text


def test_a_wrong_line_is_marked_and_the_others_are_kept(client, api, order):
    page = fields(client.get(f"/admin/orders/edit/?id={order['id']}").text)
    product = order["items"][0]["product_id"]
    refused = client.post(f"/admin/orders/edit/?id={order['id']}", data=page | {
        "items-1-product_id": product, "items-1-quantity": "many", "items-1-unit_price": "1", "items-1-discount": "0",
        "items-2-product_id": product, "items-2-quantity": "2", "items-2-unit_price": "1", "items-2-discount": "0"})
    assert refused.status_code == 200
    assert 'id="items-1-quantity-error"' in refused.text
    kept = fields(refused.text)
    assert (kept["items-1-quantity"], kept["items-2-quantity"]) == ("many", "2")
    assert len(api.get(f"orders/{order['id']}").json["items"]) == 1
    assert client.post(f"/admin/orders/edit/?id={order['id']}", data=kept | {"items-1-quantity": "4"}).status_code == 302
    assert [(each["position"], each["quantity"]) for each in api.get(f"orders/{order['id']}").json["items"]] == [
        (1, "3"), (2, "4"), (3, "2")]


def test_a_row_left_empty_is_no_line(client, api, order):
    page = fields(client.get(f"/admin/orders/edit/?id={order['id']}").text)
    assert client.post(f"/admin/orders/edit/?id={order['id']}", data=page | {
        "items-9-product_id": "", "items-9-quantity": "", "items-9-unit_price": "", "items-9-discount": "0"}).status_code == 302
    assert len(api.get(f"orders/{order['id']}").json["items"]) == 1


def test_what_a_reference_is_called_survives_a_refused_form(client, api):
    contact = api.new("contacts", name="Ana Tea")
    refused = client.post("/admin/contact-addresses/new/", data={"contact_id": contact["id"], "city": "Lima"})
    assert 'data-lookup-text="Ana Tea"' in refused.text


def test_times_are_taken_and_shown_in_the_company_time_zone(client, api, token):
    setting = api.get("system/settings/company.timezone").json
    api.patch(f"system/settings/{setting['id']}", {"value": "Asia/Kolkata"})
    made = api.get("api-tokens").json["data"][0]
    path = f"/admin/api-tokens/edit/?id={made['id']}"
    page = fields(client.get(path).text) | {"expires_at": "2124-07-01T12:00:00"}
    assert client.post(path, data=page).status_code == 302
    assert api.get(f"api-tokens/{made['id']}").json["expires_at"].startswith("2124-07-01T06:30:00")
    assert "1 Jul 2124 12:00" in client.get(f"/admin/api-tokens/details/?id={made['id']}").text


def test_a_verb_is_done_where_it_is_allowed_and_refused_where_it_is_not(client, api, order):
    path = "/admin/orders/operate/confirm/"
    done = client.post(path, data={"id": order["id"], "url": "/admin/orders/"})
    assert (done.status_code, done.headers["Location"]) == (302, "/admin/orders/")
    assert api.get(f"orders/{order['id']}").json["status"] == "confirmed"
    assert "Confirm: done" in said(client.get("/admin/orders/"))
    client.post(path, data={"id": order["id"]})
    assert "must be draft" in said(client.get("/admin/orders/"))
    assert client.post("/admin/orders/operate/explode/", data={"id": order["id"]}).status_code == 404
    assert client.post(path, data={"id": "999999999"}).status_code == 404


def test_no_document_is_offered_for_a_change_that_the_database_refuses(client, api, order):
    note = api.new("grn_items")["goods_receipt_note_id"]
    steps = [("orders", order["id"], None, {"edit", "delete"}), ("orders", order["id"], "confirm", {"edit"}),
             ("goods_receipt_notes", note, None, {"edit", "delete"}), ("goods_receipt_notes", note, "expect", {"edit"}),
             ("goods_receipt_notes", note, "receive", {"edit"}), ("goods_receipt_notes", note, "post", set())]
    for table, key, verb, offered in steps:
        if verb:
            api.operate(entity_of(table), key, verb)
        page = f"/admin/{table.replace('_', '-')}/"
        for text in (client.get(f"{page}details/?id={key}").text, client.get(f"{page}?id={key}").text):
            assert set(re.findall(rf"{page}(edit|delete)/", text)) == offered, (table, verb)


def test_a_token_is_made_by_the_command_line_alone(client, token):
    page = client.get("/admin/api-tokens/").text
    assert "edit/" in page and "new/" not in page


def test_a_write_of_the_admin_is_attributed(app, client, api, order, owner_url):
    client.post("/admin/orders/operate/confirm/", data={"id": order["id"]}, headers={"X-Request-Id": "the-request"})
    with psycopg.connect(owner_url) as connection:
        [(actor, request)] = connection.execute("SELECT actor, request_id FROM cogniflow.change_log WHERE tbl = 'orders' "
                                                "ORDER BY id DESC LIMIT 1").fetchall()
    assert (actor, request) == (api.get(f"orders/{order['id']}").json["updated_by"], "the-request")
    assert actor is not None


def test_a_record_in_use_is_archived_an_unused_one_deleted_and_both_come_back_as_far_as_they_can(client, api):
    used, unused = api.new("product_categories"), api.new("product_categories")
    api.new("products", category_id=used["id"])
    for each in (used, unused):
        assert client.post("/admin/product-categories/delete/", data={"id": each["id"]}).status_code == 302
    assert api.get(f"product-categories/{used['id']}").json["archived_at"]
    assert api.get(f"product-categories/{unused['id']}").status_code == 404
    assert client.post("/admin/product-categories/restore/", data={"id": used["id"]}).status_code == 302
    assert api.get(f"product-categories/{used['id']}").json["archived_at"] is None


def test_many_records_are_deleted_at_once_and_what_is_refused_is_told(client, api):
    gone, kept = api.new("departments"), api.new("departments")
    client.post("/admin/departments/action/", data={"action": "delete", "rowid": [str(gone["id"]), "x'--", "999999999"]})
    told = said(client.get("/admin/departments/"))
    assert "Delete: 1 done" in told
    assert "2 refused" in told
    assert [each["id"] for each in api.get("departments").json["data"]] == [kept["id"]]


def test_a_verb_is_done_with_many_records_at_once(client, api, order):
    confirm = {"action": "confirm", "rowid": [str(order["id"])]}
    client.post("/admin/orders/action/", data=confirm)
    assert "Confirm: 1 done" in said(client.get("/admin/orders/"))
    assert api.get(f"orders/{order['id']}").json["status"] == "confirmed"
    client.post("/admin/orders/action/", data=confirm)
    assert "1 refused" in said(client.get("/admin/orders/"))


def test_many_records_are_archived_and_restored_at_once(client, api):
    products = [api.new("products") for _ in range(2)]
    for each in products:
        api.new("product_suppliers", product_id=each["id"])
    units = [str(each["unit_id"]) for each in products]
    for action, archived in (("delete", True), ("restore", False)):
        client.post("/admin/units-of-measure/action/", data={"action": action, "rowid": units})
        now = api.get(f"units-of-measure?id__in={','.join(units)}&archived=all").json["data"]
        assert [bool(each["archived_at"]) for each in now] == [archived, archived]


def test_no_write_leads_to_another_site(client, api):
    made = api.new("departments")
    answer = client.post("/admin/departments/delete/", data={"id": made["id"], "url": "https://evil.example/"})
    assert answer.headers["Location"] == "/admin/departments/"


def test_a_spreadsheet_takes_no_text_for_a_formula(client, api):
    api.new("departments", name='=HYPERLINK("https://evil.example")')
    assert "'=HYPERLINK" in client.get("/admin/departments/export/csv/").text
