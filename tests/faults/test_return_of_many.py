"""Very many clients lose their connection at the same moment, and whoever served them its memory."""

import socket
from collections.abc import Iterator

import pytest

from cogniflow.realtime.room import make_room
from tests.faults.site import PATIENCE, Site
from tests.realtime.crowd import Crowd, Member

CLIENTS = {"hub": 1_000, "loop": 300}
"""By the mode: "loop" has a thread for each client, which is no way to serve a thousand."""
CHANGE = "INSERT INTO product_categories (name) VALUES (gen_random_uuid()) RETURNING pg_current_xact_id()::text"
HANDSHAKE = ("GET /ws HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
             "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nAuthorization: Bearer {key}\r\n\r\n")


@pytest.fixture
def crowd(site: Site) -> Iterator[Crowd]:
    """All of them, following categories, which nobody else writes."""
    def connect() -> socket.socket:
        made = socket.create_connection(("127.0.0.1", site.installation.port), timeout=PATIENCE)
        made.sendall(HANDSHAKE.format(port=site.installation.port, key=site.key).encode())
        return made
    make_room()
    made = Crowd(connect, "product_categories", CLIENTS[site.mode])
    made.follow(lambda each: each.is_ready, PATIENCE)
    yield made
    made.leave()


def test_all_who_lose_their_connection_at_once_come_back_by_their_token_and_miss_nothing(site: Site, page, crowd: Crowd):
    written: list[str] = []

    def write(times: int) -> None:
        with site.psql() as connection:
            written.extend(connection.execute(CHANGE).fetchone()[0] for _ in range(times))

    def has_heard_all_once(each: Member) -> bool:
        return each.is_ready and each.heard == written
    write(3)
    crowd.follow(has_heard_all_once, PATIENCE)
    site.kill_who_serves_sockets()
    write(20)
    crowd.follow(has_heard_all_once, PATIENCE)
    write(3)
    crowd.follow(has_heard_all_once, PATIENCE)
    assert {(each.gaps, each.resets) for each in crowd.members} == {(0, 0)}
    assert all(each.connections > 1 for each in crowd.members)
    site.assert_nothing_lost()
