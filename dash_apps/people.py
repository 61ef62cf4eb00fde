"""Who is away: the leaves of the days to come."""

from dash import html

from cogniflow.domain.accounts.rights import Caller
from dash_apps.cards import rows, seen_by

LEAVE_COLUMNS = {"name": "item department", "leave_type": "text", "starts_on": "day", "starts_at": "word", "ends_on": "day",
                 "ends_at": "word", "days": "number"}


def cards(caller: Caller) -> list[html.Div]:
    """The rows of cards that the caller may see. Raises Forbidden when there are none."""
    return seen_by(caller, [("cf-grid", [rows("upcoming-leaves", LEAVE_COLUMNS, height=560)])])
