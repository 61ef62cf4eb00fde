"""Every chart, declared once: a plain figure whose traces are bound to the columns of a panel.

`@column` stands for the column's values, `=text {column}` for a text per row, `{label}` for the panel's text of that key,
`var(--colour)` for a colour of the theme, and `{"@column": {value: x}}` for x where the column has that value. `live-dash.js`
fills them in, for the first paint and for every push alike.
"""

from dataclasses import dataclass

LINE = "var(--cf-line)"
LAYOUT = {
    "autosize": True, "margin": {"l": 40, "r": 4, "t": 8, "b": 24},
    "paper_bgcolor": "rgba(0,0,0,0)", "plot_bgcolor": "rgba(0,0,0,0)",
    "font": {"family": "var(--cf-font)", "size": 12, "color": "var(--cf-muted)"}, "bargap": 0.25, "showlegend": False,
    "hoverlabel": {"bgcolor": "var(--cf-raised)", "bordercolor": LINE, "font": {"color": "var(--cf-text)", "size": 13}},
    "hovermode": "x unified", "dragmode": False, "uirevision": "kept",
}
DAYS = {"type": "date", "tickformat": "%-d %b", "hoverformat": "%a %-d %b %Y", "nticks": 7, "showgrid": False, "linecolor": LINE,
        "fixedrange": True}
NUMBERS = {"gridcolor": LINE, "zeroline": False, "rangemode": "tozero", "tickformat": "~s", "nticks": 5, "fixedrange": True}
LEGEND = {"orientation": "h", "x": 0, "xanchor": "left", "y": 1.02, "yanchor": "bottom", "traceorder": "normal"}


@dataclass(frozen=True)
class Chart:
    """How the rows of a panel are drawn, and the columns of its table by kind: day, text, word, number or amount."""

    panel: str
    traces: tuple[dict, ...]
    layout: dict
    columns: dict[str, str]
    height: int = 264

    @property
    def figure(self) -> dict:
        """The figure with its bindings."""
        return {"data": list(self.traces), "layout": LAYOUT | self.layout}


def bar(column: str, colour: str, **more) -> dict:
    """Upright bars of one column."""
    return {"type": "bar", "name": f"{{{column}}}", "y": f"@{column}", "marker": {"color": f"var({colour})", "cornerradius": 2},
            "hovertemplate": "%{y}", **more}


REVENUE_BY_DAY = Chart(
    "revenue-by-day",
    (bar("revenue", "--cf-series-1", x="@day", customdata="=<b>{revenue}</b><br>{labels.orders}: {orders}",
         hovertemplate="%{customdata}<extra></extra>"),),
    {"xaxis": DAYS, "yaxis": NUMBERS},
    {"day": "day", "revenue": "amount", "orders": "number"})

WAREHOUSE_CAPACITY = Chart(
    "warehouse-capacity",
    ({"type": "bar", "orientation": "h", "x": "@percent", "y": ["@warehouse", "@kind"],
      "text": "={percent} %", "textposition": "outside", "cliponaxis": False,
      "customdata": "={used} / {capacity} {kind} · {state}", "hovertemplate": "%{customdata}<extra></extra>",
      "marker": {"cornerradius": 3, "color": {"@state": {
          "ok": "var(--cf-series-1)", "warn": "var(--cf-series-3)", "full": "var(--cf-series-4)"}}}},),
    {"hovermode": "closest", "margin": {"l": 8, "r": 36, "t": 0, "b": 24},
     "xaxis": NUMBERS | {"tickformat": "d", "ticksuffix": " %", "autorangeoptions": {"include": 100}},
     "yaxis": {"type": "multicategory", "autorange": "reversed", "automargin": True, "fixedrange": True, "dividercolor": LINE,
               "linecolor": LINE, "showdividers": False}},
    {"warehouse": "text", "kind": "word", "used": "number", "capacity": "number", "percent": "number", "state": "word"})

DELIVERY_PERFORMANCE = Chart(
    "delivery-performance",
    (bar("otif", "--cf-series-2", x="@due_on"), bar("late", "--cf-series-3", x="@due_on"),
     bar("overdue_open", "--cf-series-4", x="@due_on")),
    {"xaxis": DAYS, "yaxis": NUMBERS | {"tickformat": "d"}, "barmode": "stack", "showlegend": True, "legend": LEGEND,
     "margin": LAYOUT["margin"] | {"t": 32, "l": 24}},
    {"due_on": "day", "due": "number", "on_time": "number", "in_full": "number", "otif": "number", "late": "number",
     "overdue_open": "number"}, height=286)
