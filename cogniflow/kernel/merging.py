"""Two records that are one: what refers to the one that goes is handed over to the one that stays."""

from collections.abc import Iterator

from sqlalchemy import Column, ColumnElement, Index, Table, UniqueConstraint, and_, delete, exists, update
from sqlalchemy.orm import Session

from cogniflow.kernel.entity import Entity, entities, metadata


def hand_over(session: Session, gone: Entity, kept: Entity) -> None:
    """Let every reference to `gone`, in any table, name `kept`, and what was added to it; a row that `kept` has is dropped."""
    unsaid = {"synchronize_session": False}
    for added in (each for each in entities() if each.resource.of_record):
        session.execute(update(added).where(added.entity == gone.__tablename__, added.record_id == gone.id)
                        .values(record_id=kept.id), execution_options=unsaid)
    for table, column in _references(type(gone).__table__):
        for others in _keys(table, column):
            session.execute(delete(table).where(column == gone.id, _is_there(table, column, others, kept.id)),
                            execution_options=unsaid)
        session.execute(update(table).where(column == gone.id).values({column.key: kept.id}), execution_options=unsaid)


def _references(target: Table) -> Iterator[tuple[Table, Column]]:
    """Every column that refers to a record of the table, in the order of the tables' names."""
    for table in sorted(metadata.tables.values(), key=lambda each: each.fullname):
        for column in table.columns:
            if any(each.column.table is target for each in column.foreign_keys):
                yield table, column


def _keys(table: Table, column: Column) -> Iterator[list[Column]]:
    """The other columns of each unique key that the column is part of."""
    unique = [each.columns for each in table.constraints if isinstance(each, UniqueConstraint)]
    unique += [each.columns for each in table.indexes if isinstance(each, Index) and each.unique]
    return ([other for other in columns if other is not column] for columns in unique if column.key in columns)


def _is_there(table: Table, column: Column, others: list[Column], kept: int) -> ColumnElement[bool]:
    twin = table.alias()
    return exists().where(and_(twin.c[column.key] == kept, *(twin.c[each.key] == each for each in others)))
