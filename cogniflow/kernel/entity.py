"""An entity: one class from which table, triggers, REST, admin, topic, OpenAPI and reference docs are derived."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, ClassVar

from sqlalchemy import CheckConstraint, Column, FetchedValue, Index, MetaData, func, text
from sqlalchemy.orm import DeclarativeBase, Mapped, declared_attr, mapped_column, relationship

from cogniflow.kernel.fields import BY_DATABASE, Giver, Key, Moment, RecordId, Uid, Version

CONVENTION = {
    "ix": "ix_%(table_name)s_%(column_0_name)s",
    "uq": "uq_%(table_name)s_%(column_0_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}
ACRONYMS = {"api", "bom", "gdn", "grn"}
metadata = MetaData(naming_convention=CONVENTION)


@dataclass(frozen=True)
class Happening:
    """A kind of change that has a name of its own in the feed, beside the name that every change of the entity has."""

    event: str
    ops: str = "IU"
    """Of I, U and D, those that it may be."""
    columns: tuple[str, ...] = ()
    """An update is one only when it changed one of these; empty for any."""


@dataclass(frozen=True)
class Resource:
    """What a table alone does not say of an entity; every option serves at least two entities."""

    menu: str
    """Title of the module it stands under when `db upgrade` first lists it."""
    icon: str = "tags"
    """Icon of its default navigation entry."""
    search: tuple[str, ...] = ()
    """Columns that `q=` and the admin search look in; the first is also its label in references."""
    order_by: str = "id"
    """Default sort, such as `-ordered_on`."""
    event: str | None = None
    """Domain name of its change in the feed, where it is not `<table>_updated`."""
    happenings: tuple[Happening, ...] = ()
    """Kinds of change with names of their own, such as `notification_read`."""
    path: str | None = None
    """REST path below /api/, where it is not the table's name in kebab-case."""
    key: str | None = None
    """Column that addresses a record in REST beside its id and uid."""
    lines_of: str | None = None
    """Reference to the document whose lines these are; the document gives and takes them as `items`."""
    of_record: bool = False
    """Its `entity` and `record_id` name a record of any kind; whoever may not read that record does not read what is of it."""
    owners: tuple[str, ...] = ()
    """Columns that name the users a record belongs to, for rights on own records and `user/<id>`."""
    feed_id: str = "id"
    """Column whose values the feed names as ids: the product, for a stock balance."""
    read_only: bool = False
    """Written by the database alone; REST and admin answer 405 to a write."""
    history: bool = False
    """Every change keeps both row images in the record history."""


class Entity(DeclarativeBase):
    """A business record: identity, authorship and version are the database's to give."""

    metadata = metadata
    resource: ClassVar[Resource]
    told_once: ClassVar[Mapping[str, str]] = {}
    """Secrets that this very write has made, which its answer tells; nothing tells them again."""

    id: Mapped[Key] = mapped_column(sort_order=-20, comment="Number of the record.", info={**BY_DATABASE})
    uid: Mapped[Uid] = mapped_column(sort_order=-19, comment="World-wide identity of the record.", info={**BY_DATABASE})
    created_at: Mapped[Moment] = mapped_column(
        sort_order=90, server_default=func.now(), comment="When it was created.", info={**BY_DATABASE}
    )
    updated_at: Mapped[Moment] = mapped_column(
        sort_order=91, server_default=func.now(), comment="When it was last changed.", info={**BY_DATABASE}
    )
    created_by: Mapped[RecordId | None] = mapped_column(sort_order=92, comment="User who created it.", info={**BY_DATABASE})
    updated_by: Mapped[RecordId | None] = mapped_column(sort_order=93, comment="User who last changed it.", info={**BY_DATABASE})
    version: Mapped[Version] = mapped_column(sort_order=94, comment="Raised by one at each change.", info={**BY_DATABASE})

    def __init_subclass__(cls, **kw: Any) -> None:
        """Derive the table's comment from the docstring and a relationship from every `<name>_id` reference."""
        if "__tablename__" in vars(cls):
            _describe_table(cls)
        super().__init_subclass__(**kw)
        for derived in (entities, entity_of, references, lines):
            derived.cache_clear()
        if "__tablename__" in vars(cls):
            for column in cls.__table__.columns:
                if column.foreign_keys and column.key.endswith("_id"):
                    _relate(cls, column)
                if column.info.get("given_by") == Giver.DATABASE and column.server_default is None:
                    # left out of every INSERT: the application's role may not give it, not even as NULL
                    column.server_default = FetchedValue()
                if choices := column.info.get("choices"):
                    allowed = ", ".join(f"'{value}'" for value in choices)
                    cls.__table__.append_constraint(CheckConstraint(f"{column.key} IN ({allowed})", name=f"{column.key}_known"))
                if shape := column.info.get("shape"):
                    written = CheckConstraint(f"{column.key} ~ '{shape.pattern}'", name=f"{column.key}_shape")
                    cls.__table__.append_constraint(written)

    @declared_attr.directive
    def __mapper_args__(cls) -> dict:
        """Defaults given by the database are fetched with the insert, never guessed."""
        return {"eager_defaults": True}

    def __str__(self) -> str:
        """The record's label: its number or the first of its search columns."""
        return str(getattr(self, label_column(type(self)).key) or f"{title(type(self))} {self.id}")


class Master:
    """A record that is archived, never deleted, once something refers to it."""

    archived_at: Mapped[Moment | None] = mapped_column(sort_order=80, comment="When it was put away; empty while it is in use.")


def unique_living(table: str, *columns: str) -> Index:
    """A business key that is unique among the records not archived."""
    return Index(f"uq_{table}_living_{'_'.join(columns)}", *columns, unique=True, postgresql_where=text("archived_at IS NULL"))


@cache
def entities() -> list[type[Entity]]:
    """Every declared entity, in the order of its table's name."""
    found = (mapper.class_ for mapper in Entity.registry.mappers)
    return sorted((each for each in found if "__tablename__" in vars(each)), key=lambda each: each.__tablename__)


@cache
def entity_of(table: str) -> type[Entity]:
    """The entity stored in `table`. Raises KeyError when there is none."""
    for each in entities():
        if each.__tablename__ == table:
            return each
    raise KeyError(table)


def title(entity: type[Entity]) -> str:
    """The entity's name for people: `goods_receipt_notes` is "Goods receipt notes"."""
    words = entity.__tablename__.capitalize().split("_")
    return " ".join(word.upper() if word.lower() in ACRONYMS else word for word in words)


def rest_path(entity: type[Entity]) -> str:
    """Its path below /api/: `goods-receipt-notes`, or the nicer one it declares."""
    return entity.resource.path or entity.__tablename__.replace("_", "-")


def event_name(entity: type[Entity]) -> str:
    """The domain name of a change of it in the feed."""
    return entity.resource.event or f"{entity.__tablename__}_updated"


def label_column(entity: type[Entity]) -> Column:
    """The column that stands for a record in a reference: its first search column, else its id."""
    return entity.__table__.columns[(entity.resource.search or ("id",))[0]]


def is_master(entity: type[Entity]) -> bool:
    """Whether a referenced record of it is archived instead of deleted."""
    return issubclass(entity, Master)


@cache
def references(entity: type[Entity]) -> dict[str, type[Entity]]:
    """Its references by relationship name: `{"category": ProductCategory}`."""
    return {
        column.key.removesuffix("_id"): entity_of(next(iter(column.foreign_keys)).column.table.name)
        for column in entity.__table__.columns
        if column.foreign_keys and column.key.endswith("_id")
    }


@cache
def lines(entity: type[Entity]) -> type[Entity] | None:
    """The entity of a document's lines, or None when it has none."""
    for each in entities():
        if each.resource.lines_of and references(each)[each.resource.lines_of] is entity:
            return each
    return None


def document_of(entity: type[Entity]) -> type[Entity] | None:
    """The document whose lines `entity` holds, or None when it is not a line."""
    return references(entity)[entity.resource.lines_of] if entity.resource.lines_of else None


def writable(entity: type[Entity]) -> list[Column]:
    """The columns that a person may give: not the database's, not an operation's."""
    if entity.resource.read_only:
        return []
    return [column for column in entity.__table__.columns if "given_by" not in column.info and column.key != "archived_at"]


def insertable(entity: type[Entity]) -> list[Column]:
    """The columns that the application's database role may give when it inserts."""
    if entity.resource.read_only:
        return []
    return [column for column in entity.__table__.columns if column.key == "uid" or column.info.get("given_by") != Giver.DATABASE]


def updatable(entity: type[Entity]) -> list[Column]:
    """The columns that the application's database role may change; of a read-only entity, what its operations change."""
    changed = {Giver.OPERATION} if entity.resource.read_only else {Giver.OPERATION, None}
    return [column for column in entity.__table__.columns if column.info.get("given_by") in changed]


def _describe_table(cls: type[Entity]) -> None:
    given = vars(cls).get("__table_args__", ())
    options = {"comment": " ".join((cls.__doc__ or "").split())}
    cls.__table_args__ = (*given, options)


def _relate(cls: type[Entity], column: Column) -> None:
    name = column.key.removesuffix("_id")
    target = next(iter(column.foreign_keys)).target_fullname.split(".")[0]
    setattr(
        cls,
        name,
        relationship(
            lambda: entity_of(target), foreign_keys=[getattr(cls, column.key)], remote_side=lambda: entity_of(target).id
        ),
    )
