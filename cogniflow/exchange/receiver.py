"""One message to one receiver: signed, within 15 seconds, to no address of a private network unless that is allowed."""

import datetime as dt
import socket
import ssl
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from ipaddress import IPv6Address, IPv6Network, ip_address
from typing import Any
from urllib.parse import SplitResult, quote, urlsplit

import orjson
from standardwebhooks import Webhook as Signer

WITHIN = 15.0
"""Seconds that connecting, sending and the answer may take together; the name of the host is looked up before."""
GONE = 410
IPV4_IN_IPV6 = IPv6Network("64:ff9b::/96")
"""What a network without IPv4 calls the addresses that have it."""
LEFT_AS_IT_IS = "/%:@!$&'()*+,;=~?"


@dataclass(frozen=True)
class Outcome:
    """What came of an attempt: the status of the answer, where there was one, and what was wrong."""

    code: int | None
    problem: str | None
    milliseconds: int = 0


class Refused(OSError):
    """Nothing is sent there."""


def send(url: str, message_id: str, payload: Any, secrets: Sequence[str], *, private: bool, within: float = WITHIN) -> Outcome:
    """Send a message, signed with each of the secrets as Standard Webhooks has it; only 2xx takes it, nothing is followed.

    `private`: whether the receiver may be in a private network, or on this machine.
    """
    body, at, begun = orjson.dumps(payload).decode(), dt.datetime.now(dt.UTC), time.monotonic()
    headers = {"webhook-id": message_id, "webhook-timestamp": str(int(at.timestamp())),
               "webhook-signature": " ".join(Signer(each).sign(message_id, at, body) for each in secrets),
               "Content-Type": "application/json", "User-Agent": "CogniFlow", "Connection": "close"}
    code = problem = None
    try:
        code = _post(urlsplit(url), body.encode(), headers, private, begun + within)
        problem = None if 200 <= code < 300 else f"The receiver answered {code}."
    except (OSError, HTTPException, ValueError) as error:
        is_late = time.monotonic() >= begun + within
        problem = f"It took longer than {within:g} seconds." if is_late else (str(error) or type(error).__name__)[:200]
    return Outcome(code, problem, round(1000 * (time.monotonic() - begun)))


def _post(url: SplitResult, body: bytes, headers: dict[str, str], private: bool, deadline: float) -> int:
    is_safe, host = url.scheme == "https", url.hostname or ""
    sock = _connected(host, url.port or (443 if is_safe else 80), private, deadline)
    if is_safe:
        sock = tls().wrap_socket(sock, server_hostname=host, do_handshake_on_connect=False)
    # one that answers a byte at a time is given up, too: the timeout of a socket is that of each read
    watch = threading.Timer(deadline - time.monotonic(), _hang_up, [sock])
    watch.daemon = True
    watch.start()
    try:
        if isinstance(sock, ssl.SSLSocket):
            sock.do_handshake()
        connection = (HTTPSConnection if is_safe else HTTPConnection)(host, url.port)
        connection.sock = sock
        where = quote(url.path or "/", LEFT_AS_IT_IS) + (f"?{quote(url.query, LEFT_AS_IT_IS)}" if url.query else "")
        connection.request("POST", where, body, headers)
        return connection.getresponse().status
    finally:
        watch.cancel()
        sock.close()


def _connected(host: str, port: int, private: bool, deadline: float) -> socket.socket:
    """A connection to one of the host's addresses, each judged as it is connected to: a name may mean another a moment later."""
    problem: OSError = Refused(f"There is no {host}.")
    for family, kind, protocol, _, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
        if not private and not is_public(str(address[0])):
            problem = Refused(f"{host} is in a private network.")
            continue
        sock = socket.socket(family, kind, protocol)
        try:
            sock.settimeout(max(0.01, deadline - time.monotonic()))
            sock.connect(address)
            return sock
        except OSError as error:
            sock.close()
            problem = error
    raise problem


def is_public(address: str) -> bool:
    """Whether anybody in the world means the same machine by the address."""
    ip = ip_address(address)
    if isinstance(ip, IPv6Address):
        within = ip_address(int(ip) & 0xffffffff) if ip in IPV4_IN_IPV6 else ip.ipv4_mapped or ip.sixtofour
        if within:
            return is_public(str(within))
    return ip.is_global and not ip.is_multicast


def _hang_up(sock: socket.socket) -> None:
    with suppress(OSError):
        socket.socket.shutdown(sock, socket.SHUT_RDWR)  # that of TLS would say good-bye first, and wait


@cache
def tls() -> ssl.SSLContext:
    """What certificates of receivers are believed: those that the machine believes."""
    return ssl.create_default_context()
