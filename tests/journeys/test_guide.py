"""The client that the guide shows to integrators does what the guide says."""

import queue
import re
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from cogniflow.db.session import SYSTEM, Database
from cogniflow.domain.accounts.tokens import create_token

GUIDE = Path(__file__).parents[2] / "docs" / "guides" / "realtime-client.md"
MOST_LINES = 60


@pytest.fixture(scope="module")
def client() -> dict[str, Any]:
    """The names that the guide's program defines."""
    code = re.search(r"```python\n(.*?)```", GUIDE.read_text(), re.S).group(1)
    assert len([line for line in code.splitlines() if line.strip()]) < MOST_LINES
    names: dict[str, Any] = {"__name__": "realtime_client"}
    exec(compile(code, str(GUIDE), "exec"), names)
    return names


@pytest.fixture
def mirror(client, live_server: str, live_database: str) -> Iterator[Any]:
    """The guide's client at work; `ended` is how it ended, `told` the rows it told of."""
    database = Database(live_database, pool_size=2)
    with database.transaction(SYSTEM) as session:
        bearer = create_token(session, "integration", "guide")
    database.close()
    told: queue.Queue = queue.Queue()
    mirror = client["Mirror"](live_server, bearer, "products", lambda rows: told.put(dict(rows)))
    mirror.told, mirror.ended = told, []

    def run() -> None:
        try:
            mirror.run()
        except Exception as error:
            mirror.ended.append(error)

    mirror.thread = threading.Thread(target=run, daemon=True)
    mirror.thread.start()
    yield mirror


def told(mirror: Any, met: Callable[[dict], Any]) -> dict:
    """The rows once they meet a condition."""
    rows = {}
    while not (rows and met(rows)):
        rows = mirror.told.get(timeout=20)
    return rows


def test_the_guides_client_holds_what_the_database_holds_through_every_failure(mirror, psql, rest):
    first, second, third = sorted(told(mirror, len))[:3]
    psql(f"UPDATE products SET name = 'Told at once' WHERE id = {first}")
    told(mirror, lambda rows: rows[first]["name"] == "Told at once")

    mirror.socket.sock.shutdown(socket.SHUT_RDWR)
    psql(f"UPDATE products SET name = 'While it was away' WHERE id = {second}")
    told(mirror, lambda rows: rows[second]["name"] == "While it was away")

    mirror.token = "1.000000000000.5.5."
    mirror.socket.sock.shutdown(socket.SHUT_RDWR)
    psql(f"UPDATE products SET archived_at = now() WHERE id = {third}; UPDATE products SET name = name || ' (all)'")
    rows = told(mirror, lambda rows: third not in rows and all(row["name"].endswith(" (all)") for row in rows.values()))
    page = rest("GET", "products?limit=200").json()
    assert rows == {row["id"]: row for row in page["data"]}

    psql("UPDATE api_tokens SET revoked_at = now() WHERE name = 'guide'")
    mirror.thread.join(20)
    assert [type(error) for error in mirror.ended] == [PermissionError]


def test_the_guides_client_stops_when_it_comes_back_with_a_token_that_was_revoked(mirror, psql, monkeypatch):
    told(mirror, len)
    away, revoked = threading.Event(), threading.Event()
    # between the end of one socket and the next: nobody tells it by 4001
    monkeypatch.setitem(mirror.follow.__globals__, "time", SimpleNamespace(sleep=lambda _: (away.set(), revoked.wait(20))))
    mirror.socket.sock.shutdown(socket.SHUT_RDWR)
    assert away.wait(20)
    psql("UPDATE api_tokens SET revoked_at = now() WHERE name = 'guide'")
    revoked.set()
    mirror.thread.join(20)
    assert [getattr(error, "status_code", None) for error in mirror.ended] == [401]
