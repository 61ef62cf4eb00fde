"""Whose names a page tells beside its own records: it follows them, too."""

from collections.abc import Iterable, Iterator
from types import SimpleNamespace

from sqlalchemy import Column

from cogniflow.domain.accounts.rights import Caller
from cogniflow.kernel.entity import Entity, label_column, references
from cogniflow.records.words import is_reference

MOST_NAMED = 80
"""A page follows the names of so many records, and of so many in its lines; a socket has 200 topics."""


def names_told(caller: Caller, entity: type[Entity], columns: Iterable[Column]) -> dict[str, str]:
    """The tables whose records these columns name, each with the column of the name."""
    return {target.__tablename__: label_column(target).key for _, target in _named(caller, entity, columns)}


def topics_of_names(caller: Caller, entity: type[Entity], found: Iterable[SimpleNamespace]) -> list[str]:
    """The topics of the records that these rows name."""
    named = list(_named(caller, entity, entity.__table__.columns))
    told = dict.fromkeys(f"{target.__tablename__}/{value}" for row in found for column, target in named
                         if (value := getattr(row, column.key, None)) is not None)
    return list(told)[:MOST_NAMED]


def _named(caller: Caller, entity: type[Entity], columns: Iterable[Column]) -> Iterator[tuple[Column, type[Entity]]]:
    for column in filter(is_reference, columns):
        target = references(entity)[column.key.removesuffix("_id")]
        if label_column(target).key != "id" and caller.may_follow(target.__tablename__):
            yield column, target
