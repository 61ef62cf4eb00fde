"""A copy of the demonstration that a test may change, and psql."""

import os
import secrets
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from cogniflow.db.embedded import EmbeddedServer
from cogniflow.db.session import Database

SEEDS = Path(__file__).parents[2] / "seeds"


@pytest.fixture
def demo_name(copies, demo_template: str) -> Iterator[str]:
    """A fresh copy of the demonstration, dropped after the test."""
    name = f"d_{secrets.token_hex(6)}"
    copies.create(name, demo_template)
    yield name
    copies.drop(name)


@pytest.fixture
def demo(copies, demo_name: str) -> Iterator[Database]:
    """A copy of the demonstration, as the application uses it."""
    opened = Database(copies.app(demo_name))
    yield opened
    opened.close()


@pytest.fixture
def psql(server: EmbeddedServer) -> Callable[[str, Path], None]:
    """Runs a file with psql, in an environment that says nothing of UTF-8."""
    def run(url: str, file: Path) -> None:
        done = subprocess.run([server.binaries.program("psql"), url, "-v", "ON_ERROR_STOP=1", "-X", "-q", "-f", file],
                              env={**os.environ, "LC_ALL": "C"}, capture_output=True, text=True, check=False)
        assert done.returncode == 0 and not done.stderr, done.stderr
    return run


def one(url: str, query: str) -> object:
    """The only value that a query answers."""
    with psycopg.connect(url) as connection:
        return connection.execute(query).fetchone()[0]


def all_files() -> list[Path]:
    """Reference data, then the demonstration, in order."""
    return sorted(SEEDS.glob("*.sql")) + sorted((SEEDS / "demo").glob("*.sql"))
