"""What became of a record: every change of it, with who made it and the fields that differ."""

import re

import orjson
from sqlalchemy import DateTime, Numeric, text
from sqlalchemy.orm import Session

from cogniflow.domain.accounts.rights import Caller
from cogniflow.errors import BadRequest, FieldError, NotFound
from cogniflow.kernel.entity import Entity, title
from cogniflow.records.address import addressed, missing
from cogniflow.records.authorise import require
from cogniflow.records.read import Page, one
from cogniflow.records.selection import COUNT_CAP
from cogniflow.records.shape import visible_to

OF_EVERY_CHANGE = frozenset({"id", "uid", "created_at", "updated_at", "created_by", "updated_by", "version"})
"""What every change moves, or none does: no difference that says something."""
MOMENT = """'YYYY-MM-DD"T"HH24\\:MI\\:SS.US"Z"'"""
TOLD = """CASE WHEN {image} ->> field IS NULL THEN NULL
              WHEN field = ANY(:numbers) THEN to_jsonb(trim_scale(({image} ->> field)\\:\\:numeric)\\:\\:text)
              WHEN field = ANY(:moments) THEN to_jsonb(to_char(timezone('UTC', ({image} ->> field)\\:\\:timestamptz), {moment}))
              ELSE {image} -> field END"""
"""A field of an image as every read tells it."""
CHANGES = text(f"""
WITH of_record AS (
    SELECT * FROM cogniflow.record_history WHERE tbl = :tbl AND record_id = :record
), page AS MATERIALIZED (
    SELECT * FROM of_record WHERE id < :before ORDER BY id DESC LIMIT :limit + 1
), told AS (
    SELECT id, row_number() OVER (ORDER BY id DESC) AS n, json_build_object(
        'id', id, 'at', to_char(timezone('UTC', at), {MOMENT}), 'op', op,
        'actor', (SELECT json_build_object('id', u.id, 'name', u.name) FROM users u WHERE u.id = page.actor),
        'door', door, 'request_id', request_id, 'changes', coalesce((
            SELECT json_object_agg(field, json_build_array(before, after) ORDER BY place)
            FROM (SELECT field, place, {TOLD.format(image="old", moment=MOMENT)} AS before,
                         {TOLD.format(image="new", moment=MOMENT)} AS after
                  FROM unnest(CAST(:fields AS text[])) WITH ORDINALITY f (field, place)) each
            WHERE before IS DISTINCT FROM after), '{{}}')) AS body
    FROM page
)
SELECT string_agg(body\\:\\:text, ',' ORDER BY n) FILTER (WHERE n <= :limit) AS data, min(id) FILTER (WHERE n <= :limit) AS last,
       count(*) AS found, (SELECT count(*) FROM (SELECT 1 FROM of_record LIMIT {COUNT_CAP + 1}) counted) AS total,
       cogniflow.token() AS token
FROM told""")
NEWEST = 2**63 - 1
"""Beyond every change."""


def history(session: Session, caller: Caller, entity: type[Entity], key: int | str, *, limit: int = 50,
            cursor: str | None = None) -> Page:
    """One page of the changes of a record that the caller may read, the newest first; of a deleted one too.

    Raises NotFound where there is no such record for this caller, or its entity is kept without history.
    """
    require(caller, "read", entity)
    if not entity.resource.history:
        raise NotFound(f"No history is kept of {title(entity).lower()}.")
    record, is_gone = _record(session, caller, entity, key)
    found = session.execute(CHANGES, {
        "tbl": entity.__tablename__, "record": record, "before": NEWEST if cursor is None else _place(cursor), "limit": limit,
        **_fields(caller, entity)}).one()
    if is_gone and not found.total:
        raise missing(entity, key)
    total = min(found.total, COUNT_CAP)
    about = {"next": str(found.last) if found.found > limit else None, "total": total,
             "total_is": "exact" if found.total <= COUNT_CAP else "capped"}
    body = b"".join((b'{"data":[', (found.data or "").encode(), b'],"page":', orjson.dumps(about),
                     b',"token":', orjson.dumps(found.token), b"}"))
    return Page(body, found.token, total)


def _record(session: Session, caller: Caller, entity: type[Entity], key: int | str) -> tuple[int, bool]:
    """The record's number, and whether it is gone: whose it was, nobody can say any more."""
    try:
        return one(session, caller, entity, key, fields=("id",)).id, False
    except NotFound:
        column, number = addressed(entity, key)
        if column != "id" or caller.only_own("read", entity.__tablename__):
            raise
        return number, True


def _place(cursor: str) -> int:
    if not re.fullmatch("[0-9]{1,18}", cursor):
        raise BadRequest("The cursor is not one that this list gave.", [FieldError("cursor", "is not valid")])
    return int(cursor)


def _fields(caller: Caller, entity: type[Entity]) -> dict[str, list[str]]:
    """The fields that are told to the caller, none of them secret, and which of them are numbers and moments."""
    told = [column for column in visible_to(caller, entity) if column.key not in OF_EVERY_CHANGE]
    return {"fields": [column.key for column in told],
            "numbers": [column.key for column in told if isinstance(column.type, Numeric)],
            "moments": [column.key for column in told if isinstance(column.type, DateTime)]}
