"""Whoever loses a right, an account or a session while listening is told so within a second."""

import json
import secrets
import time
from collections.abc import Callable, Iterator

import pytest
import requests
import websocket

from tests.faults.site import Site
from tests.faults.writers import sign_in

WITHIN = 1.0
"""Seconds from the commit to the client's ear."""
PASSWORD = "listening is allowed"


@pytest.fixture(scope="module")
def person(site: Site) -> str:
    """The address of somebody who may see the business and change nothing."""
    address = f"{secrets.token_hex(4)}@example.com"
    site.installation.result("user", "create", address, "--role", "viewer", "--password", PASSWORD)
    return address


@pytest.fixture
def session(site: Site, person: str) -> requests.Session:
    """Their browser, signed in."""
    return sign_in(site.address, person, PASSWORD)


@pytest.fixture
def listening(site: Site, session: requests.Session) -> Iterator[Callable[[], str | int]]:
    """Their socket that follows categories: waits for the reason of the next reset, or the code with which it is closed."""
    cookies = "; ".join(f"{each.name}={each.value}" for each in session.cookies)
    opened = websocket.create_connection(site.address.replace("http", "ws") + "/ws", timeout=30, cookie=cookies)
    opened.send(json.dumps({"type": "hello", "v": 1, "topics": ["product_categories"]}))
    assert json.loads(opened.recv())["type"] == "ready"

    def told() -> str | int:
        while True:
            opcode, data = opened.recv_data()
            if opcode == websocket.ABNF.OPCODE_CLOSE:
                return int.from_bytes(data[:2])
            if (message := json.loads(data))["type"] == "reset":
                return message["why"]
    yield told
    opened.shutdown()


def committed(site: Site, statement: str, *parameters: object) -> float:
    """Execute it; when it was done."""
    with site.psql() as connection:
        connection.execute(statement, parameters)
        return time.monotonic()


def test_a_permission_is_revoked_while_its_topic_is_followed(site: Site, page, listening):
    withdraw = ("UPDATE permissions SET can_read = %s WHERE entity = 'product_categories' "
                "AND role_id = (SELECT id FROM roles WHERE name = 'viewer')")
    with site.quiet():
        done = committed(site, withdraw, False)
        assert listening() == "auth" and time.monotonic() - done < WITHIN
    committed(site, withdraw, True)
    site.assert_nothing_lost()


def test_a_user_is_disabled_while_listening(site: Site, page, person, listening):
    with site.quiet():
        done = committed(site, "UPDATE users SET active = false WHERE email = %s", person)
        assert listening() == 4001 and time.monotonic() - done < WITHIN
    committed(site, "UPDATE users SET active = true WHERE email = %s", person)
    site.assert_nothing_lost()


def test_somebody_signs_out_while_listening(site: Site, page, session, listening):
    with site.quiet():
        begun = time.monotonic()
        signed_out = session.post(f"{site.address}/logout", timeout=30, allow_redirects=False,
                                  headers={"X-CSRFToken": session.cookies["XSRF-TOKEN"]})
        assert signed_out.status_code == 302 and listening() == 4001
        assert time.monotonic() - begun < signed_out.elapsed.total_seconds() + WITHIN
    site.assert_nothing_lost()
