"""Databases that are backed up, and such that backups are restored into; systems that are told by webhooks."""

import secrets
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from cogniflow.db.server import Addresses
from cogniflow.exchange import backups
from tests.exchange.receiver import Receiver
from tests.web.conftest import Api


@pytest.fixture
def demo(copies, demo_template) -> Addresses:
    """The demonstration, to read only."""
    return Addresses(copies.owner(demo_template), copies.app(demo_template), copies.server)


@pytest.fixture
def empty(copies) -> Iterator[Addresses]:
    """A database with nothing in it, dropped after the test."""
    name = f"e_{secrets.token_hex(6)}"
    copies.create(name)
    yield Addresses(copies.owner(name), copies.app(name), copies.server)
    copies.drop(name)


@pytest.fixture
def backup(demo: Addresses, tmp_path: Path) -> Path:
    """A backup of the demonstration."""
    file = tmp_path / "company.backup"
    backups.back_up(demo, file)
    return file


@pytest.fixture
def receive() -> Iterator[Callable[..., Receiver]]:
    """Makes other systems."""
    made: list[Receiver] = []

    def receiver(*given: Any) -> Receiver:
        made.append(Receiver(*given))
        return made[-1]
    yield receiver
    for each in made:
        each.close()


@pytest.fixture
def receiver(receive) -> Receiver:
    """One other system."""
    return receive()


@pytest.fixture
def psql(database_url: str) -> Iterator[psycopg.Connection]:
    """Somebody who writes past us."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        yield connection


@pytest.fixture
def api(app, token) -> Api:
    """REST with an administrator's token."""
    return Api(app.test_client(), token)


def one(url: str, query: str) -> Any:
    """The only value that a query answers."""
    with psycopg.connect(url) as connection:
        return connection.execute(query).fetchone()[0]
