"""One structured log line and one measurement for every request."""

import time

import structlog
from flask import Flask, Response, g, request
from prometheus_client import CollectorRegistry, Counter, Histogram


def observe_requests(app: Flask, registry: CollectorRegistry) -> None:
    """Count and time every request by endpoint and status, and log it with its id and caller."""
    requests = Counter("cogniflow_requests_total", "Requests answered.", ["endpoint", "method", "status"], registry=registry)
    seconds = Histogram("cogniflow_request_seconds", "Seconds from request to answer.", ["endpoint"], registry=registry)
    log = structlog.get_logger("request")

    @app.before_request
    def start() -> None:
        g.started = time.perf_counter()

    @app.after_request
    def finish(answer: Response) -> Response:
        took = time.perf_counter() - g.get("started", time.perf_counter())
        endpoint = request.endpoint or "none"
        requests.labels(endpoint, request.method, answer.status_code).inc()
        seconds.labels(endpoint).observe(took)
        caller = g.get("caller")
        log.info("request", method=request.method, path=request.path, status=answer.status_code,
                 milliseconds=round(took * 1000, 1), request_id=g.get("request_id"),
                 user=caller.user_id if caller else None, token=caller.token_id if caller else None)
        return answer
