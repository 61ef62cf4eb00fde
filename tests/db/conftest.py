"""Folders of embedded servers: empty ones, and ones that were used before."""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cogniflow.db.binaries import Binaries, find_binaries
from cogniflow.db.embedded import EmbeddedServer
from cogniflow.errors import Unavailable
from tests.db.supervised import end_all_in


@pytest.fixture(params=[15, 18])
def binaries(request) -> Binaries:
    try:
        return find_binaries(request.param)
    except Unavailable:
        pytest.skip(f"PostgreSQL {request.param} is not installed")


@pytest.fixture
def newest() -> Binaries:
    return find_binaries()


@pytest.fixture
def home() -> Iterator[Path]:
    """A closed folder with a short path; whatever still runs in it at the end is a failure."""
    folder = Path(tempfile.mkdtemp(prefix="cf-"))
    try:
        yield folder
        end_all_in(folder)
    finally:
        shutil.rmtree(folder)


@pytest.fixture(scope="module")
def made() -> Iterator[Callable[[Binaries], Path]]:
    """Gives the folder of a database made once per version; the tests that use it leave it whole."""
    folders: dict[int, Path] = {}

    def folder_of(programs: Binaries) -> Path:
        if programs.version not in folders:
            folders[programs.version] = Path(tempfile.mkdtemp(prefix="cf-"))
            with EmbeddedServer(folders[programs.version], programs, durable=False):
                pass
        return folders[programs.version]

    yield folder_of
    for folder in folders.values():
        shutil.rmtree(folder)


@pytest.fixture
def used(made, newest) -> Iterator[Path]:
    """A folder with a database of the newest version."""
    yield made(newest)
    end_all_in(made(newest))


@pytest.fixture
def used_any(made, binaries) -> Iterator[Path]:
    """A folder with a database of each version in turn."""
    yield made(binaries)
    end_all_in(made(binaries))
