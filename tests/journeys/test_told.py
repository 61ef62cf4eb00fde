"""The bell and the record's page follow what happens, and what a person does with them is shown at once."""

import pytest
from playwright.sync_api import expect

from tests.journeys.conftest import WITHIN

pytestmark = pytest.mark.browser

TELL = """INSERT INTO notifications (user_id, type_id, severity, title, entity, record_id)
SELECT u.id, t.id, 'warning', '{title}', 'products', p.id FROM users u, notification_types t,
(SELECT min(id) AS id FROM products) p WHERE u.email = 'admin@example.com' AND t.code = 'low_stock'"""


@pytest.fixture
def bell(page, live_server, psql):
    """The bell of an open page, with nothing unread."""
    psql("UPDATE notifications SET read_at = now() WHERE read_at IS NULL")
    page.goto(f"{live_server}/admin/warehouses/")
    page.locator("[data-live-pill][data-state=live]").wait_for()
    expect(page.locator("[data-bell-said]")).to_have_text("Notifications: none unread", timeout=WITHIN)
    return page.locator("[data-bell]")


def test_the_bell_counts_what_psql_tells_and_forgets_what_is_read(bell, psql, rest):
    psql(TELL.format(title="Chai runs low"))
    expect(bell.locator("[data-bell-count]")).to_have_text("1", timeout=WITHIN)
    psql(TELL.format(title="Chang runs low"))
    expect(bell.locator("[data-bell-count]")).to_have_text("2", timeout=WITHIN)
    bell.locator("summary").click()
    expect(bell.locator("li b")).to_have_text(["Chang runs low", "Chai runs low"])
    expect(bell.locator("[data-bell-count][data-new]")).to_have_count(0, timeout=WITHIN)
    bell.get_by_role("button", name="Mark read: Chang runs low").click()
    expect(bell.locator("li b")).to_have_text(["Chai runs low"])
    with bell.page.expect_response("**/read-all"):
        bell.get_by_role("button", name="Mark all read").click()
        expect(bell.locator("[data-bell-count]")).to_be_hidden()
    expect(bell.locator("[data-bell-list]")).to_have_text("Nothing new.")
    newest = rest("GET", "notifications?limit=2").json()["data"]
    assert all(each["read_at"] and each["seen_at"] for each in newest)


def test_what_is_read_elsewhere_is_read_here(bell, psql):
    psql(TELL.format(title="Elsewhere"))
    expect(bell.locator("[data-bell-count]")).to_have_text("1", timeout=WITHIN)
    psql("UPDATE notifications SET read_at = now() WHERE read_at IS NULL")
    expect(bell.locator("[data-bell-count]")).to_be_hidden(timeout=WITHIN)


def test_what_is_refused_is_unread_again(bell, page, psql):
    psql(TELL.format(title="Stays"))
    expect(bell.locator("[data-bell-count]")).to_have_text("1", timeout=WITHIN)
    page.route("**/api/notifications/*/read", lambda route: route.fulfill(
        status=409, content_type="application/problem+json", body='{"title": "No", "detail": "Not now.", "status": 409}'))
    bell.locator("summary").click()
    bell.get_by_role("button", name="Mark read: Stays").click()
    expect(page.locator(".cf-toast")).to_contain_text("Not now.")
    expect(bell.locator("[data-bell-count]")).to_have_text("1")
    expect(bell.locator("li b")).to_have_text(["Stays"])


def test_a_notification_leads_to_its_record_and_is_read(bell, page, psql, rest):
    psql(TELL.format(title="Look here"))
    bell.locator("summary").click()
    bell.get_by_role("link", name="Look here").click()
    page.wait_for_url("**/admin/products/details/**")
    assert rest("GET", "notifications?limit=1").json()["data"][0]["read_at"]


def test_an_open_record_shows_what_was_just_changed(page, live_server, psql, rest):
    product = rest("GET", "products?limit=1").json()["data"][0]
    page.goto(f"{live_server}/admin/products/details/?id={product['id']}")
    page.locator("[data-live-pill][data-state=live]").wait_for()
    psql(f"UPDATE products SET name = 'Renamed in psql' WHERE id = {product['id']}")
    expect(page.locator("#history li").first).to_contain_text("Renamed in psql", timeout=WITHIN)
    expect(page.locator("#history li del").first).to_have_text(product["name"])


def test_a_module_that_is_switched_off_leaves_the_navigation_of_an_open_page(bell, page, psql):
    psql("UPDATE system_modules SET enabled = false WHERE code = 'people'")
    expect(page.locator("nav a[href='/admin/employees/']")).to_have_count(0, timeout=WITHIN)
    psql("UPDATE system_modules SET enabled = true WHERE code = 'people'")
    expect(page.locator("nav a[href='/admin/employees/']")).to_have_count(1, timeout=WITHIN)


def test_a_comment_is_shown_at_once_and_on_every_open_page_of_the_record(page, signed_in, live_server, rest):
    product = rest("GET", "products?limit=1").json()["data"][0]["id"]
    other = signed_in.new_page()
    for each in (page, other):
        each.goto(f"{live_server}/admin/products/details/?id={product}")
        each.locator("[data-live-pill][data-state=live]").wait_for()
    page.get_by_label("Comment", exact=True).fill("Ask the supplier.")
    page.get_by_role("button", name="Comment").click()
    for each in (page, other):
        expect(each.locator("#comments li").last).to_contain_text("Ask the supplier.", timeout=WITHIN)
    expect(page.locator("#comments li.cf-pending")).to_have_count(0, timeout=WITHIN)
    expect(page.get_by_label("Comment", exact=True)).to_have_value("")
    expect(page.get_by_text("Nothing has been said yet.")).to_be_hidden()
    other.close()


def test_a_file_that_is_added_is_listed_and_can_be_had(page, live_server, rest):
    product = rest("GET", "products?limit=1&sort=-id").json()["data"][0]["id"]
    page.goto(f"{live_server}/admin/products/details/?id={product}")
    page.locator("[data-live-pill][data-state=live]").wait_for()
    page.get_by_label("File", exact=True).set_input_files({"name": "offer.txt", "mimeType": "text/plain", "buffer": b"12.50"})
    page.get_by_role("button", name="Add file").click()
    link = page.locator("#files").get_by_role("link", name="offer.txt")
    expect(link).to_be_visible(timeout=WITHIN)
    with page.expect_download() as saved:
        link.click()
    assert saved.value.path().read_bytes() == b"12.50"
