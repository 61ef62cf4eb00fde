"""Operations: one plain function per business verb, the same one for REST, admin and command line."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Annotated, Any, get_type_hints

from pydantic import BaseModel, ConfigDict, create_model
from sqlalchemy import select
from sqlalchemy.orm import Session

from cogniflow.errors import Conflict
from cogniflow.kernel.entity import Entity, lines

LINES, REMOVED = "lines", "removed"
"""The options of a document's verb that say something of its lines, and which of them go."""

_operations: dict[type[Entity], dict[str, "Operation"]] = {}


@dataclass(frozen=True)
class RecordOf:
    """Marks an option that is the number of a record of this table."""

    table: str


@dataclass(frozen=True, eq=False)
class Operation:
    """A business verb of an entity: `run(session, row, **options)` returns the row."""

    entity: type[Entity]
    verb: str
    run: Callable[..., Any]
    moves: dict[str, str] = field(default_factory=dict)
    """Status before to status after; equal where the verb keeps the status."""
    role: str | None = None
    """Role that may do it when `db upgrade` first lists its permission."""
    tells_once: bool = False
    """Whether it makes a secret anew, which its answer alone tells."""

    @property
    def summary(self) -> str:
        """What it does, in one sentence."""
        return " ".join((inspect.getdoc(self.run) or self.verb).split("\n\n")[0].split())

    @cached_property
    def options(self) -> type[BaseModel]:
        """The model of its options, from its keyword-only parameters; unknown names are refused."""
        hints = get_type_hints(self.run, include_extras=True)
        given = {
            name: (hints[name], ... if each.default is each.empty else each.default)
            for name, each in inspect.signature(self.run).parameters.items()
            if each.kind is each.KEYWORD_ONLY
        }
        name = "".join(part.title() for part in f"{self.entity.__tablename__}_{self.verb}_options".split("_"))
        return create_model(name, __config__=ConfigDict(extra="forbid"), **given)

    @property
    def needs_words(self) -> bool:
        """Whether it cannot be done without saying more: an option must be given."""
        return any(each.is_required() for each in self.options.model_fields.values())

    def allows(self, row: Entity) -> bool:
        """Whether the row's status lets the verb happen now."""
        return not self.moves or row.status in self.moves


def record_of(table: str) -> Any:
    """The type of an option that is the number of a record of `table`."""
    return Annotated[int, RecordOf(table)]


def operation(entity: type[Entity], verb: str, *, moves: dict[str, str] | None = None, role: str | None = None,
              tells_once: bool = False):
    """Declare `(session, row, *, options) -> row` as the entity's verb; the runner checks and sets its status."""

    def declare(run: Callable[..., Any]) -> Callable[..., Any]:
        _operations.setdefault(entity, {})[verb] = Operation(entity, verb, run, moves or {}, role, tells_once)
        return run

    return declare


def operations(entity: type[Entity]) -> dict[str, Operation]:
    """The entity's verbs by name, in the order they are declared."""
    return _operations.get(entity, {})


def require_lines(session: Session, document: Entity) -> None:
    """Refuse with Conflict a document that has no lines yet."""
    line = lines(type(document))
    theirs = line.__table__.columns[f"{line.resource.lines_of}_id"]
    if not session.scalar(select(select(1).where(theirs == document.id).exists())):
        raise Conflict("It has no lines yet.")
