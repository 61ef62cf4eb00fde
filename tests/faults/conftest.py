"""One installation for all faults, up once in each mode, with writers, clients and an open page from its first moment on."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.cli.installed import PASSWORD, Installation
from tests.faults.site import ADMINISTRATOR, Site
from tests.journeys.conftest import browser  # noqa: F401


@pytest.fixture(scope="package")
def installation() -> Iterator[Installation]:
    """An installation that the first fault of the first mode fills."""
    folder = Path(tempfile.mkdtemp(prefix="cf-"))
    made = Installation(folder)
    try:
        yield made
    finally:
        made.end()
        shutil.rmtree(folder)


@pytest.fixture(scope="package", params=["hub", "loop"])
def site(request: pytest.FixtureRequest, installation: Installation) -> Iterator[Site]:
    """The product under fire, the sockets served in one way or the other."""
    running = Site(installation, request.param)
    running.begin_traffic()
    yield running
    running.end()


@pytest.fixture(scope="package")
def page(site: Site, browser: Browser) -> Iterator[Page]:  # noqa: F811
    """The admin's list of products, loaded once, before anything breaks."""
    opened = browser.new_context(viewport={"width": 1440, "height": 1200}).new_page()
    opened.goto(f"{site.address}/login")
    opened.fill("[name=email]", ADMINISTRATOR)
    opened.fill("[name=password]", PASSWORD)
    opened.click("button[type=submit]")
    opened.wait_for_url(lambda address: "/login" not in address)
    opened.goto(f"{site.address}/admin/products/")
    opened.locator("[data-live-pill][data-state=live]").wait_for()
    opened.navigations = []
    opened.on("framenavigated", lambda frame: opened.navigations.append(frame.url))
    yield opened
    opened.context.close()
