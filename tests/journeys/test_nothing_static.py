"""Nothing on a screen is static: every row that gives a page a text is changed in psql, and the open page says the new text."""

import psycopg
import pytest
from playwright.sync_api import expect

from cogniflow.kernel.entity import entity_of, label_column
from tests.journeys.conftest import WITHIN

pytestmark = pytest.mark.browser

SITE_TEXTS = "key LIKE 'site.%' AND key NOT IN ('site.sign_in', 'site.skip')"
AWAY = ("id IN (SELECT leave_type_id FROM leave_requests WHERE status = 'approved' AND ends_on >= cogniflow.company_today() "
        "AND starts_on <= cogniflow.company_today() + 30)")
ALL, USED = "true", "id IN (SELECT {0} FROM {1} WHERE {0} IS NOT NULL)"


@pytest.mark.parametrize(("address", "table", "column", "shown"), [
    *((f"/admin/{table.replace('_', '-')}/", table, None, ALL) for table in (
        "pipeline_stages", "lead_sources", "task_categories", "product_categories", "product_groups", "leave_types",
        "departments", "units_of_measure", "warehouses", "branding_templates", "notification_types", "roles")),
    ("/admin/leads/", "pipeline_stages", None, USED.format("stage_id", "leads")),
    ("/admin/leads/", "lead_sources", None, USED.format("source_id", "leads")),
    ("/admin/stock-balances/", "warehouses", None, USED.format("warehouse_id", "stock_balances")),
    ("/admin/employees/", "departments", None, USED.format("department_id", "employees")),
    ("/dash/people", "leave_types", None, AWAY),
    ("/admin/features/", "system_modules", "title", "enabled"),
    ("/admin/features/", "system_sub_modules", "title", "enabled AND module_id IN (SELECT id FROM system_modules WHERE enabled)"),
    ("/site/", "features", "title", "status = 'published'"),
    ("/site/", "testimonials", "author", "status = 'published'"),
    ("/site/", "blog_posts", "title", "status = 'published' AND published_at <= now()"),
])
def test_what_every_row_says_now_is_said_on_the_open_page(page, live_server, live_database, psql, address, table, column, shown):
    column = column or label_column(entity_of(table)).key
    open_page(page, live_server, address)
    with psycopg.connect(live_database) as connection:
        found = connection.execute(f"SELECT id, {column} FROM {table} WHERE {shown} ORDER BY id LIMIT 50").fetchall()
    body = page.locator("body")
    for _, said in found:
        expect(body).to_contain_text(said, timeout=WITHIN)
    navigations = []
    page.on("framenavigated", lambda frame: navigations.append(frame.url))
    psql(f"UPDATE {table} SET {column} = 'Text ' || id || '.' WHERE {shown}")
    for number, _ in found:
        expect(body).to_contain_text(f"Text {number}.", timeout=WITHIN)
    assert found and navigations == []


def test_what_every_setting_of_the_public_page_says_now_is_said_there(page, live_server, live_database, psql):
    open_page(page, live_server, "/site/")
    psql(f"UPDATE system_settings SET value = to_jsonb('Text ' || id || '.') WHERE {SITE_TEXTS}")
    with psycopg.connect(live_database) as connection:
        found = connection.execute(f"SELECT id FROM system_settings WHERE {SITE_TEXTS}").fetchall()
    assert len(found) >= 6
    for number, in found:
        expect(page.locator("body")).to_contain_text(f"Text {number}.", timeout=WITHIN)


def test_the_page_of_a_record_tells_the_new_name_of_what_it_refers_to(page, live_server, live_database, psql):
    with psycopg.connect(live_database) as connection:
        order, customer, product = connection.execute(
            "SELECT o.id, o.customer_id, i.product_id FROM orders o JOIN order_items i ON i.order_id = o.id LIMIT 1").fetchone()
    open_page(page, live_server, f"/admin/orders/details/?id={order}")
    psql(f"UPDATE contacts SET name = 'A customer renamed' WHERE id = {customer}; "
         f"UPDATE products SET name = 'A product renamed' WHERE id = {product}")
    for said in ("A customer renamed", "A product renamed"):
        expect(page.locator("main")).to_contain_text(said, timeout=WITHIN)


def test_a_dashboard_says_for_how_long_it_looks_ahead_and_which_one_it_is(page, live_server):
    open_page(page, live_server, "/dash/people")
    expect(page.locator("#upcoming-leaves-note")).to_have_text("Approved for the next 30 days", timeout=WITHIN)
    expect(page.locator("nav a[aria-current=page]")).to_have_attribute("href", "/dash/people")


def open_page(page, live_server: str, address: str) -> None:
    """Open it, and wait until it follows."""
    page.goto(f"{live_server}{address}")
    if address != "/site/":
        page.locator("[data-live-pill][data-state=live]").wait_for()
