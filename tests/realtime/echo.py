"""An echo endpoint on the hub, for outside suites of WebSocket: `python -m tests.realtime.echo 9001` runs until stopped."""

import math
import socket
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from cogniflow.realtime.feed import Feed
from cogniflow.realtime.hub import Hub
from cogniflow.realtime.peer import Peer
from cogniflow.realtime.topics import EventMap
from cogniflow.realtime.websocket import Binary, Decoder, Event, Text, text_frame, upgrade_response
from tests.realtime.wire import binary_frame

MOST_BYTES = 32 * 1024 * 1024


class Unasked:
    """The authoriser of a feed that nobody subscribes to."""

    def expires_at(self, caller: object) -> float:
        """Never."""
        return math.inf


class NoFeed(Feed):
    """A feed without a database: nothing ever changes."""

    def __init__(self):
        super().__init__("postgresql:///nowhere", EventMap({}), Unasked())

    def start(self) -> None:
        """Follow nothing."""


class EchoHub(Hub):
    """Sends back what it hears instead of answering it; the sockets, frames and threads are the hub's own."""

    def _hear(self, peer: Peer, heard: list[Event]) -> None:
        for event in heard:
            if isinstance(event, Text | Binary):
                peer.answers += (text_frame if isinstance(event, Text) else binary_frame)(event.payload)
            super()._hear(peer, [] if isinstance(event, Text | Binary) else [event])

    def _watch(self, peer: Peer, events: int) -> None:
        if not peer.events:
            peer.decoder = Decoder(MOST_BYTES)
        super()._watch(peer, events)


class EchoServer(ThreadingHTTPServer):
    """Upgrades every request on one port of this machine, 0 for a free one, and hands its socket to the hub."""

    def __init__(self, port: int = 0):
        super().__init__(("127.0.0.1", port), Upgrade)
        self.hub = EchoHub(NoFeed())

    @property
    def url(self) -> str:
        """Where clients connect to."""
        return f"ws://127.0.0.1:{self.server_port}/"

    def shutdown_request(self, request: socket.socket) -> None:
        """Close our end without ending the connection, which the hub has now."""
        self.close_request(request)

    def server_close(self) -> None:
        """End the hub too."""
        super().server_close()
        self.hub.stop()


class Upgrade(BaseHTTPRequestHandler):
    """One handshake, whatever it asks for."""

    def do_GET(self) -> None:
        """Hand the connection to the hub."""
        self.server.hub.take(self.connection.dup(), upgrade_response(self.headers["Sec-WebSocket-Key"]), "anyone", None)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


if __name__ == "__main__":
    with EchoServer(int(sys.argv[1])) as server:
        print(server.url, flush=True)
        server.serve_forever()
