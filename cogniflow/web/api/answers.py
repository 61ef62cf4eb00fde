"""Answers of REST: a record with its version, position and transaction; the same again for a repeated request."""

import hashlib
from collections.abc import Callable
from contextlib import suppress

from flask import Response, current_app, g, request
from sqlalchemy.orm import Session

from cogniflow.db.session import Database
from cogniflow.errors import BadRequest, Busy
from cogniflow.kernel.entity import Entity, rest_path
from cogniflow.records.idempotency import Answer, Claim, claim, keep, release
from cogniflow.records.kept import Kept
from cogniflow.records.read import Record, position, to_writer
from cogniflow.web.position import position_headers
from cogniflow.web.problems import CONTENT_TYPE, problem_json, problem_of

JSON = "application/json; charset=utf-8"
LONGEST_KEY = 255
Work = Callable[[Session], Answer]


def database() -> Database:
    """The database of this app."""
    return current_app.extensions["cogniflow"].database


def kept() -> Kept:
    """What this process keeps."""
    return current_app.extensions["cogniflow"].kept


def response(answer: Answer) -> Response:
    """The answer as Flask sends it; never kept by a browser without asking again."""
    made = Response(answer.body, answer.status, headers={"Cache-Control": "private, no-cache", **answer.headers})
    made.content_type = answer.headers.get("Content-Type", JSON)
    if answer.status in (204, 304):
        del made.headers["Content-Type"]
    return made


def record_answer(entity: type[Entity], record: Record, status: int = 200, *, etag: bool = True) -> Answer:
    """A record as an answer; 201 names its address. Without `etag` where its version does not tell all that is in it."""
    headers = position_headers(record.token, record.xid)
    if etag:
        headers["ETag"] = f'"v{record.version}"'
    if status == 201:
        headers["Location"] = f"/api/{rest_path(entity)}/{record.id}"
    return Answer(status, record.body, headers)


def written(session: Session, entity: type[Entity], row: Entity, status: int = 200) -> Answer:
    """The answer to a write: the record as every read tells it, read in the same transaction, and secrets told this once."""
    return record_answer(entity, to_writer(session, g.caller, row), status)


def read_answer(body: bytes, token: str | None) -> Response:
    """What was read, and the feed position it is valid at."""
    return response(Answer(200, body, position_headers(token, None)))


def plain_answer(session: Session, status: int, body: bytes = b"") -> Answer:
    """The answer to a write that tells no single record."""
    return Answer(status, body, position_headers(*position(session)))


def write(work: Work) -> Response:
    """Do the work in one transaction and answer it."""
    return response(database().write(g.caller.actor(g.request_id), work))


def write_once(permit: Callable[[], None], work: Work) -> Response:
    """As `write`, but a request with an Idempotency-Key that was answered before gets that answer again.

    `permit` refuses whoever may not, or no longer, ask for this.
    """
    permit()
    key = request.headers.get("Idempotency-Key")
    if key is None:
        return write(work)
    if not key.isascii() or not key.isprintable() or not 0 < len(key) <= LONGEST_KEY:
        raise BadRequest(f"Idempotency-Key must be 1 to {LONGEST_KEY} printable characters.")
    held = claim(database(), g.caller, key, _content())
    if isinstance(held, Answer):
        return response(Answer(held.status, held.body, {**held.headers, "Idempotency-Replayed": "true"}))
    return _write_and_keep(held, work)


def _write_and_keep(held: Claim, work: Work) -> Response:
    def kept(session: Session) -> Answer:
        answer = work(session)
        keep(session, held, answer)
        return answer
    try:
        return write(kept)
    except Exception as error:
        problem = problem_of(error)
        with suppress(Busy), database().transaction() as session:
            if problem["status"] >= 500 or isinstance(error, Busy):
                release(session, held)
            else:
                keep(session, held, Answer(problem["status"], problem_json(problem), {"Content-Type": CONTENT_TYPE}))
        raise


def _content() -> bytes:
    return hashlib.sha256(b"\x00".join((request.method.encode(), request.full_path.encode(), request.get_data()))).digest()
