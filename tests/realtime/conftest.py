"""A throw-away company with three tables, its feed, and clients of it."""

import math
import secrets
import threading
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path

import orjson
import psycopg
import pytest
from sqlalchemy import create_engine

from cogniflow.db.embedded import EmbeddedServer
from cogniflow.db.session import sqlalchemy_url
from cogniflow.db.tables import SCHEMA
from cogniflow.kernel.entity import metadata
from cogniflow.realtime.conversation import Conversation
from cogniflow.realtime.feed import Feed
from cogniflow.realtime.subscriber import Message
from cogniflow.realtime.topics import EventMap, EventRule

FUNCTIONS = Path(__file__).parents[2] / "sql" / "functions"
STANDARD = ("id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, created_at timestamptz NOT NULL DEFAULT now(), "
            "updated_at timestamptz NOT NULL DEFAULT now(), created_by bigint, updated_by bigint, version int NOT NULL DEFAULT 1")
BUSINESS = f"""
CREATE TABLE notes ({STANDARD}, number text UNIQUE, owner bigint, password text, price numeric, data jsonb);
CREATE TABLE note_items ({STANDARD}, note_id bigint REFERENCES notes ON DELETE CASCADE, quantity int);
CREATE TABLE balances ({STANDARD}, product_id bigint, quantity int);
CREATE TABLE permissions ({STANDARD}, role text);
CREATE TABLE notification_rules (entity text, op text, enabled boolean);
INSERT INTO cogniflow.tracked (tbl, feed_id, history, owners, secrets, insertable, updatable, document_table, document_column)
VALUES ('notes', 'id', true, '{{owner}}', '{{password}}', '{{}}', '{{}}', NULL, NULL),
       ('note_items', 'id', false, '{{}}', '{{}}', '{{}}', '{{}}', 'notes', 'note_id'),
       ('balances', 'product_id', false, '{{}}', '{{}}', '{{}}', '{{}}', NULL, NULL),
       ('permissions', 'id', false, '{{}}', '{{}}', '{{}}', '{{}}', NULL, NULL);
INSERT INTO cogniflow.incarnation DEFAULT VALUES;
"""
EVENTS = EventMap({
    "notes": (EventRule("notes_updated", to_owners=True),
              EventRule("note_assigned", topic="assignments", ops="IU", columns=frozenset({"owner"}), to_owners=True)),
    "note_items": (EventRule("note_items_updated"), EventRule("stock_updated", topic="dashboard/stock")),
    "balances": (EventRule("inventory_updated"), EventRule("stock_updated", topic="dashboard/stock")),
    "permissions": (EventRule("permissions_updated"),),
}, frozenset({"permissions"}))


class Rights:
    """What the test allows, changed while it runs."""

    def __init__(self):
        self.forbidden: set[str] = set()
        self.signed_out: set[str] = set()
        self.ends: dict[str, float] = {}

    def may_subscribe(self, caller: str, topic: str) -> bool:
        """Everything that is not forbidden."""
        return topic not in self.forbidden

    def still_valid(self, caller: str) -> bool:
        """Everyone who is not signed out."""
        return caller not in self.signed_out

    def expires_at(self, caller: str) -> float:
        """Never, unless the test has said when."""
        return self.ends.get(caller, math.inf)


class Client:
    """A client of the feed in this process: it says something and waits for what it is told."""

    def __init__(self, feed: Feed, *topics: str, token: str | None = None, caller: str = "anna"):
        self._feed, self._arrived = feed, threading.Condition()
        self.subscriber = feed.connect(caller, self._wake)
        self._conversation = Conversation(feed, self.subscriber)
        self.heard: list[dict] = []
        self._taken: deque[Message] = deque()
        if topics:
            self.say("hello", v=1, topics=list(topics), token=token)

    def say(self, type: str, **fields) -> None:
        """Send one message."""
        self._conversation.take(orjson.dumps({"type": type, **fields}))

    def next(self, type: str, timeout: float = 10.0) -> dict:
        """The next message of a type; those of other types are passed over. Raises TimeoutError."""
        with self._arrived:
            found = self._arrived.wait_for(lambda: self._next(type), timeout)
        if not found:
            raise TimeoutError(f"no {type}; heard {self.heard[-3:]}")
        return found

    def all(self) -> list[dict]:
        """Every message that waits now."""
        return list(self._messages())

    def leave(self) -> None:
        """Drop the connection."""
        self._feed.disconnect(self.subscriber)

    def _next(self, type: str) -> dict | None:
        for message in self._messages():
            self.heard.append(message)
            if message["type"] == type:
                return message
        return None

    def _messages(self) -> Iterator[dict]:
        while True:
            self._taken.extend(self.subscriber.take())
            if not self._taken:
                return
            yield orjson.loads(self._taken.popleft().payload)

    def _wake(self) -> None:
        with self._arrived:
            self._arrived.notify_all()


def create_company(url: str) -> None:
    """Make the feed's tables, the throw-away business tables and the functions in an empty database."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"CREATE SCHEMA {SCHEMA}")
    engine = create_engine(sqlalchemy_url(url))
    metadata.create_all(engine, tables=[each for each in metadata.tables.values() if each.schema == SCHEMA
                                        and not each.foreign_keys])  # of the feed's own, none refers to a business table
    engine.dispose()
    with psycopg.connect(url) as connection:
        connection.execute(BUSINESS)
        apply_feed(connection)


def apply_feed(connection: psycopg.Connection) -> None:
    """Run the feed's function files, as `db upgrade` does."""
    for name in ("010_feed.sql", "090_watch.sql"):
        connection.execute((FUNCTIONS / name).read_text("utf-8"))


@pytest.fixture(scope="session")
def company(server: EmbeddedServer) -> str:
    """Name of a database with the throw-away company, to copy."""
    name = f"company_{secrets.token_hex(4)}"
    with psycopg.connect(server.superuser_url("postgres"), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} OWNER cogniflow_owner")
    create_company(server.owner_url().replace("/cogniflow?", f"/{name}?"))
    return name


@pytest.fixture
def url(server: EmbeddedServer, company: str) -> Iterator[str]:
    """libpq URL, as owner, of a fresh copy of the company."""
    name = f"feed_{secrets.token_hex(6)}"
    with psycopg.connect(server.superuser_url("postgres"), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {company} OWNER cogniflow_owner STRATEGY FILE_COPY")
        yield server.owner_url().replace("/cogniflow?", f"/{name}?")
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def connect(url: str) -> Iterator[Callable[[], psycopg.Connection]]:
    """Opens further connections to the company, in autocommit."""
    opened: list[psycopg.Connection] = []

    def connect_once() -> psycopg.Connection:
        opened.append(psycopg.connect(url, autocommit=True))
        return opened[-1]
    yield connect_once
    for each in opened:
        each.close()


@pytest.fixture
def writer(connect: Callable[[], psycopg.Connection]) -> psycopg.Connection:
    """A connection that writes, each statement a transaction."""
    return connect()


@pytest.fixture
def rights() -> Rights:
    """Everything is allowed until the test says otherwise."""
    return Rights()


@pytest.fixture
def feed(url: str, rights: Rights) -> Iterator[Feed]:
    """The feed of the company, started."""
    running = Feed(url, EVENTS, rights)
    running.start()
    yield running
    running.stop()


def token(connection: psycopg.Connection) -> str:
    """The feed's position now, as a REST read would tell it."""
    return connection.execute("SELECT cogniflow.token()").fetchone()[0]
