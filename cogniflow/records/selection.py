"""The one statement that answers a list: its rows as JSON, the next position, the count and the feed token."""

from dataclasses import dataclass
from functools import lru_cache, reduce
from typing import Any

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Select,
    Text,
    and_,
    any_,
    bindparam,
    cast,
    false,
    func,
    literal,
    or_,
    select,
    tuple_,
)
from sqlalchemy.dialects.postgresql import ARRAY

from cogniflow.domain.accounts.rights import Caller
from cogniflow.kernel.entity import Entity, is_master
from cogniflow.records.authorise import Reach, reach, reached
from cogniflow.records.cursor import Sort
from cogniflow.records.query import ListQuery
from cogniflow.records.shape import Projection, record, value

COUNT_CAP = 10_000
"""A list is counted up to here; beyond, its total is told as capped."""
COMPARISONS = {
    "eq": lambda column, given: column == given,
    "ne": lambda column, given: column.is_distinct_from(given),
    "gt": lambda column, given: column > given,
    "gte": lambda column, given: column >= given,
    "lt": lambda column, given: column < given,
    "lte": lambda column, given: column <= given,
}


@dataclass(frozen=True)
class Plan:
    """A list without its values: everything that its statement depends on, so that the statement is made once."""

    entity: type[Entity]
    projection: Projection
    sort: Sort
    filters: tuple[tuple[str, str], ...]
    words: int
    archived: str
    after: tuple[bool, ...] | None
    """For each sort column whether the last row's value was empty; None on the first page."""
    reach: Reach
    searched: tuple[str, ...]


def plan_of(caller: Caller, entity: type[Entity], query: ListQuery, projection: Projection) -> Plan:
    """The plan of a parsed list query."""
    hidden = caller.hidden(entity.__tablename__)
    return Plan(entity, projection, query.sort, tuple((each.column, each.operator) for each in query.filters),
                len(query.words), query.archived,
                tuple(each is None for each in query.cursor.values) if query.cursor else None, reach(caller, "read", entity),
                tuple(each for each in entity.resource.search if each not in hidden))


def parameters(query: ListQuery, owner: int | None) -> dict[str, Any]:
    """The values of a list query, by the parameter names of its statement."""
    cursor = query.cursor.values if query.cursor else ()
    return {"limit": query.limit, "one_more": query.limit + 1, "owner": owner,
            **{f"filter_{n}": _given(each.operator, each.value) for n, each in enumerate(query.filters)},
            **{f"word_{n}": f"%{_escaped(word)}%" for n, word in enumerate(query.words)},
            **{f"after_{n}": each for n, each in enumerate(cursor)}}


@lru_cache(maxsize=1000)
def statement(plan: Plan) -> Select:
    """Columns `data` (rows joined by commas), `last` (the cursor's JSON, empty on the last page), `total` and `token`."""
    table = plan.entity.__table__
    wanted = conditions(plan, table)
    after = [_after(plan, table)] if plan.after else []
    page = select(table).where(*wanted, *after).order_by(*ordered(plan.sort, table)).limit(bindparam("one_more")).subquery("page")
    place = func.json_build_array(*(value(table.c[name], page.c[name]) for name, _ in plan.sort))
    rows = select(cast(record(plan.entity, page, plan.projection), Text).label("body"), cast(place, Text).label("place"),
                  func.row_number().over().label("n")).subquery("told_rows")
    limit = bindparam("limit")
    counted = select(literal(1)).select_from(table).where(*wanted).limit(COUNT_CAP + 1).subquery("counted")
    return select(
        func.string_agg(rows.c.body, literal(",")).filter(rows.c.n <= limit).label("data"),
        func.max(rows.c.place).filter(rows.c.n == limit).label("last"),
        func.count(rows.c.n).label("found"),
        select(func.count()).select_from(counted).scalar_subquery().label("total"),
        func.cogniflow.token().label("token"))


def conditions(plan: Plan, table: FromClause) -> list[ColumnElement[bool]]:
    """What a row must meet to be in the list, whatever the page."""
    wanted = [_compared(table.c[name], operator, f"filter_{n}") for n, (name, operator) in enumerate(plan.filters)]
    wanted += [_found(plan, table, f"word_{n}") for n in range(plan.words)]
    if is_master(plan.entity) and plan.archived != "all":
        archived = table.c.archived_at
        wanted.append(archived.is_(None) if plan.archived == "false" else archived.is_not(None))
    return wanted + reached(plan.entity, table, plan.reach)


def ordered(sort: Sort, table: FromClause) -> list[ColumnElement]:
    """The columns to order by, each ascending or descending."""
    return [table.c[name].desc() if descends else table.c[name].asc() for name, descends in sort]


def _given(operator: str, given: Any) -> Any:
    return f"%{_escaped(given)}%" if operator == "contains" else given


def _compared(column: ColumnElement, operator: str, name: str) -> ColumnElement[bool]:
    if operator == "isnull":
        return column.is_(None) == bindparam(name)
    if operator == "in":
        return column == any_(bindparam(name, type_=ARRAY(column.type)))
    if operator == "contains":
        return column.ilike(bindparam(name), escape="\\")
    return COMPARISONS[operator](column, bindparam(name, type_=column.type))


def _found(plan: Plan, table: FromClause, name: str) -> ColumnElement[bool]:
    word = func.cogniflow.plain(bindparam(name, type_=Text))
    return or_(false(), *(func.cogniflow.plain(table.c[each]).like(word, escape="\\") for each in plan.searched))


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _after(plan: Plan, table: FromClause) -> ColumnElement[bool]:
    """Whether a row comes after the last one of the page before, in the list's order."""
    columns = [table.c[name] for name, _ in plan.sort]
    values = [bindparam(f"after_{n}", type_=column.type) for n, column in enumerate(columns)]
    descends = {each for _, each in plan.sort}
    if len(descends) == 1 and not any(column.nullable for column in columns):
        # one comparison of rows, which an index in this order answers at once
        row, last = tuple_(*columns), tuple_(*values)
        return row < last if descends.pop() else row > last
    steps = list(zip(columns, values, (each for _, each in plan.sort), plan.after or (), strict=True))
    return reduce(lambda rest, step: or_(_beyond(*step), and_(_same(*step), rest)), reversed(steps), false())


def _beyond(column: ColumnElement, last: ColumnElement, descends: bool, empty: bool) -> ColumnElement[bool]:
    """PostgreSQL puts empty values last where a column ascends and first where it descends."""
    if empty:
        return column.is_not(None) if descends else false()
    if descends:
        return column < last
    return or_(column > last, column.is_(None)) if column.nullable else column > last


def _same(column: ColumnElement, last: ColumnElement, _: bool, empty: bool) -> ColumnElement[bool]:
    return column.is_(None) if empty else column == last
