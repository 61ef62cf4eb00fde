"""A verb that is told more: its page asks in the right fields, does all of it or says what is wrong beside each."""

import re

import pytest

from cogniflow.kernel.entity import entity_of
from tests.web.forms import fields, said

SAVED = 302


@pytest.fixture
def order(api):
    """A confirmed order of two lines, ten pieces each."""
    made = api.new("orders", items=[{"product_id": api.new("products")["id"], "quantity": "10", "unit_price": "2.5"}
                                    for _ in range(2)])
    api.operate(entity_of("orders"), made["id"], "confirm")
    return api.get(f"orders/{made['id']}").json


def page_of(client, entity, number, verb):
    path = f"/admin/{entity.replace('_', '-')}/operate/{verb}/"
    page = client.get(f"{path}?id={number}&url=/admin/")
    assert page.status_code == 200, page.text
    return path, page.text, fields(page.text)


def test_an_order_is_amended_line_by_line(client, api, order):
    product, (kept, gone) = api.new("products", name="Rooibos"), order["items"]
    path, page, form = page_of(client, "orders", order["id"], "amend")
    assert (form["lines-0-quantity"], form["lines-0-unit_price"]) == ("10", "2.5")
    name = api.get(f"products/{kept['product_id']}").json["name"]
    assert re.search(rf'<input[^>]*data-lookup-text="{name}"[^>]*name="lines-0-product_id"', page)
    done = client.post(path, data=form | {
        "reason": "By telephone", "lines-0-quantity": "4", "del-lines-1": "on", "lines-2-product_id": str(product["id"]),
        "lines-2-quantity": "3", "lines-2-unit_price": "1"})
    assert (done.status_code, done.headers["Location"]) == (SAVED, "/admin/"), said(done)
    now = api.get(f"orders/{order['id']}").json
    assert [(each["product_id"], each["quantity"]) for each in now["items"]] == [(kept["product_id"], "4"), (product["id"], "3")]
    amendment, = api.get(f"order-amendments?order_id={order['id']}").json["data"]
    assert (amendment["reason"], gone["id"] in {each["id"] for each in now["items"]}) == ("By telephone", False)


def test_what_is_wrong_is_said_beside_its_field_and_nothing_is_done(client, api, order):
    path, _, form = page_of(client, "orders", order["id"], "amend")
    page = client.post(path, data=form | {"reason": "", "lines-0-quantity": "4", "lines-1-quantity": "-1"})
    assert "Nothing is done yet" in said(page)
    for field, words in (("reason", "required"), ("lines-1-quantity", "greater than 0")):
        assert re.search(rf'id="{field}-error".*?<span>[^<]*{words}', page.text), field
    assert fields(page.text)["lines-1-quantity"] == "-1"
    assert api.get(f"orders/{order['id']}").json["items"] == order["items"]


def test_lines_that_somebody_else_has_changed_meanwhile_are_not_overwritten_unseen(client, api, order):
    path, _, form = page_of(client, "orders", order["id"], "amend")
    changed = [{"id": order["items"][0]["id"], "quantity": "7"}]
    api.operate(entity_of("orders"), order["id"], "amend", reason="First", lines=changed)
    page = client.post(path, data=form | {"reason": "Second", "lines-1-quantity": "5"})
    assert page.status_code == 200
    assert "changed" in said(page)
    assert [each["quantity"] for each in api.get(f"orders/{order['id']}").json["items"]] == ["7", "10"]


def test_goods_are_received_as_counted_and_what_nobody_counted_as_announced(client, api):
    receipt = api.new("goods_receipt_notes", items=[
        {"product_id": api.new("products")["id"], "quantity": "10"} for _ in range(2)])
    api.operate(entity_of("goods_receipt_notes"), receipt["id"], "expect")
    path, page, form = page_of(client, "goods_receipt_notes", receipt["id"], "receive")
    assert "data-line-add" not in page
    assert "data-line-remove" not in page
    assert client.post(path, data=form | {"lines-0-accepted": "7", "lines-0-rejected": "2"}).status_code == SAVED
    items = api.get(f"goods-receipt-notes/{receipt['id']}").json["items"]
    assert [(each["accepted_quantity"], each["rejected_quantity"]) for each in items] == [("7", "2"), ("10", "0")]


def test_of_a_quotation_only_what_is_wanted_is_ordered(client, api):
    quotation = api.new("quotations", items=[{"product_id": api.new("products")["id"], "quantity": "10", "unit_price": "1"}
                                             for _ in range(2)])
    for verb in ("send", "accept"):
        api.operate(entity_of("quotations"), quotation["id"], verb)
    warehouse = api.new("warehouses")["id"]
    path, page, form = page_of(client, "quotations", quotation["id"], "order")
    assert re.search(r'type="date"[^>]*name="promised_on"|name="promised_on"[^>]*type="date"', page)
    assert "Is required" in client.post(path, data=form | {"lines-0-quantity": "4"}).text
    assert client.post(path, data=form | {"lines-0-quantity": "4", "warehouse_id": str(warehouse)}).status_code == SAVED
    made, = api.get(f"orders?quotation_id={quotation['id']}").json["data"]
    assert [each["quantity"] for each in made["items"]] == ["4"]


def test_a_time_is_given_in_the_company_time_zone(client, api):
    setting = api.get("system/settings/company.timezone").json
    api.patch(f"system/settings/{setting['id']}", {"value": "Asia/Kolkata"})
    post = api.new("blog_posts")
    path, page, form = page_of(client, "blog_posts", post["id"], "publish")
    assert "datetime-local" in page
    assert client.post(path, data=form | {"at": "2124-07-01T12:00:00"}).status_code == SAVED
    assert api.get(f"blog-posts/{post['id']}").json["published_at"].startswith("2124-07-01T06:30:00")


def test_a_record_that_a_verb_refers_to_is_found_by_its_name(client, api):
    lead = api.new("leads")
    _, page, _ = page_of(client, "leads", lead["id"], "move")
    assert "name=move.stage_id" in page
    found = client.get("/admin/leads/ajax/lookup/?name=move.stage_id&query=Proposal").json
    assert [name for _, name in found] == ["Proposal"]


def test_a_verb_that_needs_nothing_said_is_done_by_a_button_and_with_many_at_once(client, api):
    posts = [api.new("blog_posts")["id"] for _ in range(2)]
    page = client.get(f"/admin/blog-posts/details/?id={posts[0]}").text
    assert re.search(r'<form[^>]*action="/admin/blog-posts/operate/publish/"', page)
    assert f'href="/admin/blog-posts/operate/publish/?id={posts[0]}' in page
    client.post("/admin/blog-posts/action/", data={"action": "publish", "rowid": posts})
    assert {api.get(f"blog-posts/{each}").json["status"] for each in posts} == {"published"}


def test_what_is_no_verb_or_no_record_has_no_page(client, order):
    for where in (f"explode/?id={order['id']}", "amend/?id=999999999", "amend/"):
        assert client.get(f"/admin/orders/operate/{where}").status_code == 404, where
