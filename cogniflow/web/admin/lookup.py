"""Searching what a reference may refer to."""

from flask import g
from flask_admin.model.ajax import AjaxModelLoader

from cogniflow.db.session import Database
from cogniflow.kernel.entity import Entity, lines, references
from cogniflow.kernel.operation import operations
from cogniflow.records import named
from cogniflow.records.authorise import require
from cogniflow.records.shape import ITEMS
from cogniflow.web.admin.verbs import referred

MOST_CHOICES = 50


class ReferenceLoader(AjaxModelLoader):
    """Finds the records that a reference may refer to."""

    def __init__(self, name: str, target: type[Entity], needs: str | None, database: Database):
        super().__init__(name, {})
        self._target, self._needs, self._database = target, needs, database

    def format(self, model: tuple[int, str]) -> tuple[int, str]:
        """A choice, as number and name."""
        return model

    def get_list(self, query: str | None, offset: int | None = 0, limit: int = 10) -> list[tuple[int, str]]:
        """The choices that `query` finds. Raises NotFound where the caller may not read them."""
        require(g.caller, "read", self._target)
        with self._database.reading() as session:
            return named.choices(session, g.caller, self._target, query or "", max(1, min(limit, MOST_CHOICES)), self._needs)


def reference_loaders(entity: type[Entity], database: Database) -> dict[str, ReferenceLoader]:
    """A search for every reference of the entity, its lines and its verbs, by the name that its lookup is asked with."""
    asked = (each for operation in operations(entity).values() for each in referred(operation))
    return {name: ReferenceLoader(name, target, None, database) for name, target in asked} | {
        f"{before}{name}_id": ReferenceLoader(name, target, owner.__table__.c[f"{name}_id"].info.get("needs"), database)
        for before, owner in (("", entity), (f"{ITEMS}.", lines(entity))) if owner
        for name, target in references(owner).items()}
