"""The cards of a dashboard: a number, a chart, a list. Their texts and figures come with the panel's data, over the socket.

Nothing is asked for over HTTP once the page is there, and nothing has to be waited for before: the socket opens while Dash is
still being loaded, so a panel that somebody already looks at is there when its card is first drawn.
"""

import json

from dash import dcc, html
from flask import url_for
from werkzeug.routing import BuildError

from cogniflow.analytics.registry import panel
from cogniflow.domain.accounts.rights import Caller
from cogniflow.errors import Forbidden
from dash_apps.charts import Chart

Row = tuple[str, list]
"""How a row of cards looks, and its cards."""
LOADING = {"data-state": "loading"}


def seen_by(caller: Caller, made: list[Row]) -> list[html.Div]:
    """Of these rows, what the caller may see. Raises Forbidden when that is nothing."""
    seen = [(look, [card for card in row if panel(card.id).visible_to(caller)]) for look, row in made]
    if not any(row for _, row in seen):
        raise Forbidden("None of the figures on this page is yours to read.")
    return [html.Div(className=look, children=row) for look, row in seen if row]


def number(name: str, *, records: str) -> html.A | html.Div:
    """One figure, and how it compares; it leads to the list of `records`."""
    return _card(name, {"kind": "number"}, [
        _text(name, "title", html.Span, "cf-kpi-label"),
        html.Div(className="cf-kpi-line", children=[
            _text(name, "value", html.B, "cf-kpi-value"), _text(name, "unit", html.Span, "cf-kpi-unit")]),
        _text(name, "note", html.Span, "cf-kpi-foot"),
    ], "cf-card cf-kpi", href=_list_of(records))


def chart(drawn: Chart, *, wide: bool = False) -> html.Section:
    """A chart, with its rows as a table below."""
    name, columns = drawn.panel, drawn.columns
    plot = dcc.Graph(id=f"{name}-plot", style={"height": f"{drawn.height}px"}, responsive=True,
                     config={"displayModeBar": False, "displaylogo": False})
    return _card(name, {"kind": "chart", "figure": drawn.figure, "columns": columns}, [
        _head(name),
        html.Div(className="cf-panel-body", style={"height": f"{drawn.height}px"}, children=[plot, _empty(name)]),
        html.Details(id=f"{name}-details", className="cf-rows", children=[
            _text(name, "table", html.Summary, ""), html.Div(className="cf-scroll", tabIndex="0", children=_table(name))]),
    ], "cf-card cf-panel" + " cf-span-2" * wide)


def rows(name: str, columns: dict[str, str], *, height: int) -> html.Section:
    """A panel's rows as a list; a column's kind is that of a chart's table, or one of:

    `item sku warehouse` (the value over those of other columns), `meter a/b` (a's share of b).
    """
    return _card(name, {"kind": "rows", "columns": columns}, [
        _head(name),
        html.Div(className="cf-panel-body cf-scroll", style={"height": f"{height}px"}, tabIndex="0",
                 children=[_table(name), _empty(name)]),
    ], "cf-card cf-panel")


def _card(name: str, shown: dict, children: list, look: str, href: str | None = None):
    marks = {"data-topic": panel(name).topic, "data-show": json.dumps(shown, separators=(",", ":"))} | LOADING
    if href:
        return html.A(id=name, href=href, className=look, children=children, **marks)
    return html.Section(id=name, className=look, children=children, **marks)


def _head(name: str) -> html.Header:
    return html.Header(className="cf-card-head", children=[
        html.Div([_text(name, "title", html.H2, ""), _text(name, "note", html.P, "")]),
        _text(name, "as_of", html.Span, "cf-as-of")])


def _text(name: str, part: str, tag: type, look: str):
    return tag(id=f"{name}-{part}", className=look)


def _empty(name: str) -> html.Div:
    return html.Div(className="cf-empty cf-panel-empty", children=_text(name, "empty", html.P, ""))


def _table(name: str) -> html.Table:
    return html.Table(id=f"{name}-rows", className="cf-table cf-cards")


def _list_of(records: str) -> str | None:
    try:
        return url_for(f"admin_{records}.index_view")
    except BuildError:
        return None
