"""The first paint: the cards as plain HTML, sent with the page and replaced by Dash's own as soon as those are there."""

import re

from dash.development.base_component import Component
from markupsafe import Markup, escape

KEPT = re.compile(r"className|style|data-.*|aria-.*")
"""Ids are left out: they belong to what Dash draws."""


def first_paint(drawn: Component | str | list | tuple | None) -> Markup:
    """The component as HTML of the same size, without what only a script can draw."""
    if drawn is None or isinstance(drawn, str):
        return escape(drawn or "")
    if not isinstance(drawn, Component):
        return Markup("").join(map(first_paint, drawn))
    described = drawn.to_plotly_json()
    tag = described["type"].lower() if described["namespace"] == "dash_html_components" else "div"
    props = described["props"]
    attributes = Markup("").join(Markup(' {}="{}"').format("class" if name == "className" else name, _value(value))
                                 for name, value in props.items() if KEPT.fullmatch(name))
    return Markup("<{0}{1}>{2}</{0}>").format(tag, attributes, first_paint(props.get("children")))


def _value(value: str | dict) -> str:
    return ";".join(f"{name}:{each}" for name, each in value.items()) if isinstance(value, dict) else value
