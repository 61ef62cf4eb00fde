"""The line between a second machine and the database fails while everybody writes: whoever listens there loses nothing."""

import shutil
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests

from tests.db.supervised import eventually
from tests.faults.branch import Branch
from tests.faults.observer import Observer
from tests.faults.site import PATIENCE, Site

NOTICED = 20
"""Seconds in which a line that died must be noticed: ten, and as many for a machine with much else to do."""
UNRUNG = 5
"""Seconds in which what no bell told of is told: two, and some for such a machine."""
MANY, SECONDS_OF_MANY = 30, 15
"""More reads without a bell than one a second makes."""


@pytest.fixture(scope="module")
def branch(site: Site, page) -> Iterator[Branch]:
    """The second machine."""
    folder = Path(tempfile.mkdtemp(prefix="cf-"))
    made = Branch(site, folder)
    yield made
    made.end()
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def client(site: Site, branch: Branch) -> Iterator[Observer]:
    """Somebody who listens at it."""
    made = site.observe(at=branch.address)
    yield made
    site.let_go(made)


def test_a_bell_that_is_lost_on_the_line_is_made_good_by_the_clock(site: Site, branch: Branch, client: Observer):
    missed = branch.figures()["missed_bells"]

    def hears_unrung() -> bool:
        assert client.wait_for(*site.mark(), seconds=UNRUNG)
        return branch.figures()["missed_bells"] > missed
    branch.line.loses_notifications = True
    with site.quiet():
        eventually(hears_unrung, PATIENCE)
    site.assert_nothing_lost()
    branch.line.loses_notifications = False
    assert client.connections == 1


def test_a_line_that_dies_without_a_word_is_noticed_and_nothing_is_lost(site: Site, branch: Branch, client: Observer):
    site.assert_nothing_lost()
    connections = branch.figures()["connections"]
    branch.line.die()
    with ThreadPoolExecutor() as beside:
        answered = beside.submit(answers, site, branch)
        assert client.wait_for(*site.mark(), seconds=NOTICED)
        answered.result()
    eventually(lambda: answers(site, branch), PATIENCE)
    site.assert_nothing_lost()
    assert client.connections == 1 and not client.resets, "a client's own line has not failed"
    assert branch.figures()["connections"] > connections


def answers(site: Site, branch: Branch) -> bool:
    """Whether its pages have noticed, too; each answer, also that it cannot be reached, comes within a moment."""
    answer = requests.get(f"{branch.address}/api/products", headers={"Authorization": f"Bearer {site.key}"}, timeout=NOTICED)
    assert answer.status_code in (200, 503), answer.text
    return answer.ok


def test_a_pooler_that_swallows_bells_is_found_out_and_the_feed_asks_instead(site: Site, branch: Branch, client: Observer):
    found = branch.running.err.count("feed_polls")
    branch.line.loses_notifications = branch.line.keeps_own = True
    branch.line.refuse()
    branch.line.refuses = False
    eventually(lambda: branch.running.err.count("feed_polls") > found, PATIENCE)
    with site.quiet():
        for _ in range(3):
            assert client.wait_for(*site.mark(), seconds=UNRUNG)
        polls = branch.figures()["polls"]
        eventually(lambda: branch.figures()["polls"] > polls + MANY, SECONDS_OF_MANY)
    site.assert_nothing_lost()
    if site.mode == "hub":  # no command can ask a web worker
        assert "without a transaction pooler" in branch.installation.run("doctor").stdout
