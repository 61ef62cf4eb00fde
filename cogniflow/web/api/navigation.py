"""The sub-modules of a module, at the address below it."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import orjson
from flask import Blueprint, Response, g, request
from sqlalchemy.orm import Session

from cogniflow.domain.system.models import SystemModule, SystemSubModule
from cogniflow.kernel.entity import rest_path
from cogniflow.records import write as records
from cogniflow.records.address import missing
from cogniflow.records.authorise import require
from cogniflow.records.idempotency import Answer
from cogniflow.records.query import Filter, parse_list_query
from cogniflow.records.read import one, page
from cogniflow.web.api.answers import database, read_answer, write_once, written
from cogniflow.web.api.given import json_object
from cogniflow.web.api.resources import change_record, delete_record, one_record, replace_record


def add_navigation(blueprint: Blueprint) -> None:
    """Serve /api/system/modules/<key>/submodules: the list, a new one, and each of them."""
    rule = f"/api/{rest_path(SystemModule)}/<key>/submodules"
    blueprint.add_url_rule(rule, "submodules", list_submodules, methods=["GET"], strict_slashes=False)
    blueprint.add_url_rule(rule, "create_submodule", create_submodule, methods=["POST"], strict_slashes=False)
    for method, view in (("GET", one_record), ("PUT", replace_record), ("PATCH", change_record), ("DELETE", delete_record)):
        blueprint.add_url_rule(f"{rule}/<sub>", f"{view.__name__}_submodule", partial(submodule, view), methods=[method],
                               strict_slashes=False)


def list_submodules(key: str) -> Response:
    """One page of the module's sub-modules."""
    query = parse_list_query(g.caller, SystemSubModule, request.args)
    with database().reading() as session:
        of_module = Filter("module_id", "eq", one(session, g.caller, SystemModule, key).id)
        found = page(session, g.caller, SystemSubModule, replace(query, filters=(*query.filters, of_module)))
    return read_answer(found.body, found.token)


def create_submodule(key: str) -> Response:
    """A new sub-module of the module."""
    values = json_object()

    def work(session: Session) -> Answer:
        module = one(session, g.caller, SystemModule, key)
        return written(session, SystemSubModule, records.create(
            session, g.caller, SystemSubModule, {**values, "module_id": module.id}), 201)
    return write_once(partial(require, g.caller, "create", SystemSubModule), work)


def submodule(view: Callable[[type[SystemSubModule], str], Response], key: str, sub: str) -> Response:
    """One of the module's sub-modules, read or changed as at its own address; 404 for one of another module."""
    with database().reading() as session:
        module = one(session, g.caller, SystemModule, key).id
        if orjson.loads(one(session, g.caller, SystemSubModule, sub).body)["module_id"] != module:
            raise missing(SystemSubModule, sub)
    return view(SystemSubModule, sub)
