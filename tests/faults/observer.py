"""Clients of the feed over real WebSockets, which lose their connection and come back by their token."""

import contextlib
import json
import random
import select
import socket
import threading
from collections import Counter
from collections.abc import Sequence

import requests
import websocket

from tests.faults.judge import Step, parse

PAGE = 500
"""Rows of one page of a REST list."""
AT_ONCE = 50
"""Messages that are handled together when they are there."""
DROPS = 0.02
"""Share of the messages at which one with a seed drops the connection."""
FAILURES = (OSError, websocket.WebSocketException)


class Observer(threading.Thread):
    """Follows whole tables until `leave`; what it has handled is in `steps`, its position in `k`.

    With a `seed` it drops the connection now and then, just before it has handled a message.
    """

    def __init__(self, address: str, key: str, topics: Sequence[str], *, token: str | None = None, seed: int | None = None,
                 shared: dict[bytes, Step] | None = None):
        super().__init__(daemon=True)
        self.topics, self.k = list(topics), token
        self.steps: list[Step] = []
        self.resets: Counter[str] = Counter()
        self.closed_with: Counter[int] = Counter()
        self.connections = self.byes = self.gaps = 0
        self.failure: Exception | None = None
        self._address, self._key = address, key
        self._chance = random.Random(seed) if seed is not None else None
        self._shared = {} if shared is None else shared
        self._moved, self._ended = threading.Condition(), threading.Event()
        self._socket: websocket.WebSocket | None = None

    def run(self) -> None:
        """Follow."""
        while not self._ended.is_set():
            try:
                self._follow()
            except FAILURES:
                pass
            except Exception as failure:
                self.failure = failure
                raise
            self._ended.wait(random.uniform(0.02, 0.2))

    def leave(self) -> None:
        """End."""
        self._ended.set()
        self.cut()
        self.join(30)

    def cut(self) -> None:
        """Lose the connection now."""
        connected = self._socket
        with contextlib.suppress(OSError, AttributeError):  # it has none just now
            connected.sock.shutdown(socket.SHUT_RDWR)

    def wait_for(self, xid: int, digest: str, seconds: float = 60) -> bool:
        """Wait until it has handled all up to a transaction of this life of the server; whether it has."""
        with self._moved:
            return self._moved.wait_for(lambda: self.failure or self.has(xid, digest), seconds) and not self.failure

    def has(self, xid: int, digest: str) -> bool:
        """Whether it has handled that transaction, or was told to refetch after it."""
        if not self.k:
            return False
        position = parse(self.k)
        return position.digest == digest and position.covers(xid)

    def handle(self, events: Sequence[dict]) -> None:
        """Do with a frame what a client does with it, before it keeps the position after it."""

    def refetch(self) -> None:
        """Read everything anew."""

    def _follow(self) -> None:
        self._socket = websocket.create_connection(
            self._address, header={"Authorization": f"Bearer {self._key}"}, timeout=60, enable_multithread=False)
        try:
            self.connections += 1
            hello = {"type": "hello", "v": 1, "topics": self.topics} | ({"token": self.k} if self.k else {})
            self._socket.send(json.dumps(hello))
            while not self._ended.is_set() and (messages := self._arrived()):
                self._take(messages)
        finally:
            self._socket.shutdown()

    def _arrived(self) -> list[bytes]:
        """The next messages, all that are there; none at the end. Raises ConnectionAbortedError when it is dropped."""
        messages = []
        while not messages or len(messages) < AT_ONCE and _has_more(self._socket.sock):
            opcode, data = self._socket.recv_data()
            if opcode == websocket.ABNF.OPCODE_CLOSE:
                self.closed_with[int.from_bytes(data[:2])] += 1
                break
            if self._chance and self._chance.random() < DROPS:
                raise ConnectionAbortedError
            messages.append(data)
        return messages

    def _take(self, messages: list[bytes]) -> None:
        steps: list[Step] = []
        for data in messages:
            message, at = json.loads(data), steps[-1].k if steps else self.k
            match message["type"]:
                case "chg":
                    # the same object for all who are told the same
                    step = self._shared.setdefault(data, Step(message["prev"], message["k"], message["ev"]))
                    self.gaps += step.prev != at
                    steps.append(step)
                case "ready" | "hb":
                    if at is None:
                        self.refetch()
                    steps.append(Step(at or message["k"], message["k"], ()))
                case "reset":
                    self.resets[message["why"]] += 1
                    self._go_on(steps, message["k"])
                    steps = []
                    self.refetch()
                case "bye":
                    self.byes += 1
        self.handle([event for step in steps for event in step.events])
        self._go_on(steps, steps[-1].k if steps else self.k)

    def _go_on(self, steps: list[Step], k: str | None) -> None:
        with self._moved:
            self.steps += steps
            self.k = k
            self._moved.notify_all()


def _has_more(connection: socket.socket) -> bool:
    waiting = select.poll()  # select() knows no more than 1,024 files
    waiting.register(connection, select.POLLIN)
    return bool(waiting.poll(0))


class Mirror(Observer):
    """Keeps the version of every record of its tables, read over REST whenever it is told that one has changed."""

    def __init__(self, address: str, key: str, topics: Sequence[str], **given):
        super().__init__(address, key, topics, **given)
        self.rows: dict[tuple[str, int], int] = {}
        self.backwards = 0
        self._session = requests.Session()
        self._session.headers["Authorization"] = f"Bearer {key}"
        self._site = address.replace("ws://", "http://").removesuffix("/ws")

    def handle(self, events: Sequence[dict]) -> None:
        """Read the records that have changed."""
        for table in {event["topic"] for event in events}:
            named = [event["ids"] for event in events if event["topic"] == table]
            ids = [] if None in named else sorted({number for each in named for number in each})
            self._read(table, ids if len(ids) <= PAGE else [])

    def refetch(self) -> None:
        """Read every table."""
        self.rows.clear()
        for topic in self.topics:
            self._read(topic)

    def _read(self, table: str, ids: Sequence[int] = ()) -> None:
        wanted = {"id__in": ",".join(map(str, ids))} if ids else {}
        wanted |= {"archived": "all"} if table == "products" else {}
        found: dict[int, int] = {}
        cursor: dict[str, str] = {}
        while cursor is not None:
            page = self._page(table, {"fields": "id,version", "limit": PAGE, "sort": "id", **wanted, **cursor})
            found |= {each["id"]: each["version"] for each in page["data"]}
            cursor = {"cursor": page["page"]["next"]} if page["page"]["next"] else None
        for number in ids or [number for topic, number in self.rows if topic == table]:
            if number not in found:
                self.rows.pop((table, number), None)
        for number, version in found.items():
            self.backwards += self.rows.get((table, number), 0) > version
            self.rows[table, number] = version

    def _page(self, table: str, query: dict) -> dict:
        while not self._ended.is_set():
            try:
                answer = self._session.get(f"{self._site}/api/{table}", params=query, timeout=30)
            except requests.RequestException:
                answer = None
            if answer is not None and answer.ok:
                return answer.json()
            if answer is not None and answer.status_code not in (500, 502, 503):
                raise AssertionError(f"{answer.status_code} {answer.text[:300]}")
            self._ended.wait(0.1)
        raise ConnectionAbortedError
