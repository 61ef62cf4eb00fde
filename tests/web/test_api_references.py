"""What a record may refer to: what is in use, and what it is needed for; what was agreed stays agreed."""

import pytest

from cogniflow.kernel.entity import entity_of


@pytest.fixture
def sale(api):
    """Ids of what an order is made of."""
    return {"customer_id": api.new("contacts", is_customer=True)["id"], "warehouse_id": api.new("warehouses")["id"]}


@pytest.fixture
def product(api):
    return api.new("products")["id"]


def archived(api, table: str, number: int) -> None:
    path = table.replace("_", "-")
    assert api.delete(f"{path}/{number}").status_code == 204
    assert api.get(f"{path}/{number}").json["archived_at"], "only what something refers to is archived"


def put_away(api, table: str, **values) -> int:
    """A new record, archived: something refers to it."""
    record = api.new(table, **values)["id"]
    holder = {"products": ("reorder_rules", "product_id"), "warehouses": ("reorder_rules", "warehouse_id"),
              "contacts": ("leads", "contact_id"), "employees": ("employees", "manager_id")}[table]
    api.new(holder[0], **{holder[1]: record})
    archived(api, table, record)
    return record


def refused(answer, *fields: str, message: str = "is archived") -> None:
    assert answer.status_code == 422, answer.text
    assert {each["field"]: each["message"] for each in answer.json["errors"]} == dict.fromkeys(fields, message)


def line(product: int, **given) -> dict:
    return {"product_id": product, "quantity": "1", "unit_price": "1", **given}


def test_a_new_document_names_nothing_archived(api, sale, product):
    gone = {"customer_id": put_away(api, "contacts", is_customer=True), "warehouse_id": put_away(api, "warehouses"),
            "employee_id": put_away(api, "employees")}
    for field, key in gone.items():
        refused(api.post("orders", sale | {field: key}), field)
    old = put_away(api, "products")
    refused(api.post("orders", {**sale, **gone, "items": [line(product), line(old)]}), *gone, "items.1.product_id")
    assert api.get("orders").json["page"]["total"] == 0
    bulk = api.post("orders/bulk", {"items": [sale, sale | {"employee_id": gone["employee_id"]}]})
    assert (bulk.status_code, [each["field"] for each in bulk.json["errors"]]) == (422, ["items.1.employee_id"])
    refused(api.post("reorder-rules", api.values.of(entity_of("reorder_rules")) | {"product_id": old}), "product_id")


def test_what_a_document_refers_to_is_not_changed_to_something_archived_and_stays_where_it_was(api, sale, product):
    order = api.post("orders", {**sale, "items": [line(product)]}).json
    old = put_away(api, "products")
    path, item = f"orders/{order['id']}", order["items"][0]["id"]
    refused(api.patch(path, {"employee_id": put_away(api, "employees")}), "employee_id")
    refused(api.patch(path, {"items": [{"id": item, "quantity": "2"}, line(old)]}), "items.1.product_id")
    refused(api.patch(path, {"items": [{"id": item, "product_id": old}]}), "items.0.product_id")
    refused(api.post("order-items", line(old, order_id=order["id"])), "product_id")
    refused(api.patch(f"order-items/{item}", {"product_id": old}), "product_id")
    archived(api, "products", product)
    archived(api, "contacts", sale["customer_id"])
    assert api.patch(path, {"note": "Still ours.", "items": [{"id": item, "quantity": "3"}]}).status_code == 200
    whole = api.get(path)
    again = api.put(path, {**whole.json, "note": "The whole of it."}, headers={"If-Match": whole.headers["ETag"]})
    assert (again.status_code, again.json["items"][0]["product_id"]) == (200, product)


def test_a_draft_that_lost_what_it_refers_to_is_not_confirmed(api, sale, product):
    order = api.post("orders", {**sale, "items": [line(api.new("products")["id"]), line(product)]}).json["id"]
    archived(api, "products", product)
    archived(api, "contacts", sale["customer_id"])
    refused(api.post(f"orders/{order}/confirm"), "customer_id", "items.1.product_id")
    assert api.post(f"orders/{order}/cancel").status_code == 200


def test_what_was_agreed_is_fulfilled_though_it_was_archived_since(api, sale, product):
    carrier = api.new("contacts", is_carrier=True)["id"]
    order = api.post("orders", {**sale, "carrier_id": carrier, "items": [line(product)]}).json
    supplier = api.new("contacts", is_supplier=True)["id"]
    bought = api.post("purchase-orders", {"supplier_id": supplier, "warehouse_id": sale["warehouse_id"],
                                          "items": [{"product_id": product, "quantity": "1", "unit_cost": "1"}]}).json
    for path in (f"orders/{order['id']}", f"purchase-orders/{bought['id']}"):
        assert api.post(f"{path}/confirm").status_code == 200
    warehouse = sale["warehouse_id"]
    for table, key in (("products", product), ("contacts", carrier), ("contacts", supplier), ("warehouses", warehouse)):
        archived(api, table, key)
    receipt = api.post("goods-receipt-notes", {
        "supplier_id": supplier, "warehouse_id": warehouse, "purchase_order_id": bought["id"], "items": [
            {"purchase_order_item_id": bought["items"][0]["id"], "product_id": product, "quantity": "1", "unit_cost": "1"}]})
    assert receipt.status_code == 201, receipt.text
    delivery = api.post("goods-delivery-notes", {
        "order_id": order["id"], "warehouse_id": warehouse, "carrier_id": carrier,
        "items": [{"order_item_id": order["items"][0]["id"], "product_id": product, "quantity": "1"}]})
    assert delivery.status_code == 201, delivery.text
    other = put_away(api, "contacts", is_carrier=True)
    refused(api.patch(f"goods-delivery-notes/{delivery.json['id']}", {"carrier_id": other}), "carrier_id")


def test_customers_buy_suppliers_sell_and_carriers_carry(api, sale, product):
    nobody, warehouse = api.new("contacts")["id"], sale["warehouse_id"]
    for path, values, field, flag in (
            ("orders", sale, "customer_id", "customer"), ("orders", sale, "carrier_id", "carrier"),
            ("purchase-orders", {"warehouse_id": warehouse}, "supplier_id", "supplier"),
            ("goods-receipt-notes", {"warehouse_id": warehouse}, "supplier_id", "supplier"),
            ("product-suppliers", {"product_id": product}, "supplier_id", "supplier")):
        refused(api.post(path, values | {field: nobody}), field, message=f"is no {flag}")
        right = api.new("contacts", **{f"is_{flag}": True})["id"]
        assert api.post(path, values | {field: right}).status_code == 201
    order = api.post("orders", {**sale, "items": [line(product)]}).json["id"]
    assert api.patch(f"contacts/{sale['customer_id']}", {"is_customer": False}).status_code == 200
    refused(api.post(f"orders/{order}/confirm"), "customer_id", message="is no customer")
    found = api.client.get("/admin/orders/ajax/lookup/?name=customer_id&query=", headers={"Authorization": f"Bearer {api.token}"})
    assert not {nobody, sale["customer_id"]} & {key for key, _ in found.json}
