"""The web server's worker: a client that holds on to its connection delays nobody."""

import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest
import requests

SERVE = """
from gunicorn.app.base import BaseApplication
from cogniflow.web.workers import limit_request_line
def answer(environ, start):
    start("200 OK", [("Content-Length", "2")])
    return [b"ok"]
class Served(BaseApplication):
    def load_config(self):
        for name, value in {"bind": "127.0.0.1:%d", "worker_class": "cogniflow.web.worker.Worker", "threads": 4,
                            "control_socket_disable": True, "limit_request_line": limit_request_line}.items():
            self.cfg.set(name, value)
    def load(self):
        return answer
Served().run()
"""


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """A gunicorn of one worker of ours, and nothing else."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        number = free.getsockname()[1]
    with subprocess.Popen([sys.executable, "-c", SERVE % number], stderr=subprocess.DEVNULL) as serving:
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            try:
                socket.create_connection(("127.0.0.1", number)).close()
                break
            except ConnectionRefusedError:
                assert serving.poll() is None
        yield number
        serving.terminate()


@pytest.mark.parametrize("request_bytes", [b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", b"nonsense\r\n\r\n"])
def test_clients_that_hold_their_connections_delay_nobody(port, request_bytes):
    held = [socket.create_connection(("127.0.0.1", port)) for _ in range(10)]
    for each in held:
        each.sendall(request_bytes)
        assert each.recv(4096)
    begun = time.monotonic()
    assert requests.get(f"http://127.0.0.1:{port}/", timeout=30).text == "ok"
    assert time.monotonic() - begun < 2  # gunicorn's own worker lingers two seconds on each of the ten
    for each in held:
        each.close()


@pytest.mark.parametrize(("request_bytes", "status"), [
    (b"nonsense\r\n\r\n", 400), (b"GET /" + b"x" * 8200 + b" HTTP/1.1\r\nHost: x\r\n\r\n", 414),
    (b"GET / HTTP/1.1\r\nHost: x\r\nX-Long: " + b"x" * 9000 + b"\r\n\r\n", 431),
    (b"GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: nope\r\n\r\n", 501)], ids=["nonsense", "line", "header", "coding"])
def test_what_never_reaches_the_app_is_told_as_a_problem(port, request_bytes, status):
    with socket.create_connection(("127.0.0.1", port)) as client:
        client.sendall(request_bytes)
        with client.makefile("rb") as answered:
            head, _, body = answered.read().partition(b"\r\n\r\n")
    assert b"Content-Type: application/problem+json" in head
    problem = json.loads(body)
    assert (problem["type"], problem["status"], int(head.split()[1])) == ("about:blank", status, status)


def test_an_address_may_be_as_long_as_a_filter_of_many_values(port):
    assert requests.get(f"http://127.0.0.1:{port}/?id__in={'7,' * 4000}7", timeout=30).text == "ok"
