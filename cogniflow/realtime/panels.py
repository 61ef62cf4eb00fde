"""Panels: each is computed once, whoever looks, when something it is made of has changed."""

import contextlib
import threading
import time
from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field
from typing import Any

import orjson
import psycopg
import structlog
from psycopg import Connection

from cogniflow.realtime.changes import FeedConnection, conninfo
from cogniflow.realtime.panel_result import BACKSTOP, Panel, PanelResult, Subject, TooLong, bring_up_to_date
from cogniflow.realtime.protocol import Err, Snap, encode
from cogniflow.realtime.topics import panel_of
from cogniflow.realtime.waker import MOMENT

AT_MOST_EVERY = 0.25
"""Seconds between two computations of one panel; a heavy one rests four times as long as it takes."""
CLOCK_CHECK = 30.0
"""Seconds within which it is noticed that a result is no longer right, though the machine slept or its clock was set."""
FIRST_LOOK, LAST_LOOK = 0.005, 0.1
"""Seconds between two looks whether another process has finished a panel."""
PATIENCE = 5.0
"""Seconds after which a panel is computed here too, though another process is still at it."""
RETRY = 1.0
MOST_RESULTS = 1_000
"""So many results are kept; of those nobody looks at, the oldest go first."""
CONNECTION = (
    "-c enable_seqscan=on -c synchronous_commit=off "
    # to plan a small panel takes longer than to compute it: its plan is kept
    "-c plan_cache_mode=auto "
    # a process that is frozen while it computes must not keep the lock
    "-c idle_in_transaction_session_timeout=15s")

log = structlog.get_logger(__name__)


@dataclass
class Result:
    """What is known here of one panel with one set of parameters, in one scope."""

    subject: Subject
    topic: str
    viewers: set[Any] = field(default_factory=set)
    unserved: set[Any] = field(default_factory=set)
    stale: bool = True
    due: float = 0.0
    old: float = float("inf")
    until: float = float("inf")
    waits_since: float = float("inf")
    """Since when another process has been computing it."""
    snap: Snap | None = None
    frame: bytes = b""
    refusal: Err | None = None
    """What viewers are told instead, when it is too long to be sent."""


class PanelRunner:
    """Keeps the panels that somebody looks at up to date, in one thread with one connection of its own.

    Viewers are Subscribers: whoever has `caller`, `show` and `say`.
    """

    def __init__(self, url: str, panels: Iterable[Panel] = ()):
        self.panels = {panel.topic.removeprefix("panel/"): panel for panel in panels}
        self.computations = 0
        self._dsn = conninfo(url, application_name="cogniflow-panels", options=CONNECTION)
        self._results: dict[tuple[str, str], Result] = {}
        self._changed = threading.Condition()
        self._ending = False
        self._busy = False
        self._connection: Connection | None = None
        self._thread = threading.Thread(target=self._run, name="feed-panels", daemon=True)

    def start(self) -> None:
        """Begin to compute."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread and its connection; a query that runs is cancelled."""
        with self._changed:
            self._ending = True
            self._changed.notify_all()
        deadline = time.monotonic() + MOMENT
        while self._thread.is_alive() and (left := deadline - time.monotonic()) > 0:
            if self._connection:
                with contextlib.suppress(psycopg.Error):
                    self._connection.cancel_safe(timeout=left)
            self._thread.join(0.05)

    def watch(self, topic: str, viewer: Any) -> None:
        """Show the panel to a viewer: what is known at once, else as soon as it is computed."""
        subject = self._subject(topic, viewer.caller)
        with self._changed:
            result = self._results.setdefault((topic, subject.scope), Result(subject, topic))
            result.viewers.add(viewer)
            is_fresh = time.monotonic() < result.due or not _needed(result)
            if result.refusal and is_fresh:
                viewer.say(result.refusal)
            elif result.snap and is_fresh:
                viewer.show(result.snap, result.frame)
            else:
                result.unserved.add(viewer)
            self._changed.notify_all()

    def leave(self, topic: str, viewer: Any) -> None:
        """The viewer no longer looks."""
        with self._changed:
            if result := self._results.get((topic, self._subject(topic, viewer.caller).scope)):
                result.viewers.discard(viewer)
                result.unserved.discard(viewer)
            idle = [key for key, known in self._results.items() if not known.viewers]
            for key in idle[:max(0, len(self._results) - MOST_RESULTS)]:
                del self._results[key]

    def changed(self, tables: Iterable[str] | None) -> None:
        """Tables have changed (None: nobody knows which): whatever is made of them is stale."""
        touched = None if tables is None else frozenset(tables)
        with self._changed:
            for result in self._results.values():
                if touched is None or not touched.isdisjoint(result.subject.panel.reads):
                    result.stale = True
            self._changed.notify_all()

    def wait_until_settled(self, timeout: float) -> bool:
        """Wait at most `timeout` seconds until every panel with viewers is up to date; whether it is."""
        with self._changed:
            return self._changed.wait_for(
                lambda: not self._busy and not any(r.stale and r.viewers for r in self._results.values()), timeout)

    def _subject(self, topic: str, caller: Hashable) -> Subject:
        name, params = panel_of(topic)
        return Subject(self.panels[name], params, self.panels[name].scope_of(caller))

    def _run(self) -> None:
        while True:
            with self._changed:
                self._busy = False
                self._changed.notify_all()
                if self._next() is None and not self._ending:
                    self._changed.wait(self._patience())
                if self._ending:
                    break
                result = self._next()
                if result is None:
                    continue
                # before it is computed: what changes meanwhile makes it stale again
                result.stale = False
                self._busy = True
            self._refresh(result)
        if self._connection:
            self._connection.close()

    def _next(self) -> Result | None:
        now = time.monotonic()
        ready = [r for r in self._results.values() if r.viewers and r.due <= now and _needed(r)]
        return min(ready, key=lambda each: each.due, default=None)

    def _patience(self) -> float:
        now = time.monotonic()
        waits = [result.due - now if _needed(result) else min(result.old - now, result.until - time.time())
                 for result in self._results.values() if result.viewers]
        return max(0.0, min([CLOCK_CHECK, *waits]))

    def _refresh(self, result: Result) -> None:
        begun = time.monotonic()
        known_rev = result.snap.rev if result.snap else None
        try:
            found = bring_up_to_date(self._live_connection(), result.subject, known_rev,
                                     alone=begun - result.waits_since > PATIENCE)
            if found:
                self._publish(result, begun, found)
            else:
                self._wait_for_other(result, begun)
        except TooLong as error:
            self._refuse(result, begun, str(error))
        except Exception as error:  # one broken panel must not end the others
            self._fail(result, begun, error)

    def _publish(self, result: Result, begun: float, found: PanelResult) -> None:
        with self._changed:
            self.computations += found.is_own
            is_new = result.snap is None or result.snap.rev != found.rev
            data = result.snap.data if found.data is None else orjson.Fragment(found.data)
            result.snap, result.refusal = Snap(result.topic, found.token, found.rev, data), None
            result.frame = encode(result.snap)
            for viewer in result.viewers if is_new else result.unserved:
                viewer.show(result.snap, result.frame)
            self._rest(result, begun)
            result.old = time.monotonic() + BACKSTOP - found.age
            result.until = found.valid_until.timestamp() if found.valid_until else float("inf")

    def _refuse(self, result: Result, begun: float, why: str) -> None:
        log.error("panel_too_long", panel=result.topic, error=why)
        with self._changed:
            is_new = result.refusal is None
            result.snap, result.refusal = None, Err("too_long", f"{result.topic}: {why}.", result.topic)
            for viewer in result.viewers if is_new else result.unserved:
                viewer.say(result.refusal)
            self._rest(result, begun)
            result.old, result.until = time.monotonic() + BACKSTOP, float("inf")

    def _rest(self, result: Result, begun: float) -> None:
        now = time.monotonic()
        result.unserved.clear()
        result.waits_since = float("inf")
        result.due = max(begun + AT_MOST_EVERY, now + 4 * (now - begun))

    def _fail(self, result: Result, begun: float, error: Exception) -> None:
        if self._ending:
            return
        log.error("panel_failed", panel=result.topic, error=str(error))
        with self._changed:
            now = time.monotonic()
            # one that fails after long must leave the others their turn
            result.stale, result.due = True, now + max(RETRY, 4 * (now - begun))

    def _wait_for_other(self, result: Result, begun: float) -> None:
        with self._changed:
            result.waits_since = min(result.waits_since, begun)
            result.stale, result.due = True, begun + min(LAST_LOOK, max(FIRST_LOOK, begun - result.waits_since))

    def _live_connection(self) -> Connection:
        if self._connection is None or self._connection.closed or self._connection.broken:
            self._connection = FeedConnection.connect(self._dsn, autocommit=True)
        return self._connection


def _needed(result: Result) -> bool:
    return result.stale or time.monotonic() >= result.old or time.time() >= result.until
