"""What a reference may name: a record in use, and one that is what the reference `needs`."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import literal, not_, or_, select, union_all
from sqlalchemy.orm import Session

from cogniflow.errors import FieldError, Invalid
from cogniflow.kernel.entity import Entity, is_master, lines, references


@dataclass(frozen=True)
class Given:
    """Values that a record is to have, and the record as it is now where there is one."""

    entity: type[Entity]
    values: Mapping[str, Any]
    row: Entity | None = None
    before: str = ""
    """What stands before the name of a field in an error: `items.0.`, for the first line of a document."""

    def value(self, column: str) -> Any:
        """What the column will hold."""
        return self.values.get(column, getattr(self.row, column, None))


@dataclass(frozen=True)
class Reference:
    """A value given for a column that refers to a master."""

    given: Given
    column: str
    target: type[Entity]
    needs: str | None
    """Flag of the target that must be set."""

    @property
    def key(self) -> Any:
        """Id of the record referred to; None for none."""
        return self.given.values.get(self.column)


def refuse_unusable(session: Session, given: Sequence[Given]) -> None:
    """Refuse references to archived records, or to such that are not what is needed: Invalid, naming the fields.

    What the document says that is being fulfilled may be said again: an order outlives what it was of.
    """
    wanted = [each for one in given for each in _references(one)]
    why = _unusable(session, wanted) if wanted else {}
    refused = [each for each in wanted if (each.target, each.needs, each.key) in why and not _is_taken_over(session, each)]
    errors = [FieldError(f"{each.given.before}{each.column}", why[each.target, each.needs, each.key]) for each in refused]
    if errors:
        raise Invalid("A record referred to cannot be used.", errors)


def require_usable(session: Session, document: Entity) -> None:
    """Refuse, as above, a document that has lost what it refers to before it was agreed upon, in itself or in its lines."""
    entity, given = type(document), []
    if line := lines(entity):
        table = line.__table__
        of_document = table.c[f"{line.resource.lines_of}_id"] == document.id
        found = session.execute(select(*(table.c[name] for name, _, _ in checked(line))).where(of_document).order_by(
            *(table.c[name] for name in ("position", "id") if name in table.c))).mappings()
        given = [Given(line, row, before=f"items.{place}.") for place, row in enumerate(found)]
    values = {name: getattr(document, name) for name, _, _ in checked(entity)}
    refuse_unusable(session, [Given(entity, values), *given])


@cache
def checked(entity: type[Entity]) -> tuple[tuple[str, type[Entity], str | None], ...]:
    """Its columns that refer to masters: name, the master, and the flag that it needs."""
    table = entity.__table__
    return tuple((f"{name}_id", target, table.c[f"{name}_id"].info.get("needs"))
                 for name, target in references(entity).items() if is_master(target))


@cache
def _fulfilled(entity: type[Entity], column: str) -> tuple[tuple[str, type[Entity]], ...]:
    """Its references to what says the same: of a delivery note's line, the row of the order, which names the product too."""
    return tuple((f"{name}_id", target) for name, target in references(entity).items()
                 if not is_master(target) and column in target.__table__.c)


def _references(given: Given) -> Iterator[Reference]:
    found = (Reference(given, *each) for each in checked(given.entity))
    return (each for each in found if isinstance(each.key, int))


def _unusable(session: Session, wanted: Sequence[Reference]) -> dict[tuple[type[Entity], str | None, int], str]:
    """Why records cannot be used, by master, flag needed and id; asked in one statement."""
    ids: dict[tuple[type[Entity], str | None], set[int]] = {}
    for each in wanted:
        ids.setdefault((each.target, each.needs), set()).add(each.key)
    asked = []
    for place, ((target, needs), keys) in enumerate(ids.items()):
        table = target.__table__
        archived = table.c.archived_at.is_not(None)
        bad = or_(archived, not_(table.c[needs])) if needs else archived
        asked.append(select(literal(place).label("place"), table.c.id, archived.label("archived")).where(
            table.c.id.in_(sorted(keys)), bad))
    found = session.execute(union_all(*asked) if len(asked) > 1 else asked[0])
    kinds = list(ids)
    return {(*kinds[row.place], row.id): "is archived" if row.archived else f"is no {kinds[row.place][1].removeprefix('is_')}"
            for row in found}


def _is_taken_over(session: Session, wanted: Reference) -> bool:
    for name, target in _fulfilled(wanted.given.entity, wanted.column):
        table = target.__table__
        said = session.scalar(select(table.c[wanted.column]).where(table.c.id == wanted.given.value(name)))
        if said == wanted.key:
            return True
    return False
