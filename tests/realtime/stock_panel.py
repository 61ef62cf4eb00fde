"""Panels over the throw-away company, which the test holds up, breaks and counts."""

import datetime as dt
import threading

import psycopg
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateIndex, CreateTable

from cogniflow.db.tables import analytics_cache


def create_cache(connection: psycopg.Connection) -> None:
    """Make the table of results as the migration does."""
    for part in (CreateTable(analytics_cache), *map(CreateIndex, analytics_cache.indexes)):
        connection.execute(str(part.compile(dialect=postgresql.dialect())))


class Stock:
    """A panel over the balances; it counts how often it was computed."""

    topic = "panel/stock"
    definition = "1"
    reads = frozenset({"balances"})
    permission = frozenset({"balances"})

    def __init__(self):
        self.computed: list[dict] = []
        self.valid_until: dt.datetime | None = None
        self.broken = False
        self.go_on, self.queried, self.hand_over = threading.Event(), threading.Event(), threading.Event()
        self.go_on.set()
        self.hand_over.set()

    def accepts(self, params) -> dict[str, str] | None:
        """Only `least` is known, a whole number."""
        if set(params) - {"least"} or not params.get("least", "0").isdigit():
            return None
        return {name: str(int(value)) for name, value in params.items()}

    def scope_of(self, caller) -> str:
        """Everyone's."""
        return ""

    def compute(self, connection, params, scope):
        """How many there are."""
        self.go_on.wait(10)
        self.computed.append(params)
        if self.broken:
            raise ValueError("broken on purpose")
        count, position = connection.execute("SELECT count(*), cogniflow.token() FROM balances WHERE product_id >= %s",
                                             (int(params.get("least", 0)),)).fetchone()
        self.queried.set()
        self.hand_over.wait(10)
        return b'{"count":%d}' % count, position, self.valid_until


class OwnNotes(Stock):
    """A panel of which every caller has their own: the numbers of their notes."""

    topic = "panel/own-notes"
    reads = frozenset({"notes"})
    owners = ("anna", "bert")

    def scope_of(self, caller) -> str:
        """The caller's."""
        return caller

    def compute(self, connection, params, scope):
        """What belongs to the caller."""
        self.computed.append({"scope": scope})
        notes, position = connection.execute(
            "SELECT coalesce(json_agg(number ORDER BY id), '[]')::text, cogniflow.token() FROM notes WHERE owner = %s",
            (self.owners.index(scope),)).fetchone()
        return notes.encode(), position, None


class Statement(Stock):
    """A panel that runs one statement instead and shows what it finds."""

    def __init__(self, topic: str, statement: str):
        super().__init__()
        self.topic, self.statement = topic, statement

    def compute(self, connection, params, scope):
        """Run it."""
        self.queried.set()
        found, position = connection.execute(f"SELECT ({self.statement})::text, cogniflow.token()").fetchone()
        self.computed.append(params)
        return found.encode(), position, None
