"""The one place where failures become HTTP: problem+json for programs, a page for people."""

import json
import re
import traceback
from typing import Any

import structlog
from flask import Flask, Response, g, render_template, request
from markupsafe import escape
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from cogniflow.db.failures import translated
from cogniflow.errors import Busy, CogniFlowError, FieldError, NotSignedIn, ReadOnly, Unavailable

FOR_PROGRAMS = re.compile(r"/(api|ws|openapi\.json|metrics|healthz|readyz)(/|$)|/dash/_|/admin/[^/]+/ajax/")
"""Addresses that never show a page."""
CONTENT_TYPE = "application/problem+json; charset=utf-8"
MOST_ERRORS = 100
"""Field errors told in one answer."""
READ_METHODS = "GET, HEAD, OPTIONS"
UNEXPECTED = "Something went wrong on our side; the request id finds it in the log."


def register_problems(app: Flask) -> None:
    """Answer every failure of the app in the form its reader understands."""
    app.register_error_handler(Exception, problem_response)


def problem_response(error: Exception) -> Response:
    """The answer for an error: problem+json or a page, with the headers its status asks for."""
    if isinstance(error, HTTPException) and (error.response or not error.code or error.code < 400):
        return _without_page(error.get_response())  # a redirect is no failure
    error = _in_our_words(error)
    problem = problem_of(error)
    if problem["status"] >= 500:
        structlog.get_logger("problem").error("failed", request_id=g.get("request_id"), path=request.path,
                                               trace="".join(traceback.format_exception(error)))  # not the values: secrets
    if wants_json() or "Authorization" in request.headers:
        answer = Response(problem_json(problem), problem["status"], content_type=CONTENT_TYPE)
    else:
        answer = Response(_page(problem), problem["status"], content_type="text/html; charset=utf-8")
    answer.headers.extend(_headers(error))
    return answer


def problem_of(error: Exception) -> dict[str, Any]:
    """The problem object of an error: type, title, status, detail, errors, request_id."""
    title, status, detail, errors = "Internal error", 500, UNEXPECTED, []
    if isinstance(error, CogniFlowError):
        title, status, detail, errors = error.title, error.status, error.detail or error.title, error.errors
    elif isinstance(error, HTTPException) and error.code:
        title, status, detail = error.name.capitalize(), error.code, error.description or error.name
    return {"type": "about:blank", "title": title, "status": status, "detail": detail,
            "errors": [_field_error(each) for each in errors[:MOST_ERRORS]], "request_id": g.get("request_id")}


def problem_json(problem: dict[str, Any]) -> bytes:
    """The problem as JSON; in ASCII, so that even text that is not valid Unicode can be told."""
    return json.dumps(problem, default=str).encode()


def wants_json() -> bool:
    """Whether the requester is a program: by address, by what it sent or by what it accepts."""
    if FOR_PROGRAMS.match(request.path) or request.is_json:
        return True
    accepted = request.accept_mimetypes
    return accepted.best_match(["text/html", "application/json"], "text/html") == "application/json"


def _without_page(redirect: Response) -> Response:
    """The redirect, whose words a program does not need."""
    if wants_json():
        redirect.data = b""
    return redirect


def _in_our_words(error: Exception) -> Exception:
    """What the database refused to a library that does not know our errors; any other error as it is."""
    try:
        with translated():
            raise error
    except Exception as known:
        return known


def _field_error(error: FieldError) -> dict[str, Any]:
    told = {"field": error.field, "message": error.message}
    return told if error.mine is None and error.theirs is None else {**told, "mine": error.mine, "theirs": error.theirs}


def _headers(error: Exception) -> dict[str, str]:
    if isinstance(error, MethodNotAllowed):
        return {"Allow": ", ".join(sorted(error.valid_methods or ()))}
    if isinstance(error, ReadOnly):
        return {"Allow": READ_METHODS}
    if isinstance(error, NotSignedIn):
        return {"WWW-Authenticate": "Bearer"}
    return {"Retry-After": "1"} if isinstance(error, Unavailable | Busy) else {}


def _page(problem: dict[str, Any]) -> str:
    try:
        return render_template("shell/problem.html", problem=problem)
    except Exception:  # a shell that fails too must not hide what failed first
        return f"<!doctype html><html lang=\"en\"><title>{escape(problem['title'])}</title><h1>{escape(problem['title'])}</h1>" \
               f"<p>{escape(problem['detail'])}</p><p><a href=\"/\">Go to the start</a></p></html>"
