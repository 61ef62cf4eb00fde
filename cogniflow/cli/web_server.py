"""The port of everything, and gunicorn behind it."""

import errno
import socket
import time

from cogniflow.config import Settings
from cogniflow.errors import Unavailable

SECONDS_FOR_THE_PORT = 3
"""What the web server of a supervisor that was killed takes to notice and let go of the port."""
EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}


def url(settings: Settings) -> str:
    """Where a browser on this machine finds it."""
    host = EVERYWHERE.get(settings.host, settings.host)
    return f"http://{f'[{host}]' if ':' in host else host}:{settings.port}"


def command(settings: Settings, listener: socket.socket) -> list[str]:
    """What Python runs to serve the app at `listener`: while it is started again, connections wait and none is refused."""
    return ["-m", "gunicorn", "wsgi:app", "--config", "python:cogniflow.web.workers", "--workers", str(settings.workers),
            "--threads", str(settings.threads), "--bind", f"fd://{listener.fileno()}"]


def listen(host: str, port: int) -> socket.socket:
    """Take the port. Raises Unavailable if it cannot be had."""
    deadline = time.monotonic() + SECONDS_FOR_THE_PORT
    while True:
        try:
            family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
            return socket.create_server(address, family=family, backlog=1024)
        except OSError as problem:
            if problem.errno != errno.EADDRINUSE:
                raise Unavailable(f"Cannot listen on {host}, port {port} ({problem.strerror}): "
                                  f"set COGNIFLOW_HOST and COGNIFLOW_PORT.") from None
            if time.monotonic() > deadline:
                raise Unavailable(f"Port {port} of {host} is in use: end what uses it, or set COGNIFLOW_PORT.") from None
        time.sleep(0.05)
