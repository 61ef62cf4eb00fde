"""State machines: the legal moves of every document, declared with its operations and guarded by the database."""

from dataclasses import dataclass

from cogniflow.kernel.entity import Entity
from cogniflow.kernel.operation import operations


@dataclass(frozen=True)
class Move:
    """One legal change of status; `verb` is empty where the database derives it by itself."""

    table: str
    source: str
    target: str
    verb: str | None


_derived: dict[type[Entity], tuple[tuple[str, str], ...]] = {}


def derived_moves(entity: type[Entity], *moves: tuple[str, str]) -> None:
    """Declare the moves that follow from other records, such as delivered from its delivery notes."""
    _derived[entity] = moves


def moves(entity: type[Entity]) -> list[Move]:
    """Every legal move of the entity, by verb first, then the derived ones."""
    table = entity.__tablename__
    by_verb = [
        Move(table, source, target, each.verb)
        for each in operations(entity).values()
        for source, target in each.moves.items()
        if source != target
    ]
    return by_verb + [Move(table, source, target, None) for source, target in _derived.get(entity, ())]


def initial_status(entity: type[Entity]) -> str | None:
    """The only status a record may be created in, or None when the entity has none."""
    column = entity.__table__.columns.get("status")
    return None if column is None else str(column.server_default.arg)


def statuses(entity: type[Entity]) -> list[str]:
    """Every status the entity can have, in the order they are reached."""
    first = initial_status(entity)
    reached = [first] if first else []
    return list(dict.fromkeys(reached + [status for move in moves(entity) for status in (move.source, move.target)]))
