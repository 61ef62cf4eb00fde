"""Who is away: the leaves of the days to come."""

from dash_apps.cards import Row, rows

LEAVE_COLUMNS = {"name": "item department", "leave_type": "text", "starts_on": "day", "starts_at": "word", "ends_on": "day",
                 "ends_at": "word", "days": "number"}


def cards() -> list[Row]:
    """The rows of cards."""
    return [("cf-grid", [rows("upcoming-leaves", LEAVE_COLUMNS, height=560)])]
