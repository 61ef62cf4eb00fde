"""The addresses of every entity: list, one, create, replace, change, delete, verbs and many at once."""

from functools import partial

from flask import Blueprint, Response, g, redirect, request
from sqlalchemy.orm import Session

from cogniflow.errors import FieldError, Invalid
from cogniflow.kernel.entity import Entity, is_master, rest_path
from cogniflow.kernel.operation import operations
from cogniflow.records import write as records
from cogniflow.records.authorise import require, require_verb
from cogniflow.records.bulk import MOST_RECORDS, Outcome, require_each, write_all, write_each
from cogniflow.records.history import history
from cogniflow.records.idempotency import Answer
from cogniflow.records.kept import tables_of
from cogniflow.records.operate import operate
from cogniflow.records.parse import is_creatable
from cogniflow.records.query import parse_list_query
from cogniflow.records.read import Page, Record, one, page
from cogniflow.web.api.answers import (
    database,
    kept,
    plain_answer,
    read_answer,
    record_answer,
    response,
    write,
    write_once,
    written,
)
from cogniflow.web.api.given import already_has, if_match, json_object, place_in_list, refuse_unknown, told_of_one
from cogniflow.web.problems import problem_json, problem_of

BULK_MODES = {"all_or_nothing": write_all, "each": write_each}
WAYS = ["GET", "POST", "PUT", "PATCH", "DELETE"]
RESTORE = "restore"
"""What a master has beside its operations: back from the archive."""


def add_resource(blueprint: Blueprint, entity: type[Entity]) -> None:
    """Add the addresses of an entity; those that its declaration rules out are not there, so they answer 405."""
    path, table = f"/api/{rest_path(entity)}", entity.__tablename__

    def add(name: str, rule: str, method: str, view) -> None:
        blueprint.add_url_rule(rule, f"{name}_{table}", partial(view, entity), methods=[method], strict_slashes=False)

    add("list", path, "GET", list_records)
    add("one", f"{path}/<key>", "GET", one_record)
    add("history", f"{path}/<key>/history", "GET", history_of_record)
    if not entity.resource.read_only:
        if is_creatable(entity):
            add("create", path, "POST", create_record)
            add("bulk", f"{path}/bulk", "POST", write_many)
        add("replace", f"{path}/<key>", "PUT", replace_record)
        add("change", f"{path}/<key>", "PATCH", change_record)
        add("delete", f"{path}/<key>", "DELETE", delete_record)
    if operations(entity) or is_master(entity):
        add("operate", f"{path}/<key>/<verb>", "POST", operate_record)
    for name in {table, table.replace("_", "-")} - {rest_path(entity)}:
        for rule, methods in ((f"/api/{name}", ["GET", "POST"]), (f"/api/{name}/<path:rest>", WAYS)):
            blueprint.add_url_rule(rule, f"moved_{rule}", partial(moved, entity), methods=methods,
                                   strict_slashes=False)


def list_records(entity: type[Entity]) -> Response:
    """One page of the records that the caller may read."""
    with database().reading() as session:
        def read() -> tuple[Page, set[str]]:
            query = parse_list_query(g.caller, entity, request.args)
            return page(session, g.caller, entity, query), tables_of(g.caller, entity, query.expand)
        look = g.get("look") or kept().look(database())
        found, g.made_from = kept().told(look, (entity, g.caller, request.query_string), read)
    return read_answer(found.body, found.token)


def one_record(entity: type[Entity], key: str) -> Response:
    """One record, or 304 when the requester has its version already."""
    fields, expand = told_of_one()
    with database().reading() as session:
        def read() -> tuple[Record, set[str]]:
            return one(session, g.caller, entity, key, fields=fields, expand=expand), tables_of(g.caller, entity, expand)
        # to look, where nobody has, costs as much as to read
        found, g.made_from = kept().told(g.look, (entity, g.caller, key, fields, expand), read) if "look" in g else read()
    answer = record_answer(entity, found, etag=not expand)
    return response(Answer(304, b"", answer.headers) if not expand and already_has(found.version) else answer)


def history_of_record(entity: type[Entity], key: str) -> Response:
    """One page of the changes of a record, the newest first."""
    limit, cursor = place_in_list()
    with database().reading() as session:
        found = history(session, g.caller, entity, key, limit=limit, cursor=cursor)
    return read_answer(found.body, found.token)


def create_record(entity: type[Entity]) -> Response:
    """A new record: 201 with its address."""
    values = json_object()
    return write_once(partial(require, g.caller, "create", entity), lambda session: written(
        session, entity, records.create(session, g.caller, entity, values), 201))


def replace_record(entity: type[Entity], key: str) -> Response:
    """The record with just the values given; all others at their defaults."""
    values, version = json_object(), if_match()
    return write(lambda session: written(session, entity, records.update(
        session, g.caller, entity, key, values, version=version, whole=True)))


def change_record(entity: type[Entity], key: str) -> Response:
    """The record with the values given; all others as they were."""
    values, version = json_object(), if_match()
    return write(lambda session: written(session, entity, records.update(
        session, g.caller, entity, key, values, version=version)))


def delete_record(entity: type[Entity], key: str) -> Response:
    """Remove the record, or archive it where something refers to it: 204."""
    given = json_object(may_be_empty=True)
    seen = given.pop("version", None)
    if type(seen) not in (int, type(None)):
        raise Invalid("The version is a number.", [FieldError("version", "must be a whole number")])
    allowed = if_match()
    version = allowed if seen is None else [each for each in (seen,) if allowed is None or each in allowed]

    def work(session: Session) -> Answer:
        require(g.caller, "delete", entity)
        refuse_unknown(given)
        records.delete(session, g.caller, entity, key, version=version)
        return plain_answer(session, 204)
    return write(work)


def operate_record(entity: type[Entity], key: str, verb: str) -> Response:
    """The record after a business verb, whose options are the body."""
    options, version = json_object(may_be_empty=True), if_match()
    if verb == RESTORE and verb not in operations(entity):
        def restore(session: Session) -> Answer:
            refuse_unknown(options)
            return written(session, entity, records.restore(session, g.caller, entity, key, version=version))
        return write_once(partial(require, g.caller, "delete", entity), restore)
    return write_once(partial(require_verb, g.caller, verb, entity), lambda session: written(
        session, entity, operate(session, g.caller, entity, key, verb, options, version=version)))


def write_many(entity: type[Entity]) -> Response:
    """Many records created, or changed where an item has an id; the results in order."""
    given = json_object()
    items, mode = given.pop("items", None), given.pop("mode", "all_or_nothing")
    wrong = [FieldError(name, "is not known here") for name in given]
    if not isinstance(items, list) or not 0 < len(items) <= MOST_RECORDS:
        wrong.append(FieldError("items", f"must be a list of 1 to {MOST_RECORDS} records"))
    if not isinstance(mode, str) or mode not in BULK_MODES:
        wrong.append(FieldError("mode", f"must be one of {', '.join(BULK_MODES)}"))
    if wrong:
        raise Invalid("The request cannot be accepted.", wrong)

    def work(session: Session) -> Answer:
        outcomes = BULK_MODES[mode](session, g.caller, entity, items)
        return plain_answer(session, 200, problem_json({"results": [_result(each) for each in outcomes]}))
    return write_once(partial(require_each, g.caller, entity, items), work)


def moved(entity: type[Entity], rest: str = "") -> Response:
    """The table's own name leads to the nicer path."""
    query = f"?{request.query_string.decode()}" if request.query_string else ""
    there = redirect(f"/api/{rest_path(entity)}{'/' if rest else ''}{rest}{query}", 308)
    there.data = b""
    return there


def _result(outcome: Outcome) -> dict:
    told = {"status": outcome.status}
    if outcome.id is not None:
        told["id"] = outcome.id
    if outcome.problem:
        told["problem"] = problem_of(outcome.problem)
    return told
