"""The socket routes `/ws` and `/ws/<topic>`: who comes in, and who serves them from then on."""

import os
import re
import socket
import threading
from urllib.parse import urlsplit

from flask import Blueprint, Flask, Response, abort, g, request
from flask_sock import Sock
from simple_websocket import Server
from werkzeug.exceptions import HTTPException

from cogniflow.config import Settings
from cogniflow.realtime.feed import Feed
from cogniflow.realtime.handover import SocketTaker
from cogniflow.realtime.websocket import upgrade_response
from cogniflow.web.loop import HeldThread, serve
from cogniflow.web.problems import CONTENT_TYPE, problem_json, problem_of

KEPT_FOR_PAGES = 8
"""Threads of a worker that sockets never take."""
VERSION = "13"
KEY = re.compile(r"[A-Za-z0-9+/]{22}==")
"""16 bytes in base64, as every handshake has them (RFC 6455, 4.2.1)."""


class UpgradeRequired(HTTPException):
    """The socket is of a version that is not spoken here."""

    code = 426
    description = f"Only version {VERSION} of WebSocket is spoken here."


class HandedOver(Response):
    """Ends a request whose socket somebody else serves now: nothing is written."""

    def __call__(self, environ: dict, start_response: object) -> list[bytes]:
        """Let go of the request as each server understands it."""
        if "gunicorn.socket" in environ:
            raise StopIteration
        raise ConnectionAbortedError


def register_socket(app: Flask, takes: SocketTaker | Feed, settings: Settings) -> None:
    """Add the socket routes; whoever signs in must have put the caller into `g.caller` before.

    The socket is handed to a SocketTaker; with a Feed, the flask-sock loop serves it in the thread of its request.
    401 when nobody is signed in, 403 from a foreign origin, 426 and 400 for what is no handshake, all before the upgrade;
    503 when nobody takes sockets, 1013 when the worker is full.
    """
    app.config["SOCK_SERVER_OPTIONS"] = {**app.config.get("SOCK_SERVER_OPTIONS", {}), "thread_class": HeldThread}
    blueprint, sock = Blueprint("socket", __name__), Sock()
    room = threading.BoundedSemaphore(max(1, settings.threads - KEPT_FOR_PAGES))

    @blueprint.before_request
    def admit() -> Response | None:
        if g.get("caller") is None:
            abort(401)
        if not _is_own(request.headers.get("Origin"), request.host, settings.allowed_origins):
            abort(403, "This origin may not open a socket.")
        if request.method != "GET":
            abort(405)
        if request.headers.get("Sec-WebSocket-Version") != VERSION:
            return Response(problem_json(problem_of(UpgradeRequired())), UpgradeRequired.code,
                            {"Sec-WebSocket-Version": VERSION}, content_type=CONTENT_TYPE)
        if not KEY.fullmatch(request.headers.get("Sec-WebSocket-Key", "")):
            abort(400, "Sec-WebSocket-Key must be 16 bytes in base64.")
        # no compression: every client would cost its own encoding of the same frame
        request.environ.pop("HTTP_SEC_WEBSOCKET_EXTENSIONS", None)
        return None if isinstance(takes, Feed) else _hand_over(takes)

    @sock.route("/ws", bp=blueprint)
    def whole(ws: Server) -> None:
        serve(ws, takes, room, None)

    @sock.route("/ws/<path:topic>", bp=blueprint)
    def of_topic(ws: Server, topic: str) -> None:
        serve(ws, takes, room, _asked())

    app.register_blueprint(blueprint)


def _is_own(origin: str | None, host: str, allowed: list[str]) -> bool:
    return origin is None or urlsplit(origin).netloc == host or origin in {each.rstrip("/") for each in allowed}


def _asked() -> str | None:
    """The topic of the address, with its parameters where a topic may have some."""
    topic = (request.view_args or {}).get("topic")
    query = request.query_string.decode("ascii", "replace")
    return f"{topic}?{query}" if topic and query and topic.startswith(("panel/", "dashboard/")) else topic


def _hand_over(taker: SocketTaker) -> HandedOver:
    """Give the connection away, and leave the server a dead one to close. Raises Unavailable."""
    served = request.environ.get("gunicorn.socket") or request.environ["werkzeug.socket"]
    connection = socket.socket(fileno=os.dup(served.fileno()))
    try:
        taker.take(connection, upgrade_response(request.headers["Sec-WebSocket-Key"]), g.caller, _asked())
    except BaseException:
        connection.close()
        raise
    dead, other = socket.socketpair()
    with dead, other:
        os.dup2(dead.fileno(), served.fileno())
    return HandedOver(status=101)
