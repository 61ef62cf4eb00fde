"""The product as it is served, on a copy of the demonstration, and a browser to look at it."""

import os
import secrets
import shutil
import subprocess
import threading
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from werkzeug.serving import make_server

from cogniflow.app import create_app
from cogniflow.config import load_settings
from cogniflow.db.session import SYSTEM, Database
from cogniflow.domain.accounts.tokens import create_token
from tests.conftest import ADMIN_EMAIL, ADMIN_PASSWORD
from tests.journeys.line import Line

WITHIN = 10_000
"""Milliseconds in which a page shows what changed, even on a busy machine; a list waits half a second for more before it asks."""
FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync")


@pytest.fixture(scope="module")
def live_database(copies, demo_template: str) -> Iterator[str]:
    """libpq URL of the database that is served: a copy of the demonstration."""
    name = f"j_{secrets.token_hex(6)}"
    copies.create(name, demo_template)
    yield copies.app(name)
    copies.drop(name)


@pytest.fixture(scope="module")
def live_server(live_database: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of the running product."""
    from cogniflow.web.auth import create_user
    from dash_apps.shell import mount

    folder: Path = tmp_path_factory.mktemp("live")
    app = mount(create_app(load_settings(database_url=None, app_url=live_database, data_dir=folder, _env_file=None)))
    context = app.extensions["cogniflow"]
    with context.database.transaction(SYSTEM) as session:
        create_user(session, ADMIN_EMAIL, "Ada Admin", ADMIN_PASSWORD, ["administrator"])
    server = make_server("127.0.0.1", 0, app, threaded=True)
    serving = threading.Thread(target=server.serve_forever, daemon=True)
    serving.start()
    yield f"http://127.0.0.1:{server.port}"
    context.feed.stop()
    server.shutdown()
    serving.join()
    context.close()


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Chromium, or a skip that says so loudly; it ends with this package, since its event loop hinders the tests after it."""
    known = (os.environ.get("COGNIFLOW_CHROMIUM"), "chromium", "chromium-browser", "google-chrome")
    chromium = next(filter(None, (shutil.which(each) for each in known if each)), None)
    if chromium is None:
        warnings.warn("No Chromium was found: the journeys are skipped.", stacklevel=1)
        pytest.skip("needs Chromium")
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        yield running
        running.close()


@pytest.fixture(scope="module")
def sign_in(live_server: str) -> Callable[[Page], None]:
    """Signs in as the administrator, in the page."""
    def do(page: Page) -> None:
        page.goto(f"{live_server}/login")
        page.fill("[name=email]", ADMIN_EMAIL)
        page.fill("[name=password]", ADMIN_PASSWORD)
        page.click("button[type=submit]")
        page.wait_for_url(lambda address: "/login" not in address)
    return do


@pytest.fixture(scope="module")
def signed_in(browser: Browser, sign_in: Callable[[Page], None]) -> Iterator[BrowserContext]:
    """A browser whose administrator is signed in."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    sign_in(context.new_page())
    yield context
    context.close()


@pytest.fixture
def page(signed_in: BrowserContext) -> Iterator[Page]:
    """A page of its own; `page.line` is its socket."""
    page = signed_in.new_page()
    page.line = Line(page)
    yield page
    page.close()


@pytest.fixture(scope="module")
def psql(server, live_database: str) -> Callable[[str], None]:
    """Runs SQL with psql on the database that is served, as the application's role."""
    def run(statements: str) -> None:
        subprocess.run([server.binaries.program("psql"), live_database, "-X", "-q", "-v", "ON_ERROR_STOP=1", "-c", statements],
                       check=True, capture_output=True, text=True)
    return run


@pytest.fixture(scope="module")
def rest(live_server: str, live_database: str) -> Callable[..., requests.Response]:
    """Asks the served product as a program would; `rest.key` is its token."""
    database = Database(live_database, pool_size=2)
    with database.transaction(SYSTEM) as session:
        key = create_token(session, "administrator", "journey")
    database.close()

    def ask(method: str, path: str, **given) -> requests.Response:
        bearer = {"Authorization": f"Bearer {key}"}
        return requests.request(method, f"{live_server}/api/{path}", headers=bearer, timeout=10, **given)

    ask.key = key
    return ask


@pytest.fixture
def order(rest: Callable[..., requests.Response]) -> dict:
    """A draft order with a line."""
    buyer = rest("GET", "contacts?is_customer=true&credit_limit__isnull=true&limit=1").json()["data"][0]
    warehouse = rest("GET", "warehouses?limit=1").json()["data"][0]
    product = rest("GET", "products?kind=stockable&limit=1").json()["data"][0]
    line = {"product_id": product["id"], "quantity": "3", "unit_price": "2"}
    given = {"customer_id": buyer["id"], "warehouse_id": warehouse["id"], "items": [line]}
    made = rest("POST", "orders", json=given)
    assert made.status_code == 201, made.text
    return made.json()
