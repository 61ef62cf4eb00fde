"""JSON that says one thing only: no name twice, no NaN, no half of a character, and decimals exact."""

import json
from collections import Counter
from decimal import Decimal
from typing import Any

from cogniflow.errors import BadRequest, FieldError


def read_json(text: bytes | str) -> Any:
    """What the text says, by RFC 8259. Raises BadRequest for a name given twice, ValueError for what is not JSON."""
    try:
        said = json.loads(text, parse_float=Decimal, parse_constant=_refuse_constant, object_pairs_hook=_named_once)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    if ("\\u" if isinstance(text, str) else b"\\u") in text:
        json.dumps(said, ensure_ascii=False, default=str).encode()  # half a surrogate pair is no text
    return said


def _named_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """The object of these names and values; which of two values is meant, nobody could say."""
    found = dict(pairs)
    if len(found) < len(pairs):
        twice = [name for name, times in Counter(name for name, _ in pairs).items() if times > 1]
        raise BadRequest("A name is given twice.", [FieldError(name[:80], "is given more than once") for name in twice])
    return found


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")
