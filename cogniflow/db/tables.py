"""The tables of schema `cogniflow`: the feed, the history and the bookkeeping; none of them is a business record."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    Uuid,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from cogniflow.db.types import Xid8
from cogniflow.kernel.entity import metadata

SCHEMA = "cogniflow"

change_log = Table(
    "change_log",
    metadata,
    Column("id", BigInteger, Identity(always=True, cache=1), primary_key=True),
    Column("xid", Xid8, nullable=False, server_default=text("pg_current_xact_id()")),
    Column("at", DateTime(timezone=True), nullable=False, server_default=text("clock_timestamp()")),
    Column("tbl", Text, nullable=False),
    Column("op", String(1), nullable=False),
    Column("n", Integer, nullable=False),
    Column("ids", JSONB),
    Column("cols", ARRAY(Text)),
    Column("routes", JSONB),
    Column("actor", BigInteger),
    Column("session_user", Text, nullable=False, server_default=text("SESSION_USER"), quote=True),
    Column("door", Text),
    Column("request_id", Text),
    schema=SCHEMA,
    comment="One row per statement that changed a business table: what the feed is read from.",
)
Index("ix_change_log_xid", change_log.c.xid)

record_history = Table(
    "record_history",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("xid", Xid8, nullable=False, server_default=text("pg_current_xact_id()")),
    Column("at", DateTime(timezone=True), nullable=False, server_default=text("clock_timestamp()")),
    Column("tbl", Text, nullable=False),
    Column("record_id", BigInteger, nullable=False),
    Column("op", String(1), nullable=False),
    Column("old", JSONB),
    Column("new", JSONB),
    Column("actor", BigInteger),
    Column("session_user", Text, nullable=False, server_default=text("SESSION_USER"), quote=True),
    Column("door", Text),
    Column("request_id", Text),
    schema=SCHEMA,
    comment="Both images of every changed row of the tables kept with history; secrets masked.",
)
Index("ix_record_history_record", record_history.c.tbl, record_history.c.record_id)

incarnation = Table(
    "incarnation",
    metadata,
    Column("one", Boolean, primary_key=True, server_default=text("true")),
    Column("uuid", Uuid, nullable=False, server_default=text("gen_random_uuid()")),
    schema=SCHEMA,
    prefixes=["UNLOGGED"],
    comment="Survives a clean restart, empty after a crash: which life of the server this is.",
)

change_floor = Table(
    "change_floor",
    metadata,
    Column("one", Boolean, primary_key=True, server_default=text("true")),
    Column("floor_xid", Xid8, nullable=False, server_default=text("'0'::xid8")),
    schema=SCHEMA,
    comment="Changes of transactions at or below this are gone from the change log.",
)

tracked = Table(
    "tracked",
    metadata,
    Column("tbl", Text, primary_key=True),
    Column("feed_id", Text, nullable=False, server_default=text("'id'")),
    Column("history", Boolean, nullable=False),
    Column("owners", ARRAY(Text), nullable=False),
    Column("secrets", ARRAY(Text), nullable=False),
    Column("insertable", ARRAY(Text), nullable=False),
    Column("updatable", ARRAY(Text), nullable=False),
    Column("document_table", Text),
    Column("document_column", Text),
    Column("initial_status", Text),
    Column("sorts", ARRAY(Text), nullable=False, server_default=text("'{}'")),
    Column("searches", ARRAY(Text), nullable=False, server_default=text("'{}'")),
    schema=SCHEMA,
    comment="What triggers and indexes need to know of every business table; written by `db upgrade` from the declarations.",
)

transitions = Table(
    "transitions",
    metadata,
    Column("tbl", Text, primary_key=True),
    Column("source", Text, primary_key=True),
    Column("target", Text, primary_key=True),
    Column("verb", Text),
    schema=SCHEMA,
    comment="The legal moves of every status; written by `db upgrade` from the operations.",
)

declared_settings = Table(
    "declared_settings",
    metadata,
    Column("key", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("choices", ARRAY(Text), nullable=False),
    Column("least", BigInteger),
    Column("most", BigInteger),
    Column("test", Text),
    Column("expects", Text),
    schema=SCHEMA,
    comment="What the value of every setting may be; written by `db upgrade` from the declarations.",
)

graph_locks = Table(
    "graph_locks",
    metadata,
    Column("name", Text, primary_key=True),
    Column("turn", BigInteger, nullable=False, server_default=text("0")),
    schema=SCHEMA,
    comment="One row per tree; a change of the tree updates it, so that two changes never miss each other.",
)

number_counters = Table(
    "number_counters",
    metadata,
    Column("entity", Text, primary_key=True),
    Column("period", Text, primary_key=True),
    Column("last", BigInteger, nullable=False),
    schema=SCHEMA,
    comment="The last number given in each series and period.",
)

idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    Column("caller", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("body_hash", LargeBinary, nullable=False),
    Column("status", Integer),
    Column("headers", JSONB),
    Column("body", LargeBinary),
    Column("at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    schema=SCHEMA,
    comment="Answers kept for a day, so that a repeated request gets the same one.",
)
Index("ix_idempotency_keys_at", idempotency_keys.c.at)

token_uses = Table(
    "token_uses",
    metadata,
    Column("token_id", BigInteger, primary_key=True),
    Column("last_used_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    schema=SCHEMA,
    comment="When an API token was last used.",
)

session_uses = Table(
    "session_uses",
    metadata,
    Column("session_id", ForeignKey("user_sessions.id", ondelete="CASCADE"), primary_key=True),
    Column("last_used_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("idle_at", DateTime(timezone=True), nullable=False),
    schema=SCHEMA,
    comment="When a session was last used and when it ends unless it is used again.",
)

sign_in_failures = Table(
    "sign_in_failures",
    metadata,
    Column("key", Text, primary_key=True),
    Column("failures", Integer, nullable=False),
    Column("last_at", DateTime(timezone=True), nullable=False),
    Column("open_at", DateTime(timezone=True), nullable=False),
    schema=SCHEMA,
    comment="Attempts to sign in that have not succeeded, by account, address or known browser, and when the next may be made.",
)

webhook_position = Table(
    "webhook_position",
    metadata,
    Column("one", Boolean, primary_key=True, server_default=text("true")),
    Column("token", Text, nullable=False),
    schema=SCHEMA,
    comment="How far in the feed webhooks have been told.",
)

demo_shift = Table(
    "demo_shift",
    metadata,
    Column("one", Boolean, primary_key=True, server_default=text("true")),
    Column("days", Integer, nullable=False),
    schema=SCHEMA,
    comment="By how many days the dates of the demonstration were moved when it was first loaded.",
)

analytics_cache = Table(
    "analytics_cache",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("panel", Text, nullable=False),
    Column("scope", Text, nullable=False, server_default=text("''")),
    Column("params", JSONB, nullable=False, server_default=text("'{}'")),
    Column("definition", Text, nullable=False),
    # as it was computed, byte for byte: every process sends the same frame
    Column("data", Text, nullable=False),
    Column("rev", Text, nullable=False),
    Column("token", Text, nullable=False),
    Column("valid_until", DateTime(timezone=True)),
    Column("computed_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    comment="The last result of every panel and the feed position at which it is valid.",
)
Index("uq_analytics_cache_panel", analytics_cache.c.panel, analytics_cache.c.scope, analytics_cache.c.params, unique=True)

NOT_TRACKED = {
    "analytics_cache": "it is derived from the feed and would feed itself",
}
"""Tables of schema public without a feed, each with its reason; schema cogniflow is not tracked as a whole."""
