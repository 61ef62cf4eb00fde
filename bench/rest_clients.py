"""Clients that ask on and on: `python -m bench.rest_clients PORT CONNECTIONS SECONDS`; a request on standard input.

The request is the whole HTTP text; `%n` in it is a number that no other request has. Prints how many were answered as wanted.
"""

import itertools
import socket
import sys
import threading
import time

COUNT = itertools.count(time.time_ns() % 10**9)


def answered(connection: socket.socket, request: bytes) -> bytes:
    """The status line of the answer, once all of it came."""
    connection.sendall(request)
    came = b""
    while (end := came.find(b"\r\n\r\n")) < 0:
        came += received(connection)
    head = came[:end].lower()
    length = int(head.split(b"content-length:")[1].split(b"\r\n")[0])
    while len(came) < end + 4 + length:
        came += received(connection)
    return came.partition(b"\r\n")[0]


def received(connection: socket.socket) -> bytes:
    """The next bytes. Raises ConnectionError at the end."""
    portion = connection.recv(1 << 16)
    if not portion:
        raise ConnectionError("closed by the server")
    return portion


def ask(port: int, head: bytes, body: bytes, until: float, done: list[int]) -> None:
    """One connection: one request after the other."""
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while time.perf_counter() < until:
            said = body.replace(b"%n", b"%d" % next(COUNT))
            status = answered(connection, head.replace(b"%l", b"%d" % len(said)) + said)
            if not status.split()[1].startswith(b"2"):
                raise SystemExit(status.decode())
            done.append(1)


def main() -> None:
    """Print how many requests a second were answered."""
    port, connections, seconds = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
    head, _, body = sys.stdin.buffer.read().partition(b"\n\n")
    head = head.replace(b"\n", b"\r\n") + b"\r\n\r\n"
    done: list[int] = []
    begun = time.perf_counter()
    threads = [threading.Thread(target=ask, args=(port, head, body, begun + seconds, done)) for _ in range(connections)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    print(len(done) / (time.perf_counter() - begun))


if __name__ == "__main__":
    main()
