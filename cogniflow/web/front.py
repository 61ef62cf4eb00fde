"""The front of the app: a program is told again what it was told, while nothing that decided the answer has changed."""

import datetime as dt
import hashlib
import time
from collections.abc import Callable, Hashable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from flask import Flask, Response, g, request

from cogniflow.db.session import Database
from cogniflow.domain.accounts.rights import Caller
from cogniflow.domain.accounts.sessions import NOTED_AGAIN
from cogniflow.errors import CogniFlowError
from cogniflow.records.kept import Kept
from cogniflow.records.subscriptions import ACCESS_TABLES
from cogniflow.web.observe import Observer, request_id

LOOK = "cogniflow.look"
"""Where the environment of a request holds the look at the change log that was taken for it."""
LONGEST = dt.timedelta(seconds=60)
"""So long an answer is told again as it is: its position grows older, and a client must be able to resume from it."""
CONDITIONS = ("HTTP_IF_NONE_MATCH", "HTTP_IF_MATCH", "HTTP_IF_MODIFIED_SINCE", "HTTP_RANGE")


@dataclass(frozen=True)
class Answered:
    """An answer as it was sent, to whom, and until when it may be told again."""

    status: str
    headers: list[tuple[str, str]]
    body: bytes
    endpoint: str
    caller: Caller
    until: dt.datetime


class Front:
    """Stands before the app, which says in `g.made_from` which tables an answer was made from.

    Whoever comes by a session goes on to the app: it is in use, which is noted, and ends by being idle.
    """

    def __init__(self, app: Flask, database: Database, kept: Kept, observer: Observer):
        self._app, self._database, self._kept, self._observer = app.wsgi_app, database, kept, observer
        app.after_request(self._keep)

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer, or have the app answer."""
        begun, key = time.perf_counter(), _key(environ)
        if key in self._kept:
            with suppress(CogniFlowError):  # the app says what is wrong
                environ[LOOK] = self._kept.look(self._database)
            entry = self._kept.get(key)
            if LOOK in environ and entry and entry.value.until > dt.datetime.now(dt.UTC):
                return self._tell(entry.value, environ, start_response, begun)
        return self._app(environ, start_response)

    def _tell(self, answer: Answered, environ: dict[str, Any], start_response: Callable[..., Any], begun: float) -> list[bytes]:
        number = request_id(environ.get("HTTP_X_REQUEST_ID", ""))
        start_response(answer.status, [*answer.headers, ("X-Request-Id", number)])
        self._observer.note(answer.endpoint, "GET", environ["PATH_INFO"], 200, time.perf_counter() - begun, number, answer.caller)
        return [answer.body]

    def _keep(self, answer: Response) -> Response:
        key, caller = _key(request.environ), g.get("caller")
        if key and caller and caller.used_at and "made_from" in g and answer.status_code == 200:
            ends = (dt.datetime.now(dt.UTC) + LONGEST, caller.used_at + NOTED_AGAIN, caller.expires_at)
            headers = [each for each in answer.get_wsgi_headers(request.environ) if each[0] != "X-Request-Id"]
            told = Answered(answer.status, headers, answer.get_data(), request.endpoint, caller, min(filter(None, ends)))
            self._kept.put(g.look, key, told, ACCESS_TABLES | set(g.made_from), len(told.body))
        return answer


def _key(environ: dict[str, Any]) -> Hashable | None:
    """All of a request that decides its answer; None for one that is always answered by the app."""
    path, authorization = environ["PATH_INFO"], environ.get("HTTP_AUTHORIZATION")
    if environ["REQUEST_METHOD"] != "GET" or not authorization or not path.startswith("/api/") or any(
            each in environ for each in CONDITIONS):
        return None
    return (hashlib.sha256(authorization.encode("latin1")).digest(), path, environ["QUERY_STRING"],
            environ.get("HTTP_ACCEPT_ENCODING"), environ["wsgi.url_scheme"])
