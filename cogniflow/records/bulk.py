"""Many records in one request: all of them or each for itself."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from cogniflow.db.failures import is_transient, translated
from cogniflow.domain.accounts.rights import Caller
from cogniflow.errors import Busy, CogniFlowError, FieldError, Invalid
from cogniflow.kernel.entity import Entity, lines
from cogniflow.records.authorise import require
from cogniflow.records.write import create, create_plain, update

MOST_RECORDS = 1000
CREATED, CHANGED = 201, 200
Made = TypeVar("Made")


@dataclass(frozen=True)
class Outcome:
    """What became of one record: the status that REST would have answered, its id, or why not."""

    status: int
    id: int | None = None
    problem: CogniFlowError | None = None


def require_each(caller: Caller, entity: type[Entity], items: Sequence[Any]) -> None:
    """Refuse whom a right is missing for some item: to change those with an id, to create the others."""
    for action in ("read", *sorted({"update" if "id" in item else "create" for item in items if isinstance(item, Mapping)})):
        require(caller, action, entity)


def write_each(session: Session, caller: Caller, entity: type[Entity], items: Sequence[Any]) -> list[Outcome]:
    """Create or change every record that can be; one that cannot does not hinder the others."""
    require_each(caller, entity, items)
    return list(_outcomes(session, caller, entity, items))


def write_all(session: Session, caller: Caller, entity: type[Entity], items: Sequence[Any]) -> list[Outcome]:
    """Create or change all records. Raises Invalid naming what is wrong, or Busy; then nothing may be committed."""
    require_each(caller, entity, items)
    if lines(entity) is None and all(isinstance(item, Mapping) and "id" not in item for item in items):
        rows = _attempted(session, partial(create_plain, session, caller, entity, items))
        if not isinstance(rows, CogniFlowError):
            return [Outcome(CREATED, row.id) for row in rows]
        if isinstance(rows, Busy):
            raise rows
    # one by one, which also tells what is wrong with each
    outcomes = []
    for outcome in _outcomes(session, caller, entity, items):
        if isinstance(outcome.problem, Busy):
            raise outcome.problem
        outcomes.append(outcome)
    errors = [each for place, outcome in enumerate(outcomes) if outcome.problem for each in _told(place, outcome.problem)]
    if errors:
        raise Invalid("Nothing was written: some of the records cannot be accepted.", errors)
    return outcomes


def _outcomes(session: Session, caller: Caller, entity: type[Entity], items: Sequence[Any]) -> Iterator[Outcome]:
    for item in items:
        made = _attempted(session, partial(_written, session, caller, entity, item))
        yield Outcome(made.status, None, made) if isinstance(made, CogniFlowError) else made


def _written(session: Session, caller: Caller, entity: type[Entity], item: Any) -> Outcome:
    """An item with an id changes that record, one without is a new record."""
    if not isinstance(item, Mapping):
        raise Invalid("A record must be a JSON object.", [FieldError("", "must be an object")])
    if "id" not in item:
        return Outcome(CREATED, create(session, caller, entity, item).id)
    if type(item["id"]) is not int:
        raise Invalid("The id of a record is a number.", [FieldError("id", "must be a whole number")])
    values = {name: value for name, value in item.items() if name != "id"}
    return Outcome(CHANGED, update(session, caller, entity, item["id"], values).id)


def _attempted(session: Session, work: Callable[[], Made]) -> Made | CogniFlowError:
    """What the work made, or why it could not be; then it has left no trace."""
    try:
        with translated(), session.begin_nested():
            return work()
    except CogniFlowError as problem:
        if isinstance(problem.__cause__, DBAPIError) and is_transient(problem.__cause__):
            raise problem.__cause__ from None  # the whole transaction is to be done again
        return problem


def _told(place: int, problem: CogniFlowError) -> list[FieldError]:
    own = problem.errors or [FieldError("", problem.detail or problem.title)]
    return [FieldError(f"items.{place}.{each.field}".rstrip("."), each.message, each.mine, each.theirs) for each in own]
