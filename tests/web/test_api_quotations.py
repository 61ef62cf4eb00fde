"""From a lead to an amended order, as a program and as a person do it."""

import pytest

from cogniflow.kernel.entity import entity_of


@pytest.fixture
def quotation(api):
    """A draft quotation with one line of ten."""
    line = api.new("quotation_items", quantity="10", unit_price="2.5")
    return api.patch(f"quotations/{line['quotation_id']}", {"warehouse_id": api.new("warehouses")["id"]}).json


def test_a_lead_becomes_a_customer_a_quotation_and_an_amended_order(api):
    product, warehouse = api.new("products")["id"], api.new("warehouses")["id"]
    lead = api.new("leads", title="Tea", company="Office Ltd")
    won = api.operate(entity_of("leads"), lead["id"], "convert", quotation=True)
    made = api.patch(f"quotations/{won['quotation_id']}", {"warehouse_id": warehouse, "items": [
        {"product_id": product, "quantity": "10", "unit_price": "2.5"}]}).json
    assert (made["customer_id"], made["total"]) == (won["contact_id"], "25")
    for verb, status in (("send", "sent"), ("accept", "accepted"), ("order", "ordered")):
        made = api.operate(entity_of("quotations"), made["id"], verb)
        assert made["status"] == status
    order, = api.get(f"orders?quotation_id={made['id']}&fields=id,total").json["data"]
    assert order["total"] == made["total"]
    api.operate(entity_of("orders"), order["id"], "confirm")
    line = api.get(f"orders/{order['id']}").json["items"][0]["id"]
    amended = api.operate(entity_of("orders"), order["id"], "amend", reason="Less", lines=[{"id": line, "quantity": "4"}])
    assert (amended["total"], amended["items"][0]["quantity"]) == ("10", "4")
    kept, = api.get(f"order-amendments?order_id={order['id']}").json["data"]
    assert [kept[side][0]["quantity"] for side in ("before", "after")] == ["10", "4"]
    assert api.get(f"quotations/{made['id']}").json["status"] == "partially_ordered"


def test_the_second_order_of_a_quotation_is_a_clear_409(api, quotation):
    for verb in ("send", "accept", "order"):
        api.operate(entity_of("quotations"), quotation["id"], verb)
    refused = api.post(f"quotations/{quotation['id']}/order", {})
    assert (refused.status_code, "must be accepted" in refused.json["detail"]) == (409, True)
    assert api.get(f"orders?quotation_id={quotation['id']}").json["page"]["total"] == 1


@pytest.mark.parametrize(("change", "status"), [
    ({"status": "draft"}, 422), ({"rate": "2"}, 422), ({"number": "QT-1"}, 422), ({"reason": "x"}, 422),
    ({"valid_until": "2099-01-01"}, 409), ({"items": [{"product_id": 1, "quantity": "1", "unit_price": "1"}]}, 409)])
def test_what_was_sent_is_not_changed_by_a_patch(api, quotation, change, status):
    if "items" in change:
        change["items"][0]["product_id"] = quotation["items"][0]["product_id"]
    api.operate(entity_of("quotations"), quotation["id"], "send")
    assert api.patch(f"quotations/{quotation['id']}", change).status_code == status


def test_a_sent_line_is_not_changed_in_the_admin(client, api, quotation):
    api.operate(entity_of("quotations"), quotation["id"], "send")
    answer = client.post("/admin/quotation-items/ajax/update/", data={
        "list_form_pk": quotation["items"][0]["id"], "unit_price": "1"})
    assert answer.status_code == 409


def test_a_lead_is_moved_in_the_list_and_won_by_its_verb_alone(client, api):
    lead = api.new("leads")
    stages = {stage["name"]: stage["id"] for stage in api.get("pipeline-stages").json["data"]}
    for stage, status in (("Proposal", 200), ("Won", 409), ("Lost", 409)):
        answer = client.post("/admin/leads/ajax/update/", data={"list_form_pk": lead["id"], "stage_id": stages[stage]})
        assert answer.status_code == status, stage
    client.post("/admin/leads/operate/lose/", data={
        "id": lead["id"], "version": api.get(f"leads/{lead['id']}").json["version"], "reason": "No money"})
    moves = api.get(f"lead-stage-history?lead_id={lead['id']}&sort=id").json["data"]
    assert [(move["to_stage_id"], move["reason"]) for move in moves] == [
        (stages["New"], None), (stages["Proposal"], None), (stages["Lost"], "No money")]
    assert moves[-1]["created_by"] is not None


def test_a_viewer_sees_leads_and_does_nothing_with_them(api, api_as):
    lead, viewer, seller = api.new("leads"), api_as("viewer"), api_as("sales")
    assert viewer.get(f"leads/{lead['id']}").status_code == 200
    assert viewer.post(f"leads/{lead['id']}/lose", {"reason": "x"}).status_code == 403
    assert api_as("storekeeper").get("leads").status_code == 404
    assert seller.post(f"leads/{lead['id']}/convert", {}).status_code == 200


def test_contacts_are_merged_by_those_who_may(api, api_as):
    gone, kept = api.new("contacts"), api.new("contacts")
    assert api_as("viewer").post(f"contacts/{gone['id']}/merge", {"into": kept["id"]}).status_code == 403
    merged = api.operate(entity_of("contacts"), gone["id"], "merge", into=kept["id"])
    assert (merged["merged_into_id"], bool(merged["archived_at"])) == (kept["id"], True)
    assert api.patch(f"contacts/{gone['id']}", {"merged_into_id": None}).status_code == 422
