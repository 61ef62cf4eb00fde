"""One structured log line and one measurement for every request."""

import re
import time
import uuid

import structlog
from flask import Flask, Response, g, request
from prometheus_client import CollectorRegistry, Counter, Histogram

from cogniflow.domain.accounts.rights import Caller


class Observer:
    """Counts and times requests by endpoint and status, and logs each with its id and caller."""

    def __init__(self, registry: CollectorRegistry):
        self._requests = Counter("cogniflow_requests_total", "Requests answered.", ["endpoint", "method", "status"],
                                 registry=registry)
        self._seconds = Histogram("cogniflow_request_seconds", "Seconds from request to answer.", ["endpoint"], registry=registry)
        self._log = structlog.get_logger("request")

    def note(self, endpoint: str, method: str, path: str, status: int, seconds: float, number: str | None,
             caller: Caller | None) -> None:
        """A request was answered; `number` is its id."""
        self._requests.labels(endpoint, method, status).inc()
        self._seconds.labels(endpoint).observe(seconds)
        self._log.info("request", method=method, path=path, status=status, milliseconds=round(seconds * 1000, 1),
                       request_id=number, user=caller.user_id if caller else None, token=caller.token_id if caller else None)


def observe_requests(app: Flask, observer: Observer) -> None:
    """Note every request that `app` answers."""
    @app.before_request
    def start() -> None:
        g.started = time.perf_counter()

    @app.after_request
    def finish(answer: Response) -> Response:
        now = time.perf_counter()
        observer.note(request.endpoint or "none", request.method, request.path, answer.status_code, now - g.get("started", now),
                      g.get("request_id"), g.get("caller"))
        return answer


def request_id(given: str) -> str:
    """The id of a request: the one given with it, where that can be one."""
    return given if re.fullmatch(r"[\w.:-]{1,64}", given) else uuid.uuid4().hex
