"""Real things to test against: a PostgreSQL server, a database copied from a template, an app, a signed-in client."""

import gc
import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

import psycopg
import pytest
from passlib.hash import argon2

from cogniflow.app import create_app
from cogniflow.config import Settings, load_settings
from cogniflow.db import migrate
from cogniflow.db.binaries import find_binaries
from cogniflow.db.embedded import EmbeddedServer
from cogniflow.db.seed import seed_demo, seed_reference
from cogniflow.db.session import SYSTEM, Database
from cogniflow.domain.registry import load
from cogniflow.installation import list_declared

ADMIN_EMAIL = "admin@example.com"
ADMIN_PASSWORD = "a long enough password"
ROOM = 4 << 30
"""Bytes that the databases of the tests may need."""


class Copies:
    """Makes databases on the test server, each a copy of a template, and drops them again."""

    def __init__(self, server: EmbeddedServer):
        self.server = server

    def create(self, name: str, template: str = "template1") -> None:
        """Create database `name`, owned like the real one."""
        with psycopg.connect(self.server.superuser_url("postgres"), autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}" OWNER cogniflow_owner STRATEGY FILE_COPY')
            connection.execute(f'REVOKE ALL ON DATABASE "{name}" FROM PUBLIC')
            connection.execute(f'GRANT CONNECT ON DATABASE "{name}" TO cogniflow_app')
        if template != "template1":
            return  # its schema is owned as it should be
        with psycopg.connect(self.server.superuser_url(name), autocommit=True) as connection:
            connection.execute("ALTER SCHEMA public OWNER TO cogniflow_owner")
            connection.execute("GRANT USAGE ON SCHEMA public TO cogniflow_app")

    def drop(self, name: str) -> None:
        """Drop database `name` and whoever is connected to it."""
        with psycopg.connect(self.server.superuser_url("postgres"), autocommit=True) as connection:
            connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def owner(self, name: str) -> str:
        """Its libpq URL as cogniflow_owner."""
        return self.server.owner_url().replace("/cogniflow?", f"/{name}?")

    def app(self, name: str) -> str:
        """Its libpq URL as cogniflow_app."""
        return self.server.app_url().replace("/cogniflow?", f"/{name}?")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport():
    """A test that this machine cannot do is a failure where nothing may be skipped, as in CI."""
    report = yield
    if report.skipped and os.environ.get("COGNIFLOW_TEST_STRICT"):
        report.outcome, report.longrepr = "failed", f"nothing may be skipped here: {report.longrepr}"
    return report


pytest_make_collect_report = pytest_runtest_makereport
"""A file that is left out as a whole is one, too."""


@pytest.fixture(scope="session", autouse=True)
def quick_hashing() -> None:
    """Passwords hashed as in production, for a thousandth of the work: a test waits for its hash, no attacker does."""
    argon2.default_rounds, argon2.memory_cost, argon2.parallelism = 1, 8, 1


@pytest.fixture(scope="session", autouse=True)
def libraries_stay() -> None:
    """What was imported is no rubbish: looking it through again took a tenth of a second for every app that is made."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def server() -> Iterator[EmbeddedServer]:
    """A PostgreSQL server of the tests' own; COGNIFLOW_TEST_POSTGRES=15 chooses the version.

    COGNIFLOW_TEST_SERVER names the folder of one that runs already, and runs on.
    """
    version = os.environ.get("COGNIFLOW_TEST_POSTGRES")
    given = os.environ.get("COGNIFLOW_TEST_SERVER")
    with nullcontext(given) if given else tempfile.TemporaryDirectory(prefix="cf-", dir=roomy_memory()) as folder, \
            EmbeddedServer(Path(folder), find_binaries(int(version) if version else None), durable=False) as running:
        yield running


def roomy_memory() -> Path | None:
    """A folder that is kept in memory, where there is one with room: a database is copied for nearly every test."""
    memory = Path("/dev/shm")
    return memory if os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > ROOM else None


@pytest.fixture(scope="session")
def copies(server: EmbeddedServer) -> Copies:
    """Makes and drops databases on the test server."""
    return Copies(server)


@pytest.fixture(scope="session")
def template(copies: Copies) -> str:
    """Name of a database with every table, function and row of reference data."""
    for each in ("demo", "reference"):  # of other tests on the same server
        copies.drop(each)
    copies.create("reference")
    load()
    migrate.upgrade(copies.owner("reference"))
    database = Database(copies.app("reference"), pool_size=2)
    seed_reference(database)
    list_declared(database)
    with psycopg.connect(copies.owner("reference"), autocommit=True) as connection:
        connection.execute("INSERT INTO cogniflow.incarnation DEFAULT VALUES ON CONFLICT DO NOTHING")
    database.close()
    return "reference"


@pytest.fixture(scope="session")
def demo_template(copies: Copies, template: str) -> str:
    """Name of a database with the Northwind demonstration."""
    copies.create("demo", template)
    database = Database(copies.app("demo"), pool_size=2)
    seed_demo(database)
    database.close()
    return "demo"


@pytest.fixture(scope="session")
def demo_url(copies: Copies, demo_template: str) -> str:
    """The demonstration, to read only."""
    return copies.app(demo_template)


@pytest.fixture
def database_name(copies: Copies, template: str) -> Iterator[str]:
    """A fresh copy of the template, dropped after the test."""
    name = f"t_{secrets.token_hex(6)}"
    copies.create(name, template)
    yield name
    copies.drop(name)


@pytest.fixture
def database_url(copies: Copies, database_name: str) -> str:
    """libpq URL of the test's database as the application's role."""
    return copies.app(database_name)


@pytest.fixture
def owner_url(copies: Copies, database_name: str) -> str:
    """libpq URL of the test's database as its owner."""
    return copies.owner(database_name)


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """The test's database, as the application uses it."""
    opened = Database(database_url)
    yield opened
    opened.close()


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    """Settings of an installation on the test's database."""
    return load_settings(database_url=None, app_url=database_url, data_dir=tmp_path, _env_file=None)


@pytest.fixture
def app(settings: Settings):
    """The Flask app on the test's database, with one administrator."""
    from cogniflow.web.auth import create_user

    made = create_app(settings)
    context = made.extensions["cogniflow"]
    with context.database.transaction(SYSTEM) as session:
        create_user(session, ADMIN_EMAIL, "Ada Admin", ADMIN_PASSWORD, ["administrator"])
    yield made
    context.close()


@pytest.fixture
def client(app):
    """A test client that the administrator has signed in with; writes carry the CSRF header."""
    return signed_in(app, ADMIN_EMAIL, ADMIN_PASSWORD)


@pytest.fixture
def token(app) -> str:
    """An API token with the administrator's rights."""
    from cogniflow.domain.accounts.tokens import create_token

    with app.extensions["cogniflow"].database.transaction(SYSTEM) as session:
        return create_token(session, "administrator", "test")


def signed_in(app, email: str, password: str):
    """A client of `app` whose requests are those of the user, as a browser would send them."""
    client = app.test_client()
    client.get("/login")
    cross_site = client.get_cookie("XSRF-TOKEN")
    answer = client.post("/login", data={"email": email, "password": password, "csrf_token": cross_site.value})
    assert answer.status_code in (302, 303), answer.text
    client.environ_base["HTTP_X_CSRFTOKEN"] = client.get_cookie("XSRF-TOKEN").value
    return client
