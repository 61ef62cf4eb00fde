"""A verb that is told more, in the browser: lines are changed, added and taken out, and what is done shows at once."""

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.conftest import WITHIN

pytestmark = pytest.mark.browser


def open_order(rest) -> dict:
    return next(each for each in rest("GET", "orders?status=confirmed&limit=50").json()["data"] if len(each["items"]) > 1)


@pytest.fixture
def amending(page: Page, live_server: str, rest) -> Page:
    """The page on which a confirmed order is amended, come to by its button; `page.order` is the order."""
    page.order = open_order(rest)
    page.goto(f"{live_server}/admin/orders/details/?id={page.order['id']}")
    page.get_by_role("link", name="Amend…").click()
    expect(page.locator("h1")).to_have_text(f"Amend {page.order['number']}")
    return page


def test_an_order_is_amended_and_its_page_and_every_list_show_it(amending, browser, signed_in, live_server, rest):
    onlooker = signed_in.new_page()
    onlooker.goto(f"{live_server}/admin/orders/details/?id={amending.order['id']}")
    onlooker.locator("[data-live-pill][data-state=live]").wait_for()
    lines = amending.locator("[data-lines-body] .cf-line")
    before = lines.count()
    amending.get_by_label("Reason").fill("Agreed by telephone")
    lines.first.get_by_label("Quantity").fill("23")
    lines.nth(1).get_by_role("button", name="Remove line 2").click()
    amending.get_by_role("button", name="Add line").click()
    expect(lines).to_have_count(before + 1)
    added = lines.last
    added.get_by_label("Product").fill("Tofu")
    amending.get_by_role("option", name="Tofu", exact=True).click()
    added.get_by_label("Quantity").fill("3")
    added.get_by_label("Unit price").fill("1.5")
    amending.get_by_role("button", name="Amend", exact=True).click()
    expect(amending.locator(".cf-toast, .cf-alert").first).to_contain_text("Amend: done", timeout=WITHIN)
    expect(onlooker.get_by_role("cell", name="23", exact=True)).to_be_visible(timeout=WITHIN)
    items = rest("GET", f"orders/{amending.order['id']}").json()["items"]
    assert (len(items), items[0]["quantity"], items[-1]["quantity"]) == (before, "23", "3")
    onlooker.close()


def test_what_is_wrong_is_said_beside_its_field_and_what_was_typed_stays(amending, rest):
    line = amending.locator("[data-lines-body] .cf-line").first
    line.get_by_label("Quantity").fill("-5")
    amending.get_by_role("button", name="Amend", exact=True).click()
    expect(amending.locator(".cf-alert").first).to_contain_text("Nothing is done yet")
    expect(amending.locator("#reason-error")).to_be_visible()
    expect(amending.locator("#lines-0-quantity-error")).to_contain_text("greater than 0")
    expect(line.get_by_label("Quantity")).to_have_value("-5")
    assert rest("GET", f"orders/{amending.order['id']}").json()["version"] == amending.order["version"]


def test_a_verb_that_needs_nothing_said_is_done_by_its_button(page, live_server, rest, psql):
    psql("INSERT INTO blog_posts (title, slug, body) VALUES ('News', 'the-news', 'Text')")
    post = rest("GET", "blog-posts?slug=the-news").json()["data"][0]["id"]
    page.goto(f"{live_server}/admin/blog-posts/details/?id={post}")
    page.get_by_role("button", name="Publish", exact=True).click()
    page.get_by_role("dialog").get_by_role("button", name="Publish").click()
    expect(page.locator("[data-frame=verbs]").get_by_role("button", name="Archive")).to_be_visible(timeout=WITHIN)
    assert rest("GET", f"blog-posts/{post}").json()["status"] == "published"
