"""After every fault of a mode: what clients and an open page show is what the database holds."""

from collections import Counter

from playwright.sync_api import expect

from tests.faults.observer import Mirror
from tests.faults.site import TABLES, Site


def test_the_records_that_a_client_kept_are_those_of_the_database(site: Site, page):
    mirror = next(each for each in site.observers if isinstance(each, Mirror))
    with site.quiet():
        site.assert_nothing_lost()
        with site.psql() as connection:
            there = {(table, number): version for table in TABLES
                     for number, version in connection.execute(f"SELECT id, version FROM {table}")}
    assert mirror.rows == there
    assert mirror.connections > 1


def test_a_page_that_was_open_all_the_time_shows_the_rows_of_the_database(site: Site, page):
    with site.quiet():
        site.settle()
        with site.psql() as connection:
            rows = connection.execute("SELECT id, name, list_price FROM products ORDER BY id").fetchall()
        for number, name, price in rows:
            shown = page.locator(f"tr[data-id='{number}']")
            expect(shown).to_contain_text(name, timeout=60_000)
            expect(shown.locator("[data-field=list_price], td")).to_contain_text([f"{price:,.2f}"], timeout=60_000)
        fresh = page.context.new_page()
        fresh.goto(page.url)
        columns = fresh.locator("tr[data-id]").all_inner_texts()
        fresh.close()
        assert len(columns) == len(rows)
        expect(page.locator("tr[data-id]")).to_have_text(columns, use_inner_text=True, timeout=60_000)
    assert page.navigations == []


def test_everybody_has_written_all_the_time_and_some_have_undone_what_they_wrote(site: Site, page):
    assert all(each.done["committed"] > 10 for each in site.writers), [each.done for each in site.writers]
    assert sum((each.done for each in site.writers), Counter())["rolled back"] > 0
