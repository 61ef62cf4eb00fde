"""The admin's lists as a person uses them: finding, turning pages, exporting, following."""

import re

import pytest
from sqlalchemy import func, insert, literal, select

from cogniflow.db.session import SYSTEM
from cogniflow.domain.contacts.models import Contact
from tests.web.forms import names


def test_a_list_is_searched_filtered_sorted_and_its_archive_shown(client, api):
    for number, (name, city) in enumerate([("Ana Tea", "Lima"), ("Bob Tea", "Oslo"), ("Cas Coffee", "Oslo")]):
        api.new("contacts", name=name, city=city, is_customer=number == 0)
    archived = api.new("contacts", name="Dan Tea", is_supplier=True)
    api.post("product-suppliers", {"product_id": api.new("products")["id"], "supplier_id": archived["id"]})
    client.post("/admin/contacts/delete/", data={"id": archived["id"]})
    assert names(client.get("/admin/contacts/?q=tea")) == ["Ana Tea", "Bob Tea"]
    assert names(client.get("/admin/contacts/?q=tea+oslo")) == ["Bob Tea"]
    assert names(client.get("/admin/contacts/?is_customer=true&kind=")) == ["Ana Tea"]
    assert names(client.get("/admin/contacts/?sort=-name")) == ["Cas Coffee", "Bob Tea", "Ana Tea"]
    assert names(client.get("/admin/contacts/?archived=true")) == ["Dan Tea"]
    assert "Nothing found" in client.get("/admin/contacts/?q=milk").text


def test_an_active_filter_is_told_by_name_and_can_be_removed(client, api):
    category = api.new("product_categories", name="Teas & <more>")
    api.new("products", category_id=category["id"], name="Green")
    page = client.get(f"/admin/products/?category_id={category['id']}&sort=-name")
    assert names(page) == ["Green"]
    assert "Category is Teas &amp; &lt;more&gt;" in page.text
    assert '<a class="cf-chip" href="/admin/products/?sort=-name"' in page.text


@pytest.mark.parametrize(("query", "status"), [
    ("colour=red", 400), ("list_price__gte=cheap", 422), ("sort=colour", 400), ("page=-1", 200), ("page=x", 200), ("q=%00", 422),
    ("id=9999999999999999999999", 422)])
def test_a_list_that_cannot_be_is_told_so_in_the_shell(client, query, status):
    answer = client.get(f"/admin/products/?{query}")
    assert answer.status_code == status
    assert "cf-side" in answer.text


def test_a_long_list_is_turned_page_by_page_and_counted_only_so_far(app, client):
    with app.extensions["cogniflow"].database.transaction(SYSTEM) as session:
        session.execute(insert(Contact).from_select(["name"], select(
            literal("Person ") + func.to_char(func.generate_series(1, 10_120).column_valued("n"), "FM00000"))))
    first, second = client.get("/admin/contacts/"), client.get("/admin/contacts/?page=2")
    assert names(first)[0], names(second)[0] == ("Person 00001", "Person 00051")
    assert "10,000+" in first.text
    assert names(client.get("/admin/contacts/?page=200"))[-1] == "Person 10000"
    exported = client.get("/admin/contacts/export/csv/?name__contains=Person 0000").data.decode("utf-8-sig")
    assert len(exported.splitlines()) == 10


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_an_export_holds_no_connection_while_it_is_taken(app, client, api, kind):
    api.new("departments")
    parts = client.get(f"/admin/departments/export/{kind}/", buffered=False).iter_encoded()
    begun = next(parts) + next(parts, b"")
    assert begun
    assert app.extensions["cogniflow"].database.engine.pool.checkedout() == 0


def test_a_page_of_a_list_is_one_statement_however_many_references_it_shows(statements_with, client, api):
    for _ in range(3):
        api.new("orders")
    client.get("/admin/orders/")  # what is asked but once, of a connection or of the guards
    statements = statements_with()
    assert client.get("/admin/orders/").status_code == 200
    assert len([each for each in statements if "FROM orders" in each]) == 1
    assert len(statements) <= 8


def test_a_list_tells_browsers_how_to_follow_it(client, api):
    made = api.new("departments")
    page = client.get("/admin/departments/?q=").text
    assert 'data-live-topic="departments"' in page and 'data-row-url="/admin/departments/?q="' in page
    assert f'<tr data-id="{made["id"]}" data-record-url="/api/departments/{made["id"]}" data-version="1">' in page
    assert re.search(r'<meta name="cogniflow-token" content="1\.', page)
    form = client.get(f"/admin/departments/edit/?id={made['id']}").text
    assert f'data-live-topic="departments" data-live-id="{made["id"]}" data-version="1"' in form
    assert f'data-record-url="/api/departments/{made["id"]}"' in form


def test_no_page_has_handlers_or_scripts_inside(client, api):
    made = api.new("departments", name='"><script>alert(1)</script>')
    for path in ("", "new/", f"edit/?id={made['id']}", f"details/?id={made['id']}", "?q=%22%3E%3Cscript%3E"):
        page = client.get(f"/admin/departments/{path}").text
        assert not re.search(r"\son[a-z]+\s*=|javascript:|<script(?![^>]* src=)", page)
