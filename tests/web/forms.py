"""Admin pages as a browser reads them, and its forms as it fills them in."""

import html
import json
import re
from typing import Any

from werkzeug.test import TestResponse

from cogniflow.kernel.entity import Entity


def address(entity: type[Entity]) -> str:
    """The address of an entity's admin."""
    return f"/admin/{entity.__tablename__.replace('_', '-')}/"


def typed(values: dict[str, Any]) -> dict[str, str]:
    """JSON values as a person types them."""
    return {name: _text(value) for name, value in values.items() if value is not False}


def fields(page: str) -> dict[str, str]:
    """What a browser would send of the form of a record, unchanged."""
    form = re.search(r"<form[^>]*data-save-key.*?</form>", page, re.S).group(0)
    form = re.sub(r"<(noscript|template)>.*?</\1>", "", form, flags=re.S)
    sent: dict[str, str] = {}
    for tag in re.finditer(r"<input\b[^>]*>", form):
        name, value = _attribute(tag.group(0), "name"), _attribute(tag.group(0), "value")
        if name and ("type=\"checkbox\"" not in tag.group(0) or " checked" in tag.group(0)):
            sent[name] = value or ""
    for name, body in re.findall(r"<textarea\b[^>]*name=\"([^\"]+)\"[^>]*>(.*?)</textarea>", form, re.S):
        sent[name] = html.unescape(body).removeprefix("\r\n").removeprefix("\n")
    for name, body in re.findall(r"<select\b[^>]*name=\"([^\"]+)\"[^>]*>(.*?)</select>", form, re.S):
        chosen = re.search(r"<option[^>]* selected[^>]*value=\"([^\"]*)\"|<option[^>]*value=\"([^\"]*)\"[^>]* selected", body)
        first = re.search(r"value=\"([^\"]*)\"", body)
        sent[name] = html.unescape((chosen.group(1) or chosen.group(2) or "") if chosen else first.group(1))
    return sent


def names(page: TestResponse) -> list[str]:
    """The records of a list, by name."""
    return re.findall(r'class="cf-id"[^>]*>([^<]+)<', page.text)


def said(page: TestResponse) -> str:
    """Every message of a page."""
    return " ".join(re.findall(r'class="cf-alert".*?<span>(.*?)</span>', page.text, re.S))


def _attribute(tag: str, name: str) -> str | None:
    found = re.search(rf"(?<![-\w]){name}=\"([^\"]*)\"", tag)
    return html.unescape(found.group(1)) if found else None


def _text(value: Any) -> str:
    if value is True:
        return "y"
    if isinstance(value, list):
        return "\n".join(value)
    if isinstance(value, dict):
        return json.dumps(value)
    return re.sub(r"\.\d+Z$", "", value) if isinstance(value, str) and re.match(r"\d{4}-\d\d-\d\dT", value) else str(value)
