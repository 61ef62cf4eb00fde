"""The few errors of CogniFlow; `web/problems.py` is the one place that maps them to HTTP."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class FieldError:
    """What is wrong with one field of an input."""

    field: str
    message: str
    mine: Any = None
    theirs: Any = None


class CogniFlowError(Exception):
    """An expected failure: a short title, a sentence for the person, and the fields concerned."""

    status = 500
    title = "Internal error"

    def __init__(self, detail: str = "", errors: list[FieldError] | None = None):
        super().__init__(detail or self.title)
        self.detail = detail
        self.errors = errors or []


class BadRequest(CogniFlowError):
    """The request itself cannot be understood: not JSON, an unknown field, a bad cursor or filter."""

    status, title = 400, "Bad request"


class NotSignedIn(CogniFlowError):
    """Nobody is signed in, or the token is not valid."""

    status, title = 401, "Not signed in"


class Forbidden(CogniFlowError):
    """The caller may see this but not do it."""

    status, title = 403, "Forbidden"


class NotFound(CogniFlowError):
    """There is no such thing, or the caller may not know of it."""

    status, title = 404, "Not found"


class ReadOnly(CogniFlowError):
    """The records of this resource are written by the system alone."""

    status, title = 405, "Read-only"


class Conflict(CogniFlowError):
    """The state of the record, or another record, does not allow this now."""

    status, title = 409, "Conflict"


class Busy(Conflict):
    """Another writer is at it right now; the same request may succeed in a moment."""

    title = "Busy"


class Stale(CogniFlowError):
    """The record has changed since it was read; `errors` holds the fields that differ, with both values."""

    status, title = 412, "Changed meanwhile"


class TooLarge(CogniFlowError):
    """The input is larger than is accepted."""

    status, title = 413, "Too large"


class Invalid(CogniFlowError):
    """The values were understood but cannot be accepted; `errors` names the fields."""

    status, title = 422, "Invalid"


class VersionRequired(CogniFlowError):
    """A whole replacement must say which version it replaces."""

    status, title = 428, "Version required"


class Unavailable(CogniFlowError):
    """The system cannot answer now; the detail says what is wrong and how to mend it."""

    status, title = 503, "Unavailable"
