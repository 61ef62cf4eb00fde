"""One program that is every client of the fan-out bench, in a process of its own; commands on standard input.

`connect PORT COUNT [TOKEN]`: open so many, say hello, and print the seconds until all are served. `deaf PORT`: one more, which
never reads. `hear`: print when the last client heard of the last event, and how many messages came. `leave`: close all.
"""

import select
import socket
import sys
import time

from bench.fanout_servers import LAST
from cogniflow.realtime.room import make_room

HANDSHAKE = (b"GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
             b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n%b\r\n")
TEXT = b'{"type":"hello","v":1,"topics":["products"]}'
# a client masks its frames: a mask of noughts leaves the text as it is
HELLO = b"\x81" + bytes([0x80 | len(TEXT)]) + bytes(4) + TEXT
READY, MESSAGE, END = b'"type":"ready"', b'"type":"chg"', str(LAST).encode()
PATIENCE = 60


class Clients:
    """Many sockets and one selector; of each, what is still looked for."""

    def __init__(self) -> None:
        self._poll = select.epoll()
        self._sockets: dict[int, socket.socket] = {}
        self._deaf: list[socket.socket] = []

    def connect(self, port: int, count: int, token: str = "") -> float:
        """Open so many, each with the token, and wait until each is served; seconds."""
        begun, upgraded = time.monotonic(), set()
        for _ in range(count):
            one = self._open(port, token)
            one.setblocking(False)
            self._sockets[one.fileno()] = one
            self._poll.register(one, select.EPOLLIN)

        def heard(number: int, data: bytes) -> bool:
            if b"101 Switching" in data and number not in upgraded:
                upgraded.add(number)
                self._sockets[number].send(HELLO)
            return READY in data
        self._until(heard)
        return time.monotonic() - begun

    def deaf(self, port: int) -> None:
        """Open one that never reads after its handshake, with as small a buffer as there is."""
        one = self._open(port, "", small=True)
        while b"\r\n\r\n" not in one.recv(4096):
            pass
        one.send(HELLO)
        self._deaf.append(one)

    def hear(self) -> tuple[float, int]:
        """When the last has heard of the last event, and how many messages all have heard."""
        messages = 0

        def heard(_: int, data: bytes) -> bool:
            nonlocal messages
            messages += data.count(MESSAGE)
            return END in data
        self._until(heard)
        return time.monotonic(), messages

    def leave(self) -> None:
        """Close all."""
        for each in (*self._sockets.values(), *self._deaf):
            each.close()
        self._sockets.clear()
        self._deaf.clear()

    def _open(self, port: int, token: str, small: bool = False) -> socket.socket:
        one = socket.socket()
        if small:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        one.connect(("127.0.0.1", port))
        one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        one.send(HANDSHAKE % (f"Authorization: Bearer {token}\r\n".encode() if token else b""))
        return one

    def _until(self, is_last) -> None:
        left, rest = set(self._sockets), {}
        deadline = time.monotonic() + PATIENCE
        while left:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{len(left)} of {len(self._sockets)} clients have not heard in {PATIENCE} s")
            for number, _ in self._poll.poll(1):
                data = self._sockets[number].recv(1 << 18)
                if not data:
                    raise ConnectionResetError("a client was closed")
                if is_last(number, rest.pop(number, b"") + data):
                    left.discard(number)
                else:
                    rest[number] = data[1 - len(READY):]  # what is looked for may be cut in two


def main() -> None:
    """Do as told until standard input ends."""
    make_room()
    clients = Clients()
    for line in sys.stdin:
        match line.split():
            case ["connect", port, count, *token]:
                print(clients.connect(int(port), int(count), *token), flush=True)
            case ["deaf", port]:
                clients.deaf(int(port))
                print(flush=True)
            case ["hear"]:
                print(*clients.hear(), flush=True)
            case ["leave"]:
                clients.leave()
                print(flush=True)


if __name__ == "__main__":
    main()
