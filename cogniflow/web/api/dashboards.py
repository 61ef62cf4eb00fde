"""The dashboards' figures, who is asking, and what there is to read."""

from functools import partial

import orjson
from flask import Blueprint, Response, g, request

from cogniflow.analytics.registry import panel
from cogniflow.domain.manufacturing.models import BillOfMaterials
from cogniflow.errors import BadRequest, Forbidden, NotFound
from cogniflow.kernel.entity import entities, rest_path
from cogniflow.records.idempotency import Answer
from cogniflow.records.read import one
from cogniflow.web.api.answers import database, read_answer, response

OF_BILL = {"explosion": "bom-explosion", "can-build": "can-build"}
"""Panels of one bill of materials, by their address below it."""


def add_dashboards(blueprint: Blueprint) -> None:
    """Serve every panel at /api/dashboard/<name>, the caller's own rights at /api/me, and what it may read at /api/."""
    blueprint.add_url_rule("/api/", "index", index, strict_slashes=False)
    blueprint.add_url_rule("/api/dashboard/<name>", "dashboard", dashboard, strict_slashes=False)
    for name, shown in OF_BILL.items():
        blueprint.add_url_rule(f"/api/{rest_path(BillOfMaterials)}/<key>/{name}", name, partial(dashboard_of_bill, shown))
    blueprint.add_url_rule("/api/me", "me", me, strict_slashes=False)


def dashboard_of_bill(name: str, key: str) -> Response:
    """A panel of the bill of materials that `key` addresses."""
    with database().reading() as session:
        bill = one(session, g.caller, BillOfMaterials, key, fields=("id",))
    return dashboard(name, bill_of_materials_id=str(bill.id))


def dashboard(name: str, **fixed: str) -> Response:
    """A panel's rows, the moment they are of, and the feed token; 404 where the caller may not read what it shows, 403 where that
    is switched off.

    Parameters that are `fixed` by the address are not given again.
    """
    try:
        found = panel(name)
    except KeyError:
        found = None
    if found is None or not found.visible_to(g.caller):
        off = found and g.caller.off.intersection(found.permission)
        raise Forbidden("What it shows is switched off.") if off else NotFound(f"There is no dashboard {ascii(name[:80])}.")
    given = request.args.to_dict()
    if len(given) != sum(len(values) for _, values in request.args.lists()) or given.keys() & fixed:
        raise BadRequest("A parameter is given more than once.")
    with database().reading() as session:
        body, token = found.answer(session, given | fixed, found.scope_of(g.caller))
    return read_answer(body, token)


def index() -> Response:
    """The paths of the resources that the caller may read."""
    readable = sorted(f"/api/{rest_path(each)}" for each in entities() if g.caller.may_open(each.__tablename__))
    return response(Answer(200, orjson.dumps({"resources": readable})))


def me() -> Response:
    """The caller: name, user, roles, and what it may do with each entity."""
    caller = g.caller
    rights = [{"entity": each.entity, "actions": sorted(each.actions), "verbs": sorted(each.verbs),
               "reach": "own" if each.own_only else "all", "hidden_fields": sorted(each.hidden)} for each in caller.grants]
    told = {"name": caller.name, "user_id": caller.user_id, "roles": sorted(caller.roles), "scopes": sorted(caller.scopes),
            "rights": sorted(rights, key=lambda each: each["entity"])}
    return response(Answer(200, orjson.dumps(told)))
