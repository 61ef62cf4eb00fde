"""Installations: one made once and used by all, and one that is running."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.installed import PASSWORD, Command, Installation


@pytest.fixture(scope="session")
def first_start() -> Iterator[tuple[Installation, Command]]:
    """An installation with the demonstration, and the command that started it for the first time."""
    folder = Path(tempfile.mkdtemp(prefix="cf-"))
    installation = Installation(folder)
    try:
        command = installation.up("--demo", COGNIFLOW_ADMIN_PASSWORD=PASSWORD)
        command.stop()
        yield installation, command
    finally:
        installation.end()
        shutil.rmtree(folder)


@pytest.fixture(scope="session")
def made(first_start: tuple[Installation, Command]) -> Installation:
    """An installation that was started once, with the demonstration."""
    return first_start[0]


@pytest.fixture
def installation(made: Installation) -> Iterator[Installation]:
    """The installation, at rest; whatever still runs of it at the end is a failure."""
    try:
        yield made
        left = made.processes()
        assert not left, left
    finally:
        made.end()


@pytest.fixture
def running(installation: Installation) -> Iterator[Command]:
    """The installation, up."""
    command = installation.up()
    yield command
    if command.process.poll() is None:
        command.stop()


@pytest.fixture
def empty() -> Iterator[Installation]:
    """An installation that was never started."""
    folder = Path(tempfile.mkdtemp(prefix="cf-"))
    installation = Installation(folder)
    try:
        yield installation
        left = installation.processes()
        assert not left, left
    finally:
        installation.end()
        shutil.rmtree(folder)
