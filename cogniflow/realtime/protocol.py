"""The messages of the socket, both ways; `docs/reference/realtime.md` is generated from the classes here."""

from dataclasses import dataclass, fields
from typing import Any, ClassVar, get_type_hints

import orjson

MOST_CHARACTERS = 65_536
"""A client's message may not be longer, in bytes."""
HEARTBEAT = 25
"""Seconds within which a connected client hears from the server at least once."""
RETRY_MS = 2_000
"""Within how many milliseconds clients of an ending process come back, each at a moment of its own."""


class BadMessage(ValueError):
    """A client's message cannot be understood; the text says why."""


@dataclass(frozen=True, slots=True)
class Hello:
    """Begin: subscribe to `topics` and, with `token`, receive first what was missed since."""

    type: ClassVar[str] = "hello"
    v: int = 1
    token: str | None = None
    topics: list[str] | None = None


@dataclass(frozen=True, slots=True)
class Sub:
    """Subscribe to one topic; with `token`, the events missed since come before `subbed`."""

    type: ClassVar[str] = "sub"
    topic: str
    token: str | None = None


@dataclass(frozen=True, slots=True)
class Unsub:
    """Leave a topic."""

    type: ClassVar[str] = "unsub"
    topic: str


@dataclass(frozen=True, slots=True)
class Ping:
    """Ask for a sign of life; `t` comes back in `pong`."""

    type: ClassVar[str] = "ping"
    t: Any = None


@dataclass(frozen=True, slots=True)
class Ready:
    """The connection is open: `k` is the token it starts from, `hb` the seconds between heartbeats at most."""

    type: ClassVar[str] = "ready"
    k: str
    epoch: str
    hb: int


@dataclass(frozen=True, slots=True)
class Subbed:
    """The topic is subscribed from token `k` on."""

    type: ClassVar[str] = "subbed"
    topic: str
    k: str


@dataclass(frozen=True, slots=True)
class Unsubbed:
    """Nothing more comes on the topic."""

    type: ClassVar[str] = "unsubbed"
    topic: str


@dataclass(frozen=True, slots=True)
class Pong:
    """The answer to `ping`, with its `t`."""

    type: ClassVar[str] = "pong"
    t: Any


@dataclass(frozen=True, slots=True)
class Event:
    """One change on one topic: its domain name, the operation (I, U, D, T), how many rows, and what is known of them.

    `ids` null means "the table changed": refetch what you show. `cols` are the changed columns of an update ("items" when
    only the document's lines changed), null when all may have. `xids` are the transactions, null when they are too many.
    """

    topic: str
    event: str
    op: str
    n: int
    ids: list[int] | None
    cols: list[str] | None
    xids: list[str] | None


@dataclass(frozen=True, slots=True)
class Chg:
    """Changes: `k` is the token after them, `prev` the last `k` of this connection; store `k` once all is handled."""

    type: ClassVar[str] = "chg"
    prev: str
    k: str
    ev: list[Event]


@dataclass(frozen=True, slots=True)
class Snap:
    """The newest result of a panel, valid at token `k`; `rev` changes only when `data` does."""

    type: ClassVar[str] = "snap"
    topic: str
    k: str
    rev: str
    data: Any


@dataclass(frozen=True, slots=True)
class Hb:
    """A heartbeat, every 15 to 25 seconds; it moves the token of an idle client on.

    `away`: the database is out of reach, and what was told may be out of date; said at once, and taken back by the next
    heartbeat or change.
    """

    type: ClassVar[str] = "hb"
    k: str
    away: bool = False


@dataclass(frozen=True, slots=True)
class Reset:
    """What was missed cannot be told: refetch all of `topics`, then go on from `k`.

    `why`: "epoch" (the server has lost its place), "retention" (away too long), "slow" (too far behind), "auth" (your
    rights changed; these topics are no longer subscribed).
    """

    type: ClassVar[str] = "reset"
    topics: list[str]
    why: str
    k: str


@dataclass(frozen=True, slots=True)
class Bye:
    """The server process ends; come back within `retry_ms` milliseconds."""

    type: ClassVar[str] = "bye"
    retry_ms: int


@dataclass(frozen=True, slots=True)
class Err:
    """A message was refused and the socket stays: `unknown_topic`, `forbidden`, `bad_message`, or `too_long` for a panel."""

    type: ClassVar[str] = "err"
    code: str
    message: str
    topic: str | None = None


ClientMessage = Hello | Sub | Unsub | Ping
CLIENT_MESSAGES = {each.type: each for each in (Hello, Sub, Unsub, Ping)}
SERVER_MESSAGES = {each.type: each for each in (Ready, Subbed, Unsubbed, Pong, Chg, Snap, Hb, Reset, Bye, Err)}


def encode(message: Any) -> bytes:
    """A server message as one JSON object with its `type`."""
    return orjson.dumps({"type": message.type, **{each.name: getattr(message, each.name) for each in fields(message)}})


def parse(text: str | bytes) -> ClientMessage | None:
    """A client's message; None when its type is unknown, which is ignored as are unknown fields. Raises BadMessage."""
    try:
        given = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise BadMessage(f"Not JSON: {error}.") from None
    if not isinstance(given, dict) or not isinstance(given.get("type"), str):
        raise BadMessage('A message is an object with a "type".')
    kind = CLIENT_MESSAGES.get(given["type"])
    if kind is None:
        return None
    hints = get_type_hints(kind)
    known = {each.name: given[each.name] for each in fields(kind) if each.name in given}
    for name, value in known.items():
        _check(kind.type, name, value, hints[name])
    try:
        return kind(**known)
    except TypeError:
        raise BadMessage(f'"{kind.type}" needs a topic.') from None


def _check(kind: str, name: str, value: Any, hint: Any) -> None:
    if hint == list[str] | None:
        right = value is None or isinstance(value, list) and all(isinstance(each, str) for each in value)
    else:
        right = hint is Any or isinstance(value, hint)
    if not right:
        raise BadMessage(f'"{name}" of "{kind}" has the wrong type.')
