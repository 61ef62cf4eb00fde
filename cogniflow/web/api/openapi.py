"""The OpenAPI document of everything REST answers, and the page that shows it."""

from functools import cache
from typing import Any

import orjson
from flask import Blueprint, Response, render_template
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from cogniflow import __version__
from cogniflow.analytics.panel import Panel
from cogniflow.analytics.registry import panel, panels
from cogniflow.domain.manufacturing.models import BillOfMaterials
from cogniflow.domain.notifications.models import Notification
from cogniflow.domain.system.models import SystemModule, SystemSubModule
from cogniflow.domain.workspace.models import Attachment
from cogniflow.kernel.entity import Entity, entities, rest_path, title
from cogniflow.web.api.dashboards import OF_BILL
from cogniflow.web.api.notifications import ALL
from cogniflow.web.api.paths import IDEMPOTENCY, Refs, given, models_of, paths_of, problem_responses, query_parameter
from cogniflow.web.api.schemas import BulkResults, HistoryPage, PanelRows, Problem, page_model, told_model

SCHEMES = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "An API token."},
    "session": {"type": "apiKey", "in": "cookie", "name": "cogniflow",
                "description": "The browser's session; a write also needs the header X-CSRFToken."},
}
SHARED: tuple[type[BaseModel], ...] = (Problem, BulkResults, HistoryPage, PanelRows)


def add_openapi(blueprint: Blueprint) -> None:
    """Serve /openapi.json and, for people, /docs/api."""
    @cache
    def text() -> bytes:
        return orjson.dumps(document(entities()))

    def openapi_document() -> Response:
        """The OpenAPI 3.1 document."""
        return Response(text(), content_type="application/json; charset=utf-8")

    def docs() -> str:
        """The document as a page to read and to try."""
        return render_template("api/docs.html")

    blueprint.add_url_rule("/openapi.json", view_func=openapi_document)
    blueprint.add_url_rule("/docs/api", view_func=docs, strict_slashes=False)


def document(resources: list[type[Entity]]) -> dict[str, Any]:
    """The OpenAPI document of these resources, of the dashboards and of what stands beside them."""
    wanted = [pair for entity in resources for pair in models_of(entity)] + [(model, "serialization") for model in SHARED]
    schemas, definitions = models_json_schema(wanted, ref_template="#/components/schemas/{model}")
    refs: Refs = {model: schema for (model, _), schema in schemas.items()}
    paths = {path: item for entity in resources for path, item in paths_of(entity, refs).items()}
    return {
        "openapi": "3.1.0",
        "info": {"title": "CogniFlow", "version": __version__, "description":
                 "Decimals are texts, times are UTC. Every read tells the position of the feed it is valid at, "
                 "in X-CogniFlow-Token; every write also its transaction, in X-CogniFlow-Xid."},
        "security": [{name: []} for name in SCHEMES],
        "tags": [{"name": title(entity), "description": entity.__table__.comment} for entity in resources],
        "paths": paths | _beside(refs, paths),
        "components": {"schemas": definitions["$defs"], "securitySchemes": SCHEMES},
    }


def _beside(refs: Refs, paths: dict[str, Any]) -> dict[str, Any]:
    """What is not the resource of an entity: dashboards, the caller, and the sub-modules below their module."""
    below, modules = f"/api/{rest_path(SystemSubModule)}", rest_path(SystemModule)
    nested = {f"/api/{modules}/{{id}}/submodules": _of_module(paths.get(below, {})),
              f"/api/{modules}/{{id}}/submodules/{{submodule}}": _of_module(paths.get(f"{below}/{{id}}", {}))}
    me = {"operationId": "me", "tags": ["Caller"], "summary": "Who is asking, and what they may do.", "responses": {
        "200": {"description": "The caller.", "content": {"application/json": {"schema": {"type": "object"}}}},
        **problem_responses(refs, ())}}
    index = me | {"operationId": "index", "summary": "The paths of the resources that the caller may read."}
    return nested | _of_notifications(refs, paths) | _of_files(refs, paths) | {
        "/api/me": {"get": me}, "/api/": {"get": index},
        **{f"/api/dashboard/{each.name}": {"get": _panel(each, refs)} for each in panels()},
        **{f"/api/{rest_path(BillOfMaterials)}/{{id}}/{name}": _panel_of_bill(panel(shown), name, refs)
           for name, shown in OF_BILL.items()}}


def _of_module(item: dict[str, Any]) -> dict[str, Any]:
    """The same as of all sub-modules, below one module."""
    key = {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}, "description": "Which module."}
    ways = {method: each | {"operationId": f"{each['operationId']}_of_module"} for method, each in item.items()
            if method != "parameters"}
    return {"parameters": [key, *(each | {"name": "submodule"} for each in item.get("parameters", ()))], **ways}


def _of_notifications(refs: Refs, paths: dict[str, Any]) -> dict[str, Any]:
    """What the caller has not read, and all of it seen or read at once."""
    path, count = f"/api/{rest_path(Notification)}", {"type": "integer"}
    if path not in paths:
        return {}
    listed, refused = paths[path]["get"], problem_responses(refs, (400, 403, 404, 422))
    told = {"allOf": [refs[page_model(Notification)], _object(unread=count)]}
    unread = listed | {"operationId": "unread_notifications", "summary": "What the caller has not read.",
                       "responses": given(200, "A page, and how many there are.", told) | refused}
    return {f"{path}/unread": {"get": unread}} | {f"{path}/{verb}-all": {"post": {
        "operationId": f"{verb}_all_notifications", "tags": listed["tags"], "summary": f"{verb.capitalize()} all one's own.",
        "parameters": [IDEMPOTENCY], "responses": given(200, "How many were not.", _object(changed=count)) | refused}}
        for verb in ALL}


def _of_files(refs: Refs, paths: dict[str, Any]) -> dict[str, Any]:
    """A file sent, and its content given back."""
    path = f"/api/{rest_path(Attachment)}"
    if path not in paths:
        return {}
    one, binary = paths[f"{path}/{{id}}"], {"type": "string", "format": "binary"}
    parts = _object(file=binary, entity={"type": "string"}, record_id={"type": "integer"})
    send = {"operationId": "attach", "tags": one["get"]["tags"], "summary": "Add a file.", "parameters": [IDEMPOTENCY],
            "requestBody": {"required": True, "content": {"multipart/form-data": {"schema": parts}}},
            "responses": given(201, "The file, without its content.", refs[told_model(Attachment)])
            | problem_responses(refs, (400, 403, 404, 413, 415, 422))}
    content = {"operationId": "attached", "tags": one["get"]["tags"], "summary": "The content of a file.", "responses": {
        "200": {"description": "The file, to be kept.", "content": {"*/*": {"schema": binary}}},
        "304": {"description": "The requester has it already (If-None-Match)."}, **problem_responses(refs, (403, 404))}}
    return {path: paths[path] | {"post": send}, f"{path}/{{id}}/content": {"parameters": one["parameters"], "get": content}}


def _object(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "required": list(properties), "properties": properties}


def _panel_of_bill(panel: Panel, name: str, refs: Refs) -> dict[str, Any]:
    told = _panel(panel, refs)
    given = [each for each in told["parameters"] if each["name"] != "bill_of_materials_id"]
    key = {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}, "description": "Which bill of materials."}
    return {"parameters": [key], "get": told | {"operationId": f"{name.replace('-', '_')}_of_bill", "parameters": given}}


def _panel(panel: Panel, refs: Refs) -> dict[str, Any]:
    parameters = [query_parameter(name, "A whole number.", {
        "type": "integer", "minimum": each.least, "maximum": each.most, "default": each.default})
        for name, each in panel.parameters.items()]
    content = {"application/json": {"schema": refs[PanelRows]}}
    return {"operationId": f"dashboard_{panel.name.replace('-', '_')}", "tags": ["Dashboards"], "summary": f"{panel.title}.",
            "parameters": parameters, "responses": {
                "200": {"description": "Its figures.", "content": content}, **problem_responses(refs, (400, 404, 422))}}
