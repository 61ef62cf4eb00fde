"""The Overview follows the database: whoever changed it, at once, without asking."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.dash_apps.test_page import OVERVIEW

pytestmark = pytest.mark.browser

WITHIN = 1000
"""Milliseconds from the end of psql to the moved panel."""
SHOWN = """name => {
    const card = document.querySelector(`#react-entry-point #${name}`);
    const plot = card.querySelector(".js-plotly-plot");
    return plot ? JSON.stringify(plot.data.map(trace => [trace.x, trace.y]))
                : (card.querySelector("tbody") || card.querySelector(".cf-kpi-value")).innerText;
}"""


def new_order(ordered_on: str, promised_on: str) -> str:
    """SQL that takes and confirms an order."""
    return f"""
        WITH made AS (INSERT INTO orders (customer_id, warehouse_id, ordered_on, promised_on)
                      SELECT c.id, w.id, {ordered_on}, {promised_on} FROM contacts c, warehouses w
                      WHERE c.is_customer ORDER BY c.id, w.id LIMIT 1 RETURNING id)
        INSERT INTO order_items (order_id, product_id, quantity, unit_price)
        SELECT made.id, (SELECT min(id) FROM products), 3, 1000 FROM made;
        UPDATE orders SET status = 'confirmed' WHERE id = (SELECT max(id) FROM orders)"""


TODAY = "cogniflow.company_today()"
SOLD = new_order(TODAY, f"{TODAY} + 7")
RAISED = """UPDATE reorder_rules SET level = level + 100000 WHERE id = (
    SELECT min(r.id) FROM reorder_rules r JOIN stock_balances b USING (product_id, warehouse_id) WHERE b.available > r.level)"""
CHANGES = {
    "orders-today": SOLD,
    "revenue-this-month": SOLD,
    "revenue-by-day": SOLD,
    "open-deliveries": SOLD,
    "low-stock-count": RAISED,
    "low-stock-items": RAISED,
    "warehouse-capacity": "UPDATE warehouses SET capacity_units = capacity_units + 1000 WHERE code = 'MAIN'",
    "delivery-performance": new_order(f"{TODAY} - 9", f"{TODAY} - 1"),
}


@pytest.fixture(scope="module")
def overview(browser: Browser, sign_in) -> Iterator[Page]:
    """The Overview, loaded once and left alone; `overview.asked` are the requests since."""
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    page.errors, page.asked = [], []
    page.on("console", lambda said: page.errors.append(said.text) if said.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: page.errors.append(str(error)))
    sign_in(page)
    page.wait_for_function("() => document.querySelectorAll('#react-entry-point [data-state=ready]').length === 8")
    page.wait_for_function("() => document.querySelectorAll('#react-entry-point .js-plotly-plot:has(.bars)').length === 3")
    page.wait_for_load_state("networkidle")
    # what the changes are told of as notifications, the bell asks for: it is not of the page
    page.on("request", lambda request: "/notifications/unread" in request.url or page.asked.append(request.url))
    page.on("framenavigated", lambda frame: page.asked.append(f"navigated to {frame.url}"))
    yield page
    page.context.close()


def test_every_panel_of_goods_and_orders_is_on_the_overview():
    assert set(CHANGES) == OVERVIEW


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_in_psql_alone_moves_the_panel_and_nothing_is_asked_for(name, overview, psql):
    before = overview.evaluate(SHOWN, name)
    psql(CHANGES[name])
    overview.wait_for_function(f"([name, before]) => ({SHOWN})(name) !== before", arg=[name, before], timeout=WITHIN)
    assert overview.asked == []
    assert overview.errors == []


def test_a_renamed_panel_is_renamed_on_the_open_page(overview, psql):
    psql("""UPDATE system_settings SET value = '"Taken today"' WHERE key = 'panel.orders-today.title'""")
    overview.get_by_text("Taken today", exact=True).wait_for(timeout=WITHIN)
    assert overview.asked == []


def test_a_chart_can_be_read_as_a_table_that_stays_live(overview, psql):
    overview.click("#warehouse-capacity-details > summary")
    rows = overview.locator("#warehouse-capacity-rows tbody tr")
    rows.first.wait_for()
    psql("UPDATE warehouses SET capacity_units = 98765 WHERE code = 'MAIN'")
    rows.get_by_text("98,765").wait_for(timeout=WITHIN)
    assert overview.asked == []


def test_the_charts_follow_the_theme(overview):
    colour = "() => document.querySelector('#revenue-by-day .js-plotly-plot').data[0].marker.color"
    before = overview.evaluate(colour)
    overview.click("[data-theme-toggle]")
    overview.wait_for_function(f"before => ({colour})() !== before", arg=before)
    overview.click("[data-theme-toggle]")
    overview.wait_for_function(f"before => ({colour})() === before", arg=before)


def test_a_chart_is_drawn_at_most_four_times_a_second_however_often_it_is_told_to(overview):
    drawn = overview.evaluate("""async () => {
        const drawn = [], told = [];
        document.addEventListener("cogniflow:drawn", ({detail}) => {
            if (detail.panel === "revenue-by-day") drawn.push(detail.begun);
        });
        while (drawn.length < 4) {
            document.dispatchEvent(new CustomEvent("cogniflow:theme"));
            told.push(await new Promise(resolve => setTimeout(resolve, 20)));
        }
        return {times: drawn, told: told.length};
    }""")
    assert drawn["told"] > 2 * len(drawn["times"])
    assert min(later - earlier for earlier, later in zip(drawn["times"], drawn["times"][1:], strict=False)) >= 249


def test_an_empty_panel_says_so(overview, psql):
    psql("UPDATE reorder_rules SET archived_at = now() WHERE archived_at IS NULL")
    overview.wait_for_selector("#react-entry-point #low-stock-items[data-state=empty]", timeout=WITHIN)
    assert overview.locator("#low-stock-items-empty").is_visible()
    assert not overview.locator("#low-stock-items-rows").is_visible()
