"""What the caller has not read yet, and all of it seen or read at once."""

from dataclasses import replace
from functools import partial

import orjson
from flask import Blueprint, Response, g, request
from sqlalchemy.orm import Session

from cogniflow.domain.notifications.models import Notification
from cogniflow.domain.notifications.operations import read_all, see_all
from cogniflow.kernel.entity import rest_path
from cogniflow.records.authorise import require_verb
from cogniflow.records.idempotency import Answer
from cogniflow.records.query import Filter, parse_list_query
from cogniflow.records.read import page
from cogniflow.web.api.answers import database, plain_answer, read_answer, write_once
from cogniflow.web.api.given import json_object, refuse_unknown

ALL = {"read": read_all, "see": see_all}
"""What can be done with all notifications of the caller, by the verb that does it with one."""


def add_notifications(blueprint: Blueprint) -> None:
    """Serve /api/notifications/unread, /read-all and /see-all."""
    path = f"/api/{rest_path(Notification)}"
    blueprint.add_url_rule(f"{path}/unread", "unread", unread, methods=["GET"], strict_slashes=False)
    for verb in ALL:
        blueprint.add_url_rule(f"{path}/{verb}-all", f"{verb}_all", partial(operate_all, verb), methods=["POST"],
                               strict_slashes=False)


def unread() -> Response:
    """One page of the caller's notifications that are not read, and how many there are."""
    query = parse_list_query(g.caller, Notification, request.args)
    own = (Filter("user_id", "eq", g.caller.user_id), Filter("read_at", "isnull", True))
    with database().reading() as session:
        found = page(session, g.caller, Notification, replace(query, filters=(*query.filters, *own)))
    return read_answer(b"".join((found.body[:-1], b',"unread":', orjson.dumps(found.total), b"}")), found.token)


def operate_all(verb: str) -> Response:
    """All notifications of the caller seen or read; how many were not."""
    options = json_object(may_be_empty=True)

    def work(session: Session) -> Answer:
        refuse_unknown(options)
        return plain_answer(session, 200, orjson.dumps({"changed": ALL[verb](session, g.caller.user_id)}))
    return write_once(partial(require_verb, g.caller, verb, Notification), work)
