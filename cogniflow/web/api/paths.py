"""The OpenAPI paths of one resource, derived from its entity."""

from typing import Any

from pydantic import BaseModel

from cogniflow.kernel.entity import Entity, is_master, lines, references, rest_path, title, writable
from cogniflow.kernel.operation import operations
from cogniflow.records.bulk import MOST_RECORDS
from cogniflow.records.parse import input_model, is_creatable
from cogniflow.records.query import ARCHIVED, MOST_ROWS, OPERATORS, operators_of
from cogniflow.records.shape import told_once, visible
from cogniflow.web.api.resources import BULK_MODES, RESTORE
from cogniflow.web.api.schemas import BulkResults, HistoryPage, Problem, example_of, page_model, told_model

Refs = dict[type[BaseModel], dict[str, str]]
PROBLEMS = {400: "The request cannot be understood.", 401: "Nobody is signed in.", 403: "The caller may not do this.",
            404: "There is no such record, or not for this caller.", 409: "Its state, or another record, does not allow this.",
            412: "The record has changed since; `errors` holds both values.", 413: "The body is too large.",
            415: "The body is not JSON.", 422: "A value cannot be accepted; `errors` names the fields.",
            428: "A replacement must say which version it replaces."}
CHANGE_PROBLEMS = (400, 403, 404, 409, 412, 413, 415, 422)
"""The problems of a change of a record that is there."""
SUFFIXES = ", ".join(f"`__{each}`" for each in OPERATORS if each != "eq")
FILTERS = f"A field equals a value; with a suffix it is compared otherwise: {SUFFIXES}."


def models_of(entity: type[Entity]) -> list[tuple[type[BaseModel], str]]:
    """The models that the paths of a resource refer to, each as it is taken or given."""
    taken = [each.options for each in operations(entity).values()]
    if not entity.resource.read_only:
        taken += [input_model(entity, "replace"), input_model(entity, "patch")]
        taken += [input_model(entity, "create")] if is_creatable(entity) else []
    given = [told_model(entity), page_model(entity)]
    return [(model, "validation") for model in taken] + [(model, "serialization") for model in given]


def paths_of(entity: type[Entity], refs: Refs) -> dict[str, Any]:
    """The path items of a resource."""
    path, key = f"/api/{rest_path(entity)}", {"parameters": [_key(entity)]}
    found = {path: {"get": _list(entity, refs)}, f"{path}/{{id}}": key | {"get": _one(entity, refs)}}
    if entity.resource.history:
        found[f"{path}/{{id}}/history"] = key | {"get": _action(
            entity, "history", "What became of the record, the newest change first.", refs,
            given(200, "A page of changes.", refs[HistoryPage]), (400, 403, 404, 422), [LIMIT, CURSOR])}
    if not entity.resource.read_only:
        found[f"{path}/{{id}}"] |= _changes(entity, refs)
        if is_creatable(entity):
            found[path]["post"] = _create(entity, refs)
            found[f"{path}/bulk"] = {"post": _bulk(entity, refs)}
    for verb, each in operations(entity).items():
        body = _body(refs[each.options], required=any(field.is_required() for field in each.options.model_fields.values()))
        found[f"{path}/{{id}}/{verb}"] = key | {"post": _action(
            entity, verb, each.summary, refs, given(200, "The record after it.", _to_writer(entity, refs, each.tells_once)),
            CHANGE_PROBLEMS, [IDEMPOTENCY, IF_MATCH], body)}
    if is_master(entity):
        found[f"{path}/{{id}}/{RESTORE}"] = key | {"post": _action(
            entity, RESTORE, "Take the record back from the archive.", refs,
            given(200, "The record in use.", refs[told_model(entity)]), CHANGE_PROBLEMS, [IDEMPOTENCY, IF_MATCH])}
    return found


def problem_responses(refs: Refs, statuses: tuple[int, ...]) -> dict[str, Any]:
    """The problems that an address may answer."""
    content = {"application/problem+json": {"schema": refs[Problem]}}
    return {str(status): {"description": PROBLEMS[status], "content": content} for status in sorted({*statuses, 401})}


def given(status: int, description: str, schema: dict[str, Any]) -> dict[str, Any]:
    """The answer that an address gives when all goes well."""
    return {str(status): {"description": description, "content": {"application/json": {"schema": schema}}}}


def query_parameter(name: str, description: str, schema: dict[str, Any]) -> dict[str, Any]:
    """A parameter of the query that may be left out."""
    return {"name": name, "in": "query", "description": description, "schema": schema}


IDEMPOTENCY = {"name": "Idempotency-Key", "in": "header", "schema": {"type": "string", "minLength": 1, "maxLength": 255},
               "description": "The same key and content within a day get the same answer again."}
IF_MATCH = {"name": "If-Match", "in": "header", "schema": {"type": "string", "examples": ['"v3"']},
            "description": "ETag of the version that is changed; `version` in the body does the same."}
LIMIT = query_parameter("limit", "Rows of a page.", {"type": "integer", "minimum": 1, "maximum": MOST_ROWS, "default": 50})
CURSOR = query_parameter("cursor", "Where to go on: `page.next` of the page before.", {"type": "string"})
FIELDS = query_parameter("fields", "Only these fields, separated by commas.", {"type": "string"})


def _list(entity: type[Entity], refs: Refs) -> dict[str, Any]:
    fields = {each.key: {"type": "string"} for each in visible(entity) if "eq" in operators_of(each)}
    parameters = [
        LIMIT, CURSOR,
        query_parameter("sort", "Fields separated by commas, each with - to descend.",
                        {"type": "string", "default": entity.resource.order_by}),
        FIELDS, *_expand(entity),
        query_parameter("filters", FILTERS, {"type": "object", "properties": fields, "additionalProperties": {"type": "string"}})
        | {"style": "form", "explode": True}]
    if entity.resource.search:
        parameters.append(query_parameter("q", f"Words to find in {', '.join(entity.resource.search)}.", {"type": "string"}))
    if is_master(entity):
        parameters.append(query_parameter("archived", "Whether archived records are listed.", {"enum": list(ARCHIVED)}))
    return _action(entity, "list", f"List {title(entity).lower()}.", refs, given(200, "A page.", refs[page_model(entity)]),
                   (400, 403, 404, 422), parameters)


def _one(entity: type[Entity], refs: Refs) -> dict[str, Any]:
    answers = given(200, "The record, with its ETag.", refs[told_model(entity)]) | {
        "304": {"description": "The requester has this version already (If-None-Match)."}}
    return _action(entity, "one", "One record.", refs, answers, (400, 403, 404), [FIELDS, *_expand(entity)])


def _create(entity: type[Entity], refs: Refs) -> dict[str, Any]:
    body = _body(refs[input_model(entity, "create")], example=example_of(entity, writable(entity)))
    answers = given(201, "The new record; Location is its address.", _to_writer(entity, refs, True))
    return _action(entity, "create", "Create a record.", refs, answers, (400, 403, 404, 409, 413, 415, 422), [IDEMPOTENCY], body)


def _changes(entity: type[Entity], refs: Refs) -> dict[str, Any]:
    answers, refused = given(200, "The record as it is now.", refs[told_model(entity)]), CHANGE_PROBLEMS
    note = " Lines with an id are changed, those without are added" if lines(entity) else ""
    replaced = f"Replace a record; what is not given takes its default.{note and note + ', those not named are deleted.'}"
    changed = f"Change the fields that are given, and no others.{note and note + '.'}"
    removed = f"Remove a record{'; one that something refers to is archived.' if is_master(entity) else '.'}"
    return {
        "put": _action(entity, "replace", replaced, refs, answers, (*refused, 428), [IF_MATCH],
                       _body(refs[input_model(entity, "replace")])),
        "patch": _action(entity, "change", changed, refs, answers, refused, [IF_MATCH],
                         _body(refs[input_model(entity, "patch")], example=example_of(entity, writable(entity)[:1]))),
        "delete": _action(entity, "delete", removed, refs, {"204": {"description": "It is gone, or archived."}},
                          refused, [IF_MATCH])}


def _bulk(entity: type[Entity], refs: Refs) -> dict[str, Any]:
    item = {"anyOf": [refs[input_model(entity, "create")], {"type": "object", "required": ["id"], "properties": {
        "id": {"type": "integer"}, "version": {"type": "integer"}}, "additionalProperties": True}]}
    schema = {"type": "object", "required": ["items"], "additionalProperties": False, "properties": {
        "items": {"type": "array", "minItems": 1, "maxItems": MOST_RECORDS, "items": item},
        "mode": {"enum": list(BULK_MODES), "default": next(iter(BULK_MODES))}}}
    return _action(entity, "bulk", "Create many records, or change those that have an id.", refs,
                   given(200, "What became of each.", refs[BulkResults]), (400, 403, 404, 409, 413, 415, 422), [IDEMPOTENCY],
                   _body(schema, example={"items": [example_of(entity, writable(entity)), {"id": 1, "version": 1}]}))


def _action(entity: type[Entity], name: str, summary: str, refs: Refs, answers: dict[str, Any], refused: tuple[int, ...],
            parameters: list[dict[str, Any]], body: dict[str, Any] | None = None) -> dict[str, Any]:
    told = {"operationId": f"{name}_{entity.__tablename__}", "tags": [title(entity)], "summary": summary,
            "parameters": parameters, "responses": answers | problem_responses(refs, refused)}
    return told | ({"requestBody": body} if body else {})


def _to_writer(entity: type[Entity], refs: Refs, tells_once: bool) -> dict[str, Any]:
    """The record as a write answers it: one that makes its secrets tells them."""
    told, once = refs[told_model(entity)], told_once(entity) if tells_once else []
    secrets = {column.key: {"type": "string", "description": column.comment} for column in once}
    return {"allOf": [told, {"type": "object", "required": [*secrets], "properties": secrets}]} if secrets else told


def _body(schema: dict[str, Any], *, required: bool = True, example: dict[str, Any] | None = None) -> dict[str, Any]:
    content = {"schema": schema} | ({"example": example} if example else {})
    return {"required": required, "content": {"application/json": content}}


def _key(entity: type[Entity]) -> dict[str, Any]:
    ways = f"Its id, its uid{f', or its {entity.resource.key}' if entity.resource.key else ''}."
    return {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}, "description": ways}


def _expand(entity: type[Entity]) -> list[dict[str, Any]]:
    names = ", ".join(references(entity))
    return [query_parameter("expand", f"References to nest, separated by commas: {names}.", {"type": "string"})] if names else []
