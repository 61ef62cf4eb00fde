"""The database of the installation, opened for one command."""

from collections.abc import Iterator
from contextlib import contextmanager

from cogniflow.config import load_settings
from cogniflow.db.server import Addresses, visited
from cogniflow.db.session import Database
from cogniflow.domain.registry import load
from cogniflow.errors import NotFound
from cogniflow.kernel.entity import Entity, entities, rest_path


@contextmanager
def opened_addresses() -> Iterator[Addresses]:
    """The addresses of the installation's database while it runs, with every entity known."""
    load()
    with visited(load_settings()) as found:
        yield found


def entity_named(resource: str) -> type[Entity]:
    """The entity that a person calls `goods-delivery-notes` or `goods_delivery_notes`. Raises NotFound."""
    for entity in entities():
        if resource in (rest_path(entity), entity.__tablename__, entity.__tablename__.replace("_", "-")):
            return entity
    raise NotFound(f"There is no resource {resource}; there are: {', '.join(rest_path(each) for each in entities())}.")


@contextmanager
def opened_database(pool_size: int = 4) -> Iterator[Database]:
    """The installation's database as the application uses it."""
    with opened_addresses() as found:
        database = Database(found.app, pool_size=pool_size)
        try:
            yield database
        finally:
            database.close()
