"""No page breaks a rule of WCAG 2.2 AA that axe knows, light or dark, large or small, with what opens on it open."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser

AXE = (Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js").read_text("utf-8")
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
FOUND = """rules => axe.run(document, {runOnly: rules}).then(done => done.violations.flatMap(
    each => each.nodes.map(node => `${each.id}: ${node.target.join(' ')} ${node.failureSummary}`)))"""
SIZES = {"large": {"width": 1440, "height": 900}, "small": {"width": 390, "height": 844}}
PAGES = {
    "dashboards": ("/dash/", "/dash/people"),
    "lists": ("/admin/", "/admin/products/", "/admin/orders/?q=nothing+like+this", "/admin/stock-ledger/", "/admin/leads/"),
    "records": ("/admin/orders/details/?id=1", "/admin/users/details/?id=1", "/admin/products/details/?id=1"),
    "forms": ("/admin/orders/new/", "/admin/products/edit/?id=1", "/admin/orders/operate/amend/?id=1"),
    "account": ("/account", "/tf-setup", "/password", "/nowhere"),
}

OPENERS = (("/admin/orders/", "summary:has-text('Columns')"), ("/admin/orders/", "summary:has-text('Filter')"),
           ("/admin/orders/?status=confirmed", ".cf-rowacts summary"), ("/admin/products/", "[aria-label^='Delete']"),
           ("/dash/", ".cf-rows summary"), ("/admin/", "summary:has(.cf-avatar)"), ("/admin/", "summary:has(.cf-bell-count)"),
           ("/admin/orders/new/", ".cf-combo-open"))


@pytest.fixture(params=[("large", "light"), ("small", "dark")], ids="-".join, scope="module")
def looked_at(request, browser: Browser, sign_in) -> Iterator[Page]:
    """A signed-in page of one size and colour scheme."""
    size, scheme = request.param
    context = browser.new_context(viewport=SIZES[size], color_scheme=scheme, reduced_motion="reduce", bypass_csp=True)
    page = context.new_page()
    sign_in(page)
    yield page
    context.close()


@pytest.fixture
def violations(looked_at: Page) -> Callable[[], list[str]]:
    """What axe finds on the page as it is now."""
    def found() -> list[str]:
        if not looked_at.evaluate("'axe' in window"):
            looked_at.evaluate(AXE)
        return looked_at.evaluate(FOUND, RULES)
    return found


@pytest.mark.parametrize("kind", PAGES)
def test_a_page_breaks_no_rule(looked_at, violations, live_server, kind):
    found = {}
    for path in PAGES[kind]:
        looked_at.goto(f"{live_server}{path}", wait_until="networkidle")
        found[path] = violations()
    assert found == dict.fromkeys(found, [])


def test_what_opens_breaks_no_rule(looked_at, violations, live_server):
    found = {}
    for path, opener in OPENERS:
        looked_at.goto(f"{live_server}{path}", wait_until="networkidle")
        looked_at.locator(opener).first.click()
        found[path, opener] = violations()
    assert found == dict.fromkeys(found, [])


def test_a_form_that_was_refused_breaks_no_rule(looked_at, violations, live_server):
    looked_at.goto(f"{live_server}/admin/orders/new/")
    looked_at.get_by_role("button", name="Save", exact=True).click()
    looked_at.locator(".cf-error").first.wait_for()
    assert violations() == []
