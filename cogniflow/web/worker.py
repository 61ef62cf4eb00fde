"""gunicorn's threaded worker: closing connections without waiting for the client, and telling every failure as a problem."""

import contextlib
import json
import socket

from gunicorn.workers.gthread import ThreadWorker

MOST_DRAINED = 64 * 1024
"""Bytes of a request nobody reads that are taken before closing, so that the client sees the answer and no reset."""


class Worker(ThreadWorker):
    """Serves on while clients that got their answer keep their connections open.

    gunicorn lingers up to two seconds on each, in the one thread that hands out all requests.
    """

    def finish_request(self, conn, fs) -> None:
        """Keep the connection for its next request, or close it now."""
        if not fs.cancelled() and fs.exception() is None and fs.result():
            super().finish_request(conn, fs)
            return
        self.nr_conns -= 1
        with contextlib.suppress(OSError), conn.sock:
            conn.sock.shutdown(socket.SHUT_WR)
            conn.sock.setblocking(False)
            drained = 0
            while drained < MOST_DRAINED and (taken := len(conn.sock.recv(4096))):
                drained += taken

    def handle_error(self, req, client, addr, exc) -> None:
        """Answer what is no HTTP, or too long, as problem+json: it never reaches the app."""
        super().handle_error(req, _InProblemJson(client), addr, exc)


class _InProblemJson:
    """The client's socket, for gunicorn's page of an error: of that, its status goes on to the client."""

    def __init__(self, client: socket.socket):
        self._client = client

    def __getattr__(self, name: str):
        return getattr(self._client, name)

    def sendall(self, page: bytes) -> None:
        """Send a problem of the page's status."""
        _, status, title = page.partition(b"\r\n")[0].decode("latin1").split(" ", 2)
        problem = json.dumps({"type": "about:blank", "title": title.capitalize(), "status": int(status),
                              "detail": "The web server cannot take this request.", "errors": []})
        self._client.sendall(f"HTTP/1.1 {status} {title}\r\nConnection: close\r\nContent-Type: application/problem+json; "
                             f"charset=utf-8\r\nContent-Length: {len(problem)}\r\n\r\n{problem}".encode())
