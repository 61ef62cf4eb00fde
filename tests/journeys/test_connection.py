"""A page whose connection fails in every way it can: it comes back by its token and shows what the database holds."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.conftest import WITHIN

pytestmark = pytest.mark.browser

LONGEST = [1000, 2000, 4000, 8000, 16000, 30000, 30000]
"""Milliseconds at most before each attempt."""


@pytest.fixture
def products(page: Page, live_server: str) -> Page:
    """The list of products, live; `page.ids` are those of its rows."""
    page.goto(f"{live_server}/admin/products/")
    is_live(page)
    page.ids = page.eval_on_selector_all("tr[data-id]", "rows => rows.map((row) => row.dataset.id)")
    return page


@pytest.fixture
def rename(psql) -> Callable[[str, str], None]:
    """Renames a product behind the page's back."""
    return lambda key, name: psql(f"UPDATE products SET name = '{name}' WHERE id = {key}")


def is_live(page: Page) -> None:
    """Waits until the page says so."""
    page.locator("[data-live-pill][data-state=live]").wait_for()


def shows(page: Page, key: str, name: str) -> None:
    """Waits until the row of a product has this name."""
    expect(page.locator(f"tr[data-id='{key}']")).to_contain_text(name, timeout=WITHIN)


def token(page: Page) -> str:
    """How far the page has come."""
    return page.evaluate("cogniflow.live.token")


def test_a_message_lost_on_the_way_is_noticed_by_the_next_and_comes_again(products, rename):
    line, (one, other) = products.line, products.ids[:2]
    lost = []
    line.drops = lambda message: message["type"] == "chg" and not lost and not lost.append(message)
    before = token(products)
    rename(one, "Lost on the way")
    line.wait(lambda: lost)
    rename(other, "After the gap")
    shows(products, one, "Lost on the way")
    shows(products, other, "After the gap")
    assert [each.get("token") for each in line.hellos[1:]] == [before]
    assert not any(each["type"] == "reset" for each in line.said)


@pytest.mark.parametrize("code", [4008, 1012, 3000])
def test_a_page_that_was_cut_off_comes_back_by_its_token(products, rename, code):
    line, key = products.line, products.ids[0]
    before = token(products)
    line.cut(code)
    rename(key, f"Absent for {code}")
    shows(products, key, f"Absent for {code}")
    assert line.hellos[1]["token"] == before
    assert not any(each["type"] == "reset" for each in line.said)


def test_a_server_that_says_goodbye_says_over_how_long_its_clients_return(products):
    products.evaluate("Math.random = () => 0.25")
    products.line.cut(1012, {"type": "bye", "retry_ms": 4000})
    products.wait_for_function("() => cogniflow.live.state === 'live' && delays.length")
    assert products.evaluate("delays") == [1000]


def test_refused_attempts_are_spread_over_ever_longer_times(products):
    line = products.line
    for chance, delays in ((1, LONGEST), (0, [500, 500, 500])):
        products.evaluate("chance => { Math.random = () => chance; delays.length = 0; }", chance)
        line.refusals = [1013] * (len(delays) - 1)
        line.cut(1013)
        products.wait_for_function("most => delays.length === most && cogniflow.live.state === 'live'", arg=len(delays))
        assert products.evaluate("delays") == delays


def test_the_pill_says_how_the_connection_is(products):
    pill = products.locator("[data-live-pill]")
    expect(pill).to_have_text("Live")
    products.line.refusals = [1013] * 1000
    products.line.cut(1013)
    expect(pill).to_have_text("Reconnecting")
    products.evaluate("() => { const now = Date.now; Date.now = () => now() + 60000; }")
    expect(pill).to_have_text("Stale · 1 min", timeout=WITHIN)
    products.line.refusals.clear()
    expect(pill).to_have_text("Live")


def test_the_pill_says_so_when_the_server_is_there_and_its_database_is_not(products):
    pill = products.locator("[data-live-pill]")
    beat = {"type": "hb", "k": token(products)}
    products.line.say(beat | {"away": True})
    expect(pill).to_have_text("Stale · 10 s")
    products.line.say(beat | {"away": False})
    expect(pill).to_have_text("Live")


def test_a_position_that_the_server_does_not_know_refreshes_the_page_and_says_so(products, rename):
    line, key = products.line, products.ids[0]
    line.garbles = lambda hello: hello | {"token": "1.000000000000.5.5."}
    line.cut(4008)
    rename(key, "A life before")
    shows(products, key, "A life before")
    expect(products.locator(".cf-toast")).to_contain_text("was refreshed")


def test_a_hidden_tab_rests_and_then_shows_everything_at_once(products, rename):
    line, (one, other) = products.line, products.ids[:2]
    products.evaluate("""() => { Object.defineProperty(document, "hidden", {get: () => window.away, configurable: true});
        window.away = true; document.dispatchEvent(new Event("visibilitychange")); }""")
    for key in (one, other):
        line.said.clear()
        rename(key, "Alone at last")
        line.wait(lambda: line.changed("products"))
    applied = products.evaluate("new Promise(done => setTimeout(() => done(cogniflow.live.applied), 0))")
    assert "Alone at last" not in products.locator("table.cf-table").inner_text()
    products.evaluate("""() => { window.frames_applied = [];
        document.addEventListener("cogniflow:applied", (each) => window.frames_applied.push(each.detail.topics));
        window.away = false; document.dispatchEvent(new Event("visibilitychange")); }""")
    shows(products, one, "Alone at last")
    shows(products, other, "Alone at last")
    assert (products.evaluate("frames_applied[0]"), applied) == (["products"], products.evaluate("cogniflow.live.applied") - 1)


def test_signing_out_elsewhere_ends_it_for_good(products, live_server):
    other = products.context.new_page()
    other.goto(f"{live_server}/admin/")
    other.locator("summary:has(.cf-avatar)").click()
    other.get_by_role("button", name="Sign out").click()
    other.wait_for_url("**/login**")
    expect(products.locator("[data-live-pill]")).to_have_text("Signed out")
    expect(products.locator(".cf-toast")).to_contain_text("You have been signed out")
    assert (products.evaluate("delays"), len(products.line.hellos)) == ([], 1)
