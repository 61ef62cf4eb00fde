"""The history of a record on its page."""


def test_the_page_of_a_record_tells_who_changed_what(client, api):
    made = api.new("products", name="Before", list_price="1")
    category = api.new("product_categories", name="Sweets")
    client.patch(f"/api/products/{made['id']}", json={"name": "After <b>", "list_price": "12.5", "category_id": category["id"]})
    page = client.get(f"/admin/products/details/?id={made['id']}").text
    assert "<b>Ada Admin</b> changed it" in page and "A program</b> created it" in page
    assert "<del>Before</del>" in page and "<ins>After &lt;b&gt;</ins>" in page
    assert "<del>1.00</del>" in page and "<ins>12.50</ins>" in page and "<ins>Sweets</ins>" in page


def test_older_changes_are_a_page_further(client, api):
    made = api.new("products", name="0")
    for n in range(1, 25):
        api.patch(f"products/{made['id']}", {"name": f"Name {n}"})
    page = client.get(f"/admin/products/details/?id={made['id']}").text
    older = page.split("changes=")[1].split("#")[0].split('"')[0].replace("&amp;", "&")
    further = client.get(f"/admin/products/details/?id={made['id']}&changes={older}").text
    assert "<ins>Name 1</ins>" in further and "<ins>Name 24</ins>" not in further and "created it" in further


def test_a_record_kept_without_history_has_no_such_part(client, api):
    made = api.new("currencies")
    assert 'id="history"' not in client.get(f"/admin/currencies/details/?id={made['id']}").text
