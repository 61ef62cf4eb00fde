"""What a request gives: its JSON body, the version it has seen, its query."""

import re
from collections.abc import Collection, Mapping
from typing import Any

from flask import request
from werkzeug.exceptions import UnsupportedMediaType

from cogniflow.errors import BadRequest, FieldError, Invalid, TooLarge
from cogniflow.records.query import names, page_size
from cogniflow.records.strict_json import read_json

ETAG = re.compile(r'(?:W/)?"?v?([0-9]{1,18})(?::[a-z]+)?"?')
"""A version as an ETag, also with the suffix that compression adds to it."""
WEAK = "W/"
ANY = "*"
EVERY_VERSION = range(2**31)


def json_object(*, may_be_empty: bool = False) -> dict[str, Any]:
    """The body of a write as a JSON object, with decimals exact. Raises BadRequest, or UnsupportedMediaType (415).

    A write is told by its body alone: anything in the query is refused.
    """
    _refuse_query()
    raw = _body()
    if not raw and may_be_empty:
        return {}
    if request.headers.get("Content-Encoding", "identity") != "identity":
        raise UnsupportedMediaType("Send the body as it is, without Content-Encoding.")
    if not request.is_json:
        raise UnsupportedMediaType("Send JSON, with Content-Type: application/json.")
    try:
        given = read_json(raw)
    except ValueError:
        raise BadRequest("The body is not JSON.") from None
    if not isinstance(given, dict):
        raise BadRequest("The body must be a JSON object.")
    return given


def if_match() -> Collection[int] | None:
    """The versions that If-Match allows: None without it, every one for `*`, none for a weak tag or one not of ours."""
    given = request.headers.get("If-Match")
    if given is None:
        return None
    if given.strip() == ANY:
        return EVERY_VERSION
    tags = [ETAG.fullmatch(tag.strip()) for tag in given.split(",") if not tag.strip().startswith(WEAK)]
    return tuple(int(tag.group(1)) for tag in tags if tag)


def already_has(version: int) -> bool:
    """Whether If-None-Match says that the requester holds this version."""
    given = request.headers.get("If-None-Match", "")
    tags = [ETAG.fullmatch(tag.strip()) for tag in given.split(",")]
    return given.strip() == ANY or version in [int(tag.group(1)) for tag in tags if tag]


def told_of_one() -> tuple[tuple[str, ...] | None, tuple[str, ...]]:
    """The `fields` and `expand` of a request for one record. Raises BadRequest for anything else in the query."""
    _refuse_query("fields", "expand")
    fields = request.args.get("fields")
    return None if fields is None else names(fields), names(request.args.get("expand", ""))


def place_in_list() -> tuple[int, str | None]:
    """The `limit` and `cursor` of a request for one page. Raises BadRequest for anything else in the query."""
    _refuse_query("limit", "cursor")
    return page_size(request.args.get("limit", "50")), request.args.get("cursor")


def refuse_unknown(given: Mapping[str, Any]) -> None:
    """Refuse what a body names beside what was taken from it: Invalid."""
    if given:
        raise Invalid("The request cannot be accepted.", [FieldError(name, "is not known here") for name in given])


def _body() -> bytes:
    """The whole body. Raises TooLarge for one in chunks that reaches the limit: werkzeug ends it there, as if it were whole."""
    raw, limit = request.get_data(), request.max_content_length
    if limit is not None and request.content_length is None and len(raw) >= limit:
        raise TooLarge(f"A body has at most {limit} bytes.")
    return raw


def _refuse_query(*known: str) -> None:
    """Refuse what the query names beside the known parameters, and one that is given twice."""
    for name, values in request.args.lists():
        if name not in known or len(values) > 1:
            said = "is given more than once" if name in known else "is not known here"
            raise BadRequest(f"{name[:80]}: {said}.", [FieldError(name[:80], said)])
