"""The page of a dashboard, as it is sent."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser

import pytest

from cogniflow.analytics.panel import Panel
from cogniflow.analytics.registry import panel, panels
from cogniflow.db.session import SYSTEM
from dash_apps.charts import DELIVERY_PERFORMANCE, REVENUE_BY_DAY, WAREHOUSE_CAPACITY, Chart
from dash_apps.overview import LOW_STOCK_COLUMNS
from dash_apps.shell import mount
from dash_apps.skeleton import first_paint
from tests.conftest import signed_in

PASSWORD = "a long enough password"
OVERVIEW = {each.name for each in panels()} - {"upcoming-leaves", "bom-explosion", "can-build"}


class Page(HTMLParser):
    """What a page's HTML holds: texts and cards of the main column, scripts, and attributes that would run code."""

    def __init__(self, html: str):
        super().__init__()
        self.texts: list[str] = []
        self.topics: set[str] = set()
        self.scripts: list[dict] = []
        self.handlers: list[str] = []
        self._in_main = self._in_script = False
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self._in_main |= tag == "main"
        self._in_script = tag == "script"
        if tag == "script":
            self.scripts.append(given)
        if "data-topic" in given:
            self.topics.add(given["data-topic"])
        self.handlers += [name for name in given if name.startswith("on")]

    def handle_endtag(self, tag):
        self._in_main &= tag != "main"
        self._in_script &= tag != "script"

    def handle_data(self, text):
        if self._in_main and not self._in_script and text.strip():
            self.texts.append(text.strip())


@pytest.fixture
def served(app):
    """The app with the dashboards on it."""
    return mount(app)


@pytest.fixture
def member(served):
    """Signs in as somebody new who has a role."""
    def sign_in(role: str):
        from cogniflow.web.auth import create_user

        with served.extensions["cogniflow"].database.transaction(SYSTEM) as session:
            create_user(session, f"{role}@example.com", role.title(), PASSWORD, [role])
        return signed_in(served, f"{role}@example.com", PASSWORD)
    return sign_in


def test_a_stranger_is_led_to_the_sign_in(served):
    stranger = served.test_client()
    answer = stranger.get("/dash/", headers={"Accept": "text/html"})
    assert answer.status_code == 302
    assert "/login" in answer.location
    for path in ("_dash-layout", "_dash-dependencies"):
        assert stranger.get(f"/dash/{path}").status_code == 401
    assert stranger.post("/dash/_dash-update-component", json={}).status_code == 401


def test_a_signed_in_person_is_sent_every_card_at_once(served, member):
    answer = member("viewer").get("/dash/")
    assert answer.status_code == 200
    assert Page(answer.text).topics == {f"panel/{name}" for name in OVERVIEW}


def test_who_may_not_read_everything_is_shown_the_rest(served, member, database):
    sales = member("sales")
    with database.transaction() as session:
        session.connection().exec_driver_sql("UPDATE permissions SET can_read = false WHERE entity = 'reorder_rules'")
    allowed = OVERVIEW - {"low-stock-count", "low-stock-items"}
    assert Page(sales.get("/dash/").text).topics == {f"panel/{name}" for name in allowed}


def test_who_may_read_none_of_it_is_told_so(served, member):
    answer = member("hr").get("/dash/")
    assert answer.status_code == 403
    assert "cf-top" in answer.text


def test_who_looks_after_people_sees_who_is_away(served, member):
    page = Page(member("hr").get("/dash/people").text)
    assert page.topics == {"panel/upcoming-leaves"}
    assert page.texts == ["Dashboards", "Who is away"]
    assert member("storekeeper").get("/dash/people").status_code == 403


def test_nobody_is_led_to_a_page_that_is_not_theirs(served, member):
    for role, begins, elsewhere in (("hr", "/dash/people", "/dash/"), ("storekeeper", "/dash/", "/dash/people")):
        person = member(role)
        assert person.get("/").headers["Location"] == begins
        page = person.get(begins).text
        assert (f'href="{begins}"' in page, f'href="{elsewhere}"' in page) == (True, False), role


def test_there_is_no_page_at_an_unknown_address(served, member):
    assert member("viewer").get("/dash/nothing").status_code == 404


def test_every_text_of_the_page_is_a_row_of_the_database(served, member, database):
    viewer = member("viewer")
    assert Page(viewer.get("/dash/").text).texts == ["Dashboards", "Overview"]
    with database.transaction() as session:
        session.connection().exec_driver_sql("UPDATE system_modules SET title = 'Boards' WHERE code = 'dashboards'")
        session.connection().exec_driver_sql("UPDATE system_sub_modules SET title = '<b>Start</b>' WHERE code = 'overview'")
    renamed = viewer.get("/dash/")
    assert Page(renamed.text).texts == ["Boards", "<b>Start</b>"]
    assert "<b>Start" not in renamed.text


def test_a_page_that_is_switched_off_is_refused_and_one_without_an_entry_is_gone(served, member, database):
    viewer = member("viewer")
    with database.transaction() as session:
        session.connection().exec_driver_sql("UPDATE system_sub_modules SET enabled = false WHERE code = 'overview'")
    assert viewer.get("/dash/").status_code == 403
    with database.transaction() as session:
        session.connection().exec_driver_sql("DELETE FROM system_sub_modules WHERE code = 'overview'")
    assert viewer.get("/dash/").status_code == 404


def test_the_page_runs_scripts_of_this_host_alone_and_hides_none_in_attributes(served, member):
    page = Page(member("viewer").get("/dash/").text)
    assert page.handlers == []
    assert all(each["src"].startswith(("/dash/", "/shell/")) for each in page.scripts if "src" in each)
    inline = [each.get("id") for each in page.scripts if "src" not in each]
    # the third sets the tab's title: Dash's own, for its pages
    assert inline == ["_dash-config", None, "_dash-renderer"]


def test_plotly_is_there_before_dash_asks_for_the_whole_of_it(served, member):
    sources = [each["src"] for each in Page(member("viewer").get("/dash/").text).scripts if "src" in each]
    plotly, = (place for place, source in enumerate(sources) if "plotly-basic" in source)
    assert plotly < next(place for place, source in enumerate(sources) if "dash_core_components" in source)


def test_the_skeleton_shows_no_markup_of_others():
    from dash import html

    drawn = first_paint(html.Div(["<script>", html.B("&")], className='"><i>', id="x", **{"data-state": "loading"}))
    assert str(drawn) == '<div class="&#34;&gt;&lt;i&gt;" data-state="loading">&lt;script&gt;<b>&amp;</b></div>'


@pytest.mark.parametrize("chart", [REVENUE_BY_DAY, WAREHOUSE_CAPACITY, DELIVERY_PERFORMANCE], ids=lambda chart: chart.panel)
def test_every_chart_is_bound_to_columns_and_texts_its_panel_has(chart: Chart):
    columns = columns_of(panel(chart.panel))
    bound = set(bindings(chart.figure, "@"))
    assert bound
    assert bound | set(chart.columns) <= columns
    assert set(chart.columns) <= set(panel(chart.panel).texts)
    assert set(bindings(chart.figure, "{")) <= columns | set(panel(chart.panel).texts)


def test_the_list_of_low_stock_is_bound_to_columns_and_texts_its_panel_has():
    low = panel("low-stock-items")
    assert set(LOW_STOCK_COLUMNS) <= set(low.texts)
    shown = {name for name, kind in LOW_STOCK_COLUMNS.items() if not kind.startswith("meter")}
    named = {part for kind in LOW_STOCK_COLUMNS.values() for part in re.split("[ /]", kind)[1:]}
    assert shown | named <= columns_of(low)


def columns_of(shown: Panel) -> set[str]:
    """The columns of a panel's rows."""
    return set(shown.rows(**{name: each.default for name, each in shown.parameters.items()}).selected_columns.keys())


def bindings(value: object, mark: str) -> Iterator[str]:
    """The names bound with `@name`, or with `{name}`, anywhere in a figure."""
    pattern = r"^@(\w+)$" if mark == "@" else r"(?<!%)\{(?:labels\.)?(\w+)\}"
    if isinstance(value, str):
        yield from re.findall(pattern, value)
    elif isinstance(value, dict):
        for key, each in value.items():
            yield from bindings(key, mark)
            yield from bindings(each, mark)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from bindings(each, mark)
