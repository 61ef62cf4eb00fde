"""What load balancers and monitoring are told, wherever the feed runs."""

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from prometheus_client.parser import text_string_to_metric_families

from cogniflow.app import create_app
from cogniflow.realtime.handover import Reception, listen
from cogniflow.records.subscriptions import read_identity
from cogniflow.web.health import FIGURES
from tests.db.supervised import eventually


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "realtime.sock"


@pytest.fixture
def worker(settings, path) -> Iterator:
    """The app as a web worker beside a realtime process at `path` has it."""
    made = create_app(settings.model_copy(update={"realtime_path": path, "public_metrics": True}))
    yield made
    made.extensions["cogniflow"].close()


@pytest.fixture
def reception(app, path) -> Iterator[Reception]:
    """What the realtime process at `path` does."""
    with listen(path) as listener:
        received = Reception(listener, app.extensions["cogniflow"].sockets, read_identity)
        app.extensions["cogniflow"].start()
        received.start()
        yield received
        received.stop()


def figures(app) -> dict[str, float]:
    """The feed's figures of /metrics by name."""
    told = text_string_to_metric_families(app.test_client().get("/metrics").text)
    return {each.name.removeprefix("cogniflow_feed_"): each.samples[0].value for each in told if "_feed_" in each.name}


def test_every_figure_of_the_feed_is_told_and_says_what_it_means(app, worker, reception):
    health = app.extensions["cogniflow"].sockets.health()
    assert {name for name, value in health.items() if isinstance(value, int | float)} <= FIGURES.keys()
    eventually(lambda: worker.test_client().get("/readyz").status_code == 200)
    told = figures(worker)
    assert told.keys() == FIGURES.keys() and told["connected"] == 1 and told["oldest_transaction"] >= 0
    assert all(value == value for value in told.values()), "none is missing"


def test_a_worker_follows_nothing_itself_and_is_not_ready_without_the_realtime_process(worker):
    context = worker.extensions["cogniflow"]
    context.start()
    assert context.feed is None
    answer = worker.test_client().get("/readyz")
    assert answer.status_code == 503 and answer.json["checks"]["database"] == answer.json["checks"]["schema"] == "ok"
    assert answer.json["checks"]["feed"].startswith("The realtime process does not answer (")
    told = figures(worker)
    assert told["connected"] != told["connected"], "what is not known is no number"


def test_a_transaction_that_is_open_in_another_database_is_seen(worker, server):
    with psycopg.connect(server.superuser_url("postgres")) as elsewhere:
        begun, = elsewhere.execute("SELECT now()").fetchone()
        with psycopg.connect(server.superuser_url("postgres")) as clock:
            age = clock.execute("SELECT extract(epoch FROM clock_timestamp() - %s)::float", [begun]).fetchone()[0]
        assert figures(worker)["oldest_transaction"] >= age


def test_readiness_tells_figures_to_whom_the_metrics_are_told(app, client, worker, reception):
    assert "figures" not in app.test_client().get("/readyz").json
    eventually(lambda: client.get("/readyz").json["figures"].keys() == FIGURES.keys())
    eventually(lambda: worker.test_client().get("/readyz").json["figures"]["connected"] == 1)
