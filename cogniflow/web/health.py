"""Is it alive, is it ready, how is it doing: for load balancers and monitoring."""

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from math import inf, nan
from typing import Any

from flask import Blueprint, Flask, Response, g, jsonify
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.metrics_core import GaugeMetricFamily

from cogniflow.db import examine, migrate
from cogniflow.db.session import Database
from cogniflow.errors import CogniFlowError

FIGURES = {
    "connected": "Whether the feed follows the database: 1 or 0.",
    "connections": "Connections the feed has made since it started.",
    "lag": "Seconds from the newest change to the read that found it.",
    "bells": "Bells heard.",
    "polls": "Reads that no bell asked for.",
    "missed_bells": "Reads after a second of silence that found changes: more than a few mean that notifications are lost.",
    "relays": "Bells rung for writers that were silent.",
    "storms": "How often writers were silenced because there were many.",
    "ring_changes": "Changes kept in memory for clients that come back.",
    "ring_bytes": "Bytes of them.",
    "ring_age": "Seconds that memory reaches back.",
    "subscribers": "Clients that listen.",
    "sockets": "Sockets the hub serves.",
    "sockets_blocked": "Sockets that do not take what they are sent.",
    "slow_closes": "Clients closed because they did not read.",
    "resets_epoch": "Clients told to refetch because the database began another life.",
    "resets_retention": "Clients told to refetch because what they missed is forgotten.",
    "resets_slow": "Clients told to refetch because they missed too much.",
    "resets_auth": "Clients told to refetch because their rights changed.",
    "panel_computations": "Panels computed since the feed started.",
    "notification_queue": "Used part of PostgreSQL's notification queue, 0 to 1.",
    "oldest_transaction": "Seconds that the oldest transaction of the server is open, in any database.",
}
"""Every figure of the feed that monitoring is told, and what it means; `cogniflow_feed_<name>` in /metrics."""
FRESH_SECONDS = 1.0
"""So long an answer of the feed about itself is not asked for again."""


def register_health(app: Flask, registry: CollectorRegistry) -> None:
    """Serve /healthz (this process lives), /readyz (503 and the reason while it cannot work) and /metrics.

    /readyz tells the figures of the feed too, to whom /metrics would.
    """
    health = Blueprint("health", __name__)
    context = app.extensions["cogniflow"]
    feed_health = FeedHealth(context)
    registry.register(feed_health)

    @health.get("/healthz")
    def healthz() -> Response:
        """This process answers."""
        return jsonify(status="ok")

    @health.get("/readyz")
    def readyz() -> tuple[Response, int]:
        """Every part works, or which does not and why."""
        found = checks(context.database, feed_health)
        ready = not any(found.values())
        report = {"status": "ready" if ready else "not ready", "checks": {name: each or "ok" for name, each in found.items()}}
        if g.get("caller") or context.settings.public_metrics:
            report["figures"] = feed_health.figures()
        return jsonify(report), 200 if ready else 503

    @health.get("/metrics")
    def metrics() -> Response:
        """Figures for Prometheus."""
        return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)

    app.register_blueprint(health)


def checks(database: Database, feed_health: Callable[[], dict[str, Any]]) -> dict[str, str]:
    """What is wrong with each part, in a sentence; empty where nothing is."""
    return {"database": _problem(lambda: _asked(database)),
            "schema": _problem(lambda: _schema(database)),
            "feed": _problem(lambda: _feed(feed_health()))}


def _problem(check: Callable[[], str]) -> str:
    try:
        return check()
    except CogniFlowError as error:
        return error.detail or error.title


def _asked(database: Database) -> str:
    with database.reading() as session:
        examine.answer(session)
    return ""


def _schema(database: Database) -> str:
    with database.reading() as session:
        there, newest = migrate.current(session.connection())
    return "" if there == newest else f"It is at revision {there}, the code is at {newest}: run `cogniflow db upgrade`."


def _feed(health: dict[str, Any]) -> str:
    lost = health["error"] and not health["connected"]
    return f"The feed has lost the database and tries again by itself: {health['error']}" if lost else ""


class FeedHealth:
    """How the feed is, asked at most once a second, and told to Prometheus."""

    def __init__(self, context):
        self._context = context
        self._asked, self._told = -inf, {}
        self._asking = threading.Lock()

    def __call__(self) -> dict[str, Any]:
        """What the feed says. Raises Unavailable when it does not answer."""
        with self._asking:
            if time.monotonic() - self._asked > FRESH_SECONDS:
                self._told = self._context.health()
                self._asked = time.monotonic()
            return self._told

    def figures(self) -> dict[str, float]:
        """The figures that can be had now, by their names."""
        found = {}
        for ask in (self, self._strain):
            with contextlib.suppress(CogniFlowError):
                found |= ask()
        return {name: float(found[name]) for name in FIGURES if name in found}

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """All figures as Prometheus takes them."""
        found = self.figures()
        for name, meaning in FIGURES.items():
            yield GaugeMetricFamily(f"cogniflow_feed_{name}", meaning, found.get(name, nan))

    def _strain(self) -> dict[str, float]:
        with self._context.database.reading() as session:
            return examine.strain(session)
