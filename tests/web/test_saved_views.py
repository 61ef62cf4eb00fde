"""What a list shows is its reader's choice, and so is which lists he comes back to."""

import re

from tests.web.forms import names

HEADS = re.compile(r'<th scope="col"[^>]*>\s*(?:<a [^>]*>)?([^<]+)')
VIEW = re.compile(r'<div class="cf-view"><a href="([^"]+)"( aria-current="page")?>([^<]+)</a>')


def test_a_list_shows_the_columns_asked_for_after_what_names_the_record(client, api):
    api.new("products", name="Green", cost="2.5")
    assert HEADS.findall(client.get("/admin/products/?fields=weight_kg&fields=cost").text) == ["Name", "Cost", "Weight kg"]
    page = client.get("/admin/products/?fields=cost,weight_kg&sort=-cost")
    assert HEADS.findall(page.text) == ["Name", "Cost", "Weight kg"]
    assert "fields=cost,weight_kg" in page.text.replace("%2C", ","), "the other links of the page keep the columns"


def test_a_list_of_unknown_columns_is_told_so(client):
    answer = client.get("/admin/products/?fields=cost,colour")
    assert (answer.status_code, "unknown: colour" in answer.text) == (400, True)


def test_a_file_of_the_list_has_the_columns_asked_for(client, api):
    api.new("products", name="Green", cost="2.5")
    told = client.get("/admin/products/export/csv/?fields=name,cost").data.decode("utf-8-sig")
    assert told.splitlines() == ["Name,Cost", "Green,2.5"]


def test_a_view_is_saved_under_a_name_opened_again_and_deleted(client, api):
    for name, cost in (("Green", "2.5"), ("Black", "9")):
        api.new("products", name=name, cost=cost)
    asked = "/admin/products/?fields=cost&sort=-cost&cost__gte=3"
    offered = client.get(asked).text.split("cf-save-view")[1]
    form = dict(re.findall(r'name="(entity|arguments|user_id)" value="([^"]*)"', offered))
    saving = {name: value.replace("&amp;", "&") for name, value in form.items()} | {"title": "Dear"}
    saved = client.post("/admin/saved-views/new/?url=/admin/products/", data=saving)
    assert (saved.status_code, saved.headers["Location"]) == (302, "/admin/products/")
    [(url, current, title)] = VIEW.findall(client.get("/admin/products/").text)
    assert (title, current) == ("Dear", "")
    opened = client.get(url.replace("&amp;", "&"))
    assert (names(opened), HEADS.findall(opened.text)) == (["Black"], ["Name", "Cost"])
    assert VIEW.findall(opened.text)[0][1], "the view that is open is marked"
    assert VIEW.findall(client.get("/admin/contacts/").text) == [], "a view is of one list"
    again = client.post("/admin/saved-views/new/?url=/admin/products/", data=saving)
    assert (again.status_code, "cf-invalid" in again.text or "already" in again.text) == (200, True)
    [kept] = api.get("saved-views").json["data"]
    client.post("/admin/saved-views/delete/", data={"id": kept["id"], "url": "/admin/products/"})
    assert VIEW.findall(client.get("/admin/products/").text) == []


def test_a_view_is_its_users_own(client, api, sign_in):
    viewer = sign_in("viewer")
    me = re.search(r'name="user_id" value="(\d+)"', viewer.get("/admin/products/?q=tea").text)[1]
    view = {"entity": "products", "title": "Tea", "arguments": "q=tea"}
    made = viewer.post("/api/saved-views", json=view | {"user_id": int(me)})
    assert made.status_code == 201
    assert viewer.post("/api/saved-views", json=view | {"user_id": int(me) - 1}).status_code in (403, 404, 422)
    assert VIEW.findall(client.get("/admin/products/").text) == []
    assert [title for _, _, title in VIEW.findall(viewer.get("/admin/products/").text)] == ["Tea"]
    other = sign_in("sales")
    assert other.get(f"/api/saved-views/{made.json['id']}").status_code == 404


def test_a_view_holds_no_spaces_or_control_characters(api):
    view = api.new("saved_views")
    assert api.patch(f"saved-views/{view['id']}", {"arguments": "q=a\nb"}).status_code == 422
