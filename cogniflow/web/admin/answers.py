"""What a page is answered that shows a change before it is saved."""

from typing import Any

from flask import Response, jsonify
from sqlalchemy.orm import Session

from cogniflow.records.read import position
from cogniflow.web.position import position_headers


def write_answer(session: Session, said: str, row: Any) -> Response:
    """What was done in words, with the record's new version and the transaction that the page waits to see in the feed."""
    session.flush()
    answer = jsonify(said=said)
    answer.headers.update(position_headers(*position(session)))
    if row is not None:
        answer.headers["ETag"] = f'"v{row.version}"'
    return answer
