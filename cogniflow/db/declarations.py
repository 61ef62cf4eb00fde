"""What the database must know of the declarations, written at every upgrade: tracked tables, legal moves, settings."""

from sqlalchemy import Connection, delete, insert

from cogniflow.db.tables import declared_settings, tracked, transitions
from cogniflow.kernel.entity import Entity, document_of, entities, insertable, updatable
from cogniflow.kernel.lifecycle import initial_status, moves
from cogniflow.kernel.setting import settings


def write_declarations(connection: Connection) -> None:
    """Replace the rows of `cogniflow.tracked`, `transitions` and `declared_settings` by what the code declares."""
    for each in (transitions, tracked, declared_settings):
        connection.execute(delete(each))
    connection.execute(insert(tracked), [_tracked(each) for each in entities()])
    # two verbs may make the same move
    allowed = {(move.table, move.source, move.target): move.verb for each in entities() for move in moves(each)}
    connection.execute(insert(transitions), [dict(zip(("tbl", "source", "target", "verb"), (*move, verb), strict=True))
                                             for move, verb in allowed.items()])
    if settings():
        connection.execute(insert(declared_settings), [{
            "key": each.key, "kind": each.kind, "choices": list(each.choices), "least": each.least, "most": each.most,
            "test": each.check, "expects": each.expects} for each in settings().values()])


def _tracked(entity: type[Entity]) -> dict:
    resource, document = entity.resource, document_of(entity)
    return {
        "tbl": entity.__tablename__,
        "feed_id": resource.feed_id,
        "history": resource.history,
        "owners": list(resource.owners),
        "secrets": [column.key for column in entity.__table__.columns if column.info.get("secret")],
        "insertable": [column.key for column in insertable(entity)],
        "updatable": [column.key for column in updatable(entity)],
        "document_table": document.__tablename__ if document else None,
        "document_column": f"{resource.lines_of}_id" if document else None,
        "initial_status": initial_status(entity),
        "sorts": _sorts(entity),
        "searches": list(resource.search),
    }


def _sorts(entity: type[Entity]) -> list[str]:
    """What an index of its usual order names; nothing where one that is declared begins with the same column."""
    table = entity.__table__
    parts = [(name.removeprefix("-"), " desc" if name.startswith("-") else "") for name in entity.resource.order_by.split(",")]
    indexed = [index.columns[0].key for index in table.indexes if "where" not in index.dialect_kwargs]
    indexed += [column.key for column in table.columns if column.primary_key or column.unique]
    if parts[0][0] in indexed:
        return []
    return [f"{name}{way}" for name, way in (*parts, ("id", parts[-1][1]))]
