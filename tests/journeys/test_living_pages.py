"""Open pages follow rows that somebody else changed: lists, navigation, brand, look, the public page."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.journeys.conftest import WITHIN

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def products(browser: Browser, sign_in, live_server: str) -> Iterator[Page]:
    """The admin's list of products, loaded once."""
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    sign_in(page)
    page.goto(f"{live_server}/admin/products/")
    page.locator("[data-live-pill][data-state=live]").wait_for()
    page.navigations = []
    page.on("framenavigated", lambda frame: page.navigations.append(frame.url))
    yield page
    page.context.close()


def test_the_list_shows_what_rest_wrote(products, rest):
    row = products.locator("table[data-live-topic=products] tbody tr[data-id]").first
    key = row.get_attribute("data-id")
    assert rest("PATCH", f"products/{key}", json={"name": "Renamed by REST"}).status_code == 200
    expect(products.locator(f"tr[data-id='{key}']")).to_contain_text("Renamed by REST", timeout=WITHIN)
    assert products.navigations == []


def test_the_list_shows_what_psql_wrote(products, psql):
    key = products.locator("table[data-live-topic=products] tbody tr[data-id]").nth(1).get_attribute("data-id")
    psql(f"UPDATE products SET name = 'Renamed by psql' WHERE id = {key}")
    expect(products.locator(f"tr[data-id='{key}']")).to_contain_text("Renamed by psql", timeout=WITHIN)
    assert products.navigations == []


@pytest.mark.parametrize(
    ("change", "shown"),
    [
        ("UPDATE system_modules SET title = 'Buying' WHERE code = 'purchasing'", "Buying"),
        ("UPDATE system_sub_modules SET title = 'Our goods' WHERE entity = 'products'", "Our goods"),
        ("UPDATE system_settings SET value = '\"Southwind\"' WHERE key = 'company.name'", "Southwind"),
    ],
)
def test_the_frame_shows_what_its_rows_say(products, psql, change, shown):
    psql(change)
    expect(products.locator("header .cf-brand, nav")).to_contain_text([shown], timeout=WITHIN)
    assert products.navigations == []


def test_the_heading_of_an_open_list_is_the_entry_of_the_navigation(products, psql):
    psql("UPDATE system_sub_modules SET title = 'Everything we sell' WHERE entity = 'products'")
    expect(products.locator("h1")).to_have_text("Everything we sell", timeout=WITHIN)
    expect(products).to_have_title("Everything we sell · Southwind", timeout=WITHIN)


def test_the_page_of_a_record_follows_it(products, live_server, psql, rest):
    order = rest("GET", "orders?status=confirmed&limit=1").json()["data"][0]["id"]
    products.goto(f"{live_server}/admin/orders/details/?id={order}")
    products.locator("[data-live-pill][data-state=live]").wait_for()
    products.navigations.clear()
    psql(f"UPDATE orders SET status = 'on_hold' WHERE id = {order}")
    expect(products.locator("[data-frame=record]")).to_contain_text("On hold", timeout=WITHIN)
    expect(products.locator("[data-frame=verbs]").get_by_text("Resume")).to_be_visible(timeout=WITHIN)
    assert products.navigations == []


def test_publishing_a_branding_dresses_every_open_page_anew(products, browser, live_server, psql):
    visitor = browser.new_page()
    visitor.goto(f"{live_server}/site/")
    products.goto(f"{live_server}/admin/products/")
    products.locator("[data-live-pill][data-state=live]").wait_for()
    products.navigations.clear()
    psql("UPDATE branding_template_versions SET status = 'published' WHERE title = 'Compass'")
    for page in (products, visitor):
        expect(page.locator(".cf-brand .cf-logo-picture")).to_be_visible(timeout=WITHIN)
        expect(page.locator(".btn-primary, .site-hero").first).to_have_css("background-color", "rgb(11, 94, 79)")
    assert products.navigations == []
    visitor.context.close()


def test_an_open_public_page_shows_what_psql_wrote(browser, live_server, psql):
    visitor = browser.new_page()
    visitor.goto(f"{live_server}/site/")
    psql("UPDATE features SET title = 'Renamed by psql' WHERE slug = 'on-time'; "
         "UPDATE testimonials SET status = 'archived' WHERE author = 'Maria Anders'; "
         "UPDATE system_settings SET value = '\"A new headline\"' WHERE key = 'site.headline'")
    expect(visitor.locator("#on-time h3")).to_have_text("Renamed by psql", timeout=WITHIN)
    expect(visitor.locator("main")).not_to_contain_text("Maria Anders")
    expect(visitor.locator("h1")).to_have_text("A new headline")
    visitor.context.close()


@pytest.fixture
def form(products, live_server, order) -> Page:
    """The form of a draft order with a line; `form.order` is the order."""
    products.order = order
    products.goto(f"{live_server}/admin/orders/edit/?id={products.order['id']}")
    products.locator("[data-live-pill][data-state=live]").wait_for()
    return products


def test_a_field_nobody_touched_follows_the_record(form, rest):
    assert rest("PATCH", f"orders/{form.order['id']}", json={"freight": "12.5"}).status_code == 200
    expect(form.locator("[name=freight]")).to_have_value("12.5", timeout=WITHIN)
    expect(form.locator("[data-live-status]")).to_contain_text("A program changed Freight")
    assert int(form.locator("form input[name=version]").input_value()) > form.order["version"]


def test_lines_that_somebody_else_changed_are_not_overwritten_unseen(form, rest):
    before = form.locator("form input[name=version]").input_value()
    added = {"product_id": form.order["items"][0]["product_id"], "quantity": "7", "unit_price": "1"}
    assert rest("PATCH", f"orders/{form.order['id']}", json={"items": [added]}).status_code == 200
    expect(form.locator("[data-live-status]")).to_contain_text("changed the lines", timeout=WITHIN)
    assert form.locator("form input[name=version]").input_value() == before
    form.get_by_role("button", name="Save", exact=True).click()
    expect(form.locator("form [role=alert]").first).to_be_visible()
    assert len(rest("GET", f"orders/{form.order['id']}").json()["items"]) == 2


def test_a_time_in_a_form_stays_the_same_moment_when_the_record_changes(products, live_server, psql, rest):
    psql("""UPDATE system_settings SET value = '"Asia/Kolkata"' WHERE key = 'company.timezone';
            UPDATE api_tokens SET expires_at = '2124-07-01T06:30:00Z'""")
    token = rest("GET", "api-tokens").json()["data"][0]["id"]
    products.goto(f"{live_server}/admin/api-tokens/edit/?id={token}")
    products.locator("[data-live-pill][data-state=live]").wait_for()
    rest("PATCH", f"api-tokens/{token}", json={"name": "Renamed"})
    expect(products.locator("[name=name]")).to_have_value("Renamed", timeout=WITHIN)
    expect(products.locator("[name=expires_at]")).to_have_value("2124-07-01T12:00")
    rest("PATCH", f"api-tokens/{token}", json={"expires_at": "2124-07-01T07:30:30Z"})
    expect(products.locator("[name=expires_at]")).to_have_value("2124-07-01T13:00:30", timeout=WITHIN)


def test_a_view_that_was_saved_is_offered_on_every_open_page_of_its_user(products, page, live_server, psql):
    products.goto(f"{live_server}/admin/products/")
    products.locator("[data-live-pill][data-state=live]").wait_for()
    products.navigations.clear()
    page.goto(f"{live_server}/admin/products/?sort=-list_price")
    page.locator("[data-frame=views] summary").click()
    page.get_by_label("Save this view as").fill("Dearest first")
    page.get_by_role("button", name="Save", exact=True).click()
    offered = products.locator("[data-frame=views]")
    expect(offered).to_contain_text("Dearest first", timeout=WITHIN)
    psql("UPDATE saved_views SET title = 'The dearest' WHERE title = 'Dearest first'")
    expect(offered).to_contain_text("The dearest", timeout=WITHIN)
    psql("DELETE FROM saved_views")
    expect(offered).not_to_contain_text("The dearest", timeout=WITHIN)
    assert products.navigations == []
