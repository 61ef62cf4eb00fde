"""What a bill of materials takes, and how much of it can be made, at addresses below it."""


def test_a_bill_is_exploded_for_the_quantity_asked_for(api):
    line = api.new("bom_items", quantity="0.3")
    path = f"bill-of-materials/{line['bill_of_materials_id']}/explosion"
    found = api.get(f"{path}?quantity=7")
    assert [(row["level"], row["product_id"], row["quantity"], row["made"]) for row in found.json["data"]] == [
        (1, line["product_id"], "3", False)]
    assert found.headers["X-CogniFlow-Token"] == found.json["token"]
    assert [row["quantity"] for row in api.get(path).json["data"]] == ["1"]
    for wrong, status in (("quantity=0", 422), ("quantity=x", 422), ("other=1", 400), ("bill_of_materials_id=1", 400)):
        assert api.get(f"{path}?{wrong}").status_code == status, wrong
    assert api.get("bill-of-materials/4711/explosion").status_code == 404


def test_every_warehouse_tells_how_much_it_can_make(api):
    part, warehouse = api.new("products", kind="stockable"), api.new("warehouses")
    line = api.new("bom_items", product_id=part["id"])
    assert api.get(f"bill-of-materials/{line['bill_of_materials_id']}/can-build").json["data"] == [
        {"warehouse_id": warehouse["id"], "warehouse": warehouse["name"], "units": "0", "limited_by": part["name"]}]


def test_who_may_not_read_the_stock_is_not_told_what_can_be_made(api, api_as):
    bill = api.new("bom_items")["bill_of_materials_id"]
    assert api_as("viewer").get(f"bill-of-materials/{bill}/can-build").status_code == 200
    assert api_as("hr").get(f"bill-of-materials/{bill}/can-build").status_code == 404
