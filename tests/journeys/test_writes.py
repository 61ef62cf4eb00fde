"""What a person changes is shown at once, settled by the feed, and taken back with the reason when it is refused."""

import re
from collections.abc import Callable

import pytest
import requests
from playwright.sync_api import Locator, Page, Route, expect

from tests.journeys.conftest import WITHIN

pytestmark = pytest.mark.browser

WRITES = re.compile(r"/admin/[^/]+/(ajax/update|operate|delete)/")
Rest = Callable[..., requests.Response]


@pytest.fixture
def page(page: Page) -> Page:
    """A page; `page.writes` is what it sends while `page.hold()` holds it back."""
    page.writes = []
    page.hold = lambda: page.route(WRITES, lambda route: page.writes.append(route))
    return page


@pytest.fixture
def contact(rest: Rest) -> dict:
    """A contact that comes first in its list."""
    return rest("POST", "contacts", json={"name": "Aaa Trading", "city": "Oslo"}).json()


@pytest.fixture
def city(page: Page, live_server: str, contact: dict) -> Locator:
    """The city of the contact in the list, to be edited; `page.row` is its row."""
    open_page(page, f"{live_server}/admin/contacts/?sort=-id")
    page.row = page.locator(f"tr[data-id='{contact['id']}']")
    return page.row.locator("[name=city]")


def open_page(page: Page, address: str) -> None:
    """Goes there and waits until the page is live."""
    page.goto(address)
    page.locator("[data-live-pill][data-state=live]").wait_for()


def write(page: Page, city: Locator, value: str) -> None:
    """Edits in place."""
    city.click()
    page.keyboard.type(value)
    page.keyboard.press("Enter")


def sent(page: Page) -> Route:
    """The write that the page has sent and that is held back."""
    page.line.wait(lambda: page.writes)
    return page.writes.pop()


def confirm(page: Page, place: Locator) -> None:
    """Confirms the order, and that it is meant."""
    place.get_by_role("button", name="Confirm", exact=True).click()
    page.locator("dialog").get_by_role("button", name="Confirm", exact=True).click()


def test_an_edit_in_place_is_shown_at_once_and_settled_when_the_feed_has_shown_it(page, city, contact, rest):
    page.hold()
    page.line.holds = True
    write(page, city, "Bergen")
    expect(city).to_have_text("Bergen")
    expect(city).to_have_class("cf-pending")
    assert rest("GET", f"contacts/{contact['id']}").json()["city"] == "Oslo"
    with page.expect_response(WRITES):
        sent(page).continue_()
    expect(page.row).to_have_attribute("data-version", str(contact["version"] + 1))
    expect(city).to_have_class("cf-pending")
    page.line.release()
    expect(city).not_to_have_class(re.compile("cf-pending"), timeout=WITHIN)
    expect(city).to_have_text("Bergen")
    assert rest("GET", f"contacts/{contact['id']}").json()["city"] == "Bergen"


def test_a_refused_edit_is_taken_back_with_the_reason_and_what_was_typed_is_kept(page, city, contact, rest):
    write(page, city, "x" * 300)
    expect(page.locator(".cf-toast")).to_contain_text("City")
    editor = page.row.locator(".cf-edit")
    expect(editor).to_have_value("x" * 300)
    expect(editor).to_have_attribute("aria-invalid", "true")
    expect(editor).to_be_focused()
    page.keyboard.press("Escape")
    expect(city).to_have_text("Oslo")
    assert rest("GET", f"contacts/{contact['id']}").json() == contact


def test_who_edits_what_somebody_else_has_just_changed_sees_both_values_and_decides(page, city, contact, rest):
    page.line.holds = True
    rest("PATCH", f"contacts/{contact['id']}", json={"city": "Turku"})
    write(page, city, "Bergen")
    expect(page.locator(".cf-toast")).to_contain_text("A program has changed this record: City is Turku, yours is Bergen.")
    assert rest("GET", f"contacts/{contact['id']}").json()["city"] == "Turku"
    page.line.release()
    page.keyboard.press("Enter")
    expect(city).to_have_text("Bergen")
    expect(city).not_to_have_class(re.compile("cf-pending"), timeout=WITHIN)
    assert rest("GET", f"contacts/{contact['id']}").json()["city"] == "Bergen"


def test_without_a_network_nothing_typed_is_lost(page, city, contact, rest):
    page.route(WRITES, lambda route: route.abort())
    write(page, city, "Bergen")
    expect(page.locator(".cf-toast")).to_have_text("Not saved. The server cannot be reached.")
    expect(page.row.locator(".cf-edit")).to_have_value("Bergen")
    page.unroute(WRITES)
    page.keyboard.press("Enter")
    expect(city).to_have_text("Bergen")
    expect(city).not_to_have_class(re.compile("cf-pending"), timeout=WITHIN)
    assert rest("GET", f"contacts/{contact['id']}").json()["city"] == "Bergen"


def test_while_the_feed_is_away_a_write_is_saved_and_settled_when_it_is_back(page, city, contact, rest):
    page.line.refusals = [1013] * 1000
    page.line.cut(1012)
    expect(page.locator("[data-live-pill]")).to_have_text("Reconnecting")
    with page.expect_response(WRITES):
        write(page, city, "Bergen")
    expect(city).to_have_class("cf-pending")
    assert rest("GET", f"contacts/{contact['id']}").json()["city"] == "Bergen"
    page.line.refusals.clear()
    expect(city).not_to_have_class(re.compile("cf-pending"), timeout=WITHIN)


def test_a_deleted_row_goes_at_once_and_is_back_when_it_was_not_deleted(page, city, contact, rest):
    page.hold()
    for status in ("refused", "done"):
        page.row.get_by_role("button", name="Delete").click()
        page.locator("dialog").get_by_role("button", name="Delete").click()
        expect(page.row).to_have_class("cf-gone")
        if status == "refused":
            sent(page).fulfill(status=409, json={"detail": "Not today.", "errors": []})
            expect(page.locator(".cf-toast")).to_contain_text("Not today. A program changed it last.")
            expect(page.row).not_to_have_class("cf-gone")
        else:
            sent(page).continue_()
            expect(page.row).to_have_count(0, timeout=WITHIN)
    assert rest("GET", f"contacts/{contact['id']}").status_code == 404


def test_a_verb_is_shown_at_once_on_the_page_of_the_record(page, live_server, order, rest):
    open_page(page, f"{live_server}/admin/orders/details/?id={order['id']}")
    page.hold()
    confirm(page, page.locator("[data-frame=verbs]"))
    record = page.locator("[data-frame=record]")
    expect(record.locator(".cf-status")).to_have_text("Confirmed")
    expect(record).to_have_class("cf-pending")
    assert rest("GET", f"orders/{order['id']}").json()["status"] == "draft"
    sent(page).continue_()
    expect(record.locator("[aria-current=step]")).to_have_text("Confirmed", timeout=WITHIN)
    expect(record).not_to_have_class(re.compile("cf-pending"))
    expect(page.locator(".cf-toast")).to_have_text("Confirm: done.")
    expect(page.locator("[data-frame=verbs]").get_by_role("button", name="Confirm", exact=True)).to_have_count(0)
    assert rest("GET", f"orders/{order['id']}").json()["status"] == "confirmed"


def test_a_refused_verb_of_a_list_is_taken_back_and_the_row_shown_as_it_is(page, live_server, order, rest):
    open_page(page, f"{live_server}/admin/orders/?sort=-id")
    page.line.holds = True
    assert rest("POST", f"orders/{order['id']}/cancel").status_code == 200
    row = page.locator(f"tr[data-id='{order['id']}']")
    row.locator("summary").click()
    confirm(page, row)
    expect(page.locator(".cf-toast")).to_contain_text(re.compile("cancelled.*A program changed it last"))
    expect(row.locator(".cf-status")).to_have_text("Draft")
    page.line.release()
    expect(row.locator(".cf-status")).to_have_text("Cancelled", timeout=WITHIN)


def test_after_deleting_the_record_of_a_page_its_list_says_so(page, live_server, contact):
    open_page(page, f"{live_server}/admin/contacts/details/?id={contact['id']}")
    page.get_by_role("button", name="Delete").click()
    page.locator("dialog").get_by_role("button", name="Delete").click()
    page.wait_for_url("**/admin/contacts/")
    expect(page.locator(".cf-toast")).to_have_text("Contact deleted.")


def test_a_list_that_could_not_be_read_says_so_and_is_read_again(page, city, contact, rest):
    page.route("**/admin/contacts/?sort=-id", lambda route: route.abort())
    rest("PATCH", f"contacts/{contact['id']}", json={"city": "Turku"})
    toast = page.locator(".cf-toast")
    expect(toast).to_contain_text("could not be brought up to date", timeout=WITHIN)
    page.unroute("**/admin/contacts/?sort=-id")
    toast.get_by_role("button", name="Try again").click()
    expect(city).to_have_text("Turku", timeout=WITHIN)
