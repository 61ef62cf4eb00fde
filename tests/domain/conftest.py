"""A trading company to attack: one database per module, and a fresh one for what counts everything."""

import secrets
from collections.abc import Iterator

import pytest

from cogniflow.db.session import Database
from tests.domain.trade import Trade


@pytest.fixture(scope="module")
def company(copies, template) -> Iterator[str]:
    """Name of a database that the tests of a module share."""
    name = f"d_{secrets.token_hex(6)}"
    copies.create(name, template)
    yield name
    copies.drop(name)


@pytest.fixture
def trade(copies, company) -> Iterator[Trade]:
    """A small trading company in the database of the module, with nothing in it that another test touches."""
    yield from _opened(copies, company)


@pytest.fixture
def fresh(copies, database_name) -> Iterator[Trade]:
    """A small trading company in a database of its own."""
    yield from _opened(copies, database_name)


def _opened(copies, name: str) -> Iterator[Trade]:
    database = Database(copies.app(name))
    made = Trade(copies.app(name), copies.owner(name), database)
    yield made
    made.psql.close()
    database.close()
