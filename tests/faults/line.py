"""A TCP line to a PostgreSQL server that fails in every way that nobody is told of, and in those that one is."""

import contextlib
import ctypes
import socket
import struct
import threading
from urllib.parse import parse_qs, urlsplit

import pytest

NOTIFICATION = ord("A")
"""NotificationResponse, as a PostgreSQL server sends it."""
KEY = ord("K")
"""BackendKeyData: who serves the connection."""
SO_ATTACH_FILTER = 26
DROP_ALL = struct.pack("HBBI", 6, 0, 0, 0)
"""A packet filter of one instruction: keep nothing."""


class Line:
    """Listens on a port of this machine and forwards to the Unix socket of `url`; `url` of itself leads the same way."""

    def __init__(self, url: str):
        parts = urlsplit(url)
        query = parse_qs(parts.query)
        self._server = f"{query['host'][0]}/.s.PGSQL.{query['port'][0]}"
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._clients: list[socket.socket] = []
        self._dead: set[socket.socket] = set()
        self._hung: set[socket.socket] = set()
        self.refuses = False
        self.loses_notifications = self.keeps_own = False
        self.url = (f"postgresql://{parts.username}@127.0.0.1:{self._listener.getsockname()[1]}{parts.path}"
                    "?sslmode=disable&gssencmode=disable")
        threading.Thread(target=self._accept, daemon=True).start()

    def die(self) -> None:
        """From now on no packet of the open connections arrives, and none is acknowledged; nobody is told."""
        for each in [client for client in self._clients if client.fileno() >= 0]:
            instruction = ctypes.create_string_buffer(DROP_ALL)
            try:
                each.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, struct.pack("HL", 1, ctypes.addressof(instruction)))
            except PermissionError:
                pytest.skip("this machine lets only root drop the packets of a connection")
            self._dead.add(each)

    def hang(self) -> None:
        """From now on all that is said on the open connections is acknowledged, and nothing answered."""
        self._hung.update(self._clients)

    def refuse(self) -> None:
        """End the open connections, and every new one at once, until `refuses` is False."""
        self.refuses = True
        for each in [client for client in self._clients if client.fileno() >= 0]:
            with contextlib.suppress(OSError):  # the other side has gone by itself
                each.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """End it."""
        self._listener.close()
        for each in self._clients:
            each.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            if self.refuses:
                client.close()
                continue
            server = socket.socket(socket.AF_UNIX)
            server.connect(self._server)
            self._clients.append(client)
            threading.Thread(target=self._there, args=(client, server), daemon=True).start()
            threading.Thread(target=self._back, args=(server, client), daemon=True).start()

    def _there(self, client: socket.socket, server: socket.socket) -> None:
        try:
            while data := client.recv(65536):
                if client not in self._hung:
                    server.sendall(data)
        except OSError:
            pass
        server.close()

    def _back(self, server: socket.socket, client: socket.socket) -> None:
        waiting = served_by = b""
        try:
            while data := server.recv(65536):
                waiting += data
                while len(waiting) > 4 and len(waiting) > (size := int.from_bytes(waiting[1:5])):
                    message, waiting = waiting[:size + 1], waiting[size + 1:]
                    served_by = message[5:9] if message[0] == KEY else served_by
                    is_lost = message[0] == NOTIFICATION and self.loses_notifications and not (
                        self.keeps_own and message[5:9] == served_by)
                    if client not in self._dead and not is_lost:
                        client.sendall(message)
        except OSError:
            pass
        client.close()
