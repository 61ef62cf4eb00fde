"""One event to many clients: the hub beside plain flask-sock, an asyncio server and a bare loop, with the same client program."""

import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path

from cogniflow.realtime.room import make_room, room_for_sockets
from tests.cli.installed import Installation

SERVERS = {"hub": "CogniFlow's hub", "websockets": "websockets (asyncio)", "flask_sock": "plain flask-sock",
           "bare": "bare epoll loop"}
COUNTS = {"hub": (100, 1_000, 5_000, 10_000), "bare": (100, 1_000, 5_000, 10_000), "websockets": (100, 1_000, 5_000, 10_000),
          "flask_sock": (100, 1_000)}
"""Plain flask-sock has two threads and 68 KiB for each client: thousands of them are too many for a small machine."""
EVENTS, FLOOD = 7, 200
IDLE_SECONDS = 4.0


class Told:
    """A process of the bench that does what a line tells it, and answers with a line."""

    def __init__(self, *words: str):
        self.process = subprocess.Popen([sys.executable, "-m", *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def tell(self, *words: object) -> None:
        """Say what to do."""
        print(*words, file=self.process.stdin, flush=True)

    def answer(self) -> list[str]:
        """What it answers."""
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self.process.args[2:]} ended")
        return line.split()

    def ask(self, *words: object) -> list[str]:
        """Say what to do, and what it answers."""
        self.tell(*words)
        return self.answer()

    def end(self) -> None:
        """End it."""
        self.process.kill()
        self.process.communicate()


@contextmanager
def serving(name: str) -> Iterator[tuple[Told, int]]:
    """A server and its port."""
    server = Told("bench.fanout_servers", name)
    try:
        yield server, int(server.answer()[0])
    finally:
        server.end()


@contextmanager
def listening() -> Iterator[Told]:
    """The client program."""
    clients = Told("bench.fanout_clients")
    try:
        yield clients
    finally:
        clients.end()


def publish(server: Told, clients: Told, count: int = 1) -> tuple[float, int]:
    """Seconds from the first event in the server to the last at the last client, and how many messages came."""
    clients.tell("hear")
    begun = float(server.ask("publish", count)[0])
    at, messages = clients.answer()
    return float(at) - begun, int(messages)


def one_event(server: Told, clients: Told) -> float:
    """Milliseconds until the last client has an event, the median of some."""
    return statistics.median(publish(server, clients)[0] for _ in range(EVENTS)) * 1000


def crowd(name: str, count: int) -> list[str]:
    """One event to so many clients, memory of each and what they cost while nothing happens."""
    with serving(name) as (server, port), listening() as clients:
        empty = int(server.ask("memory")[0])
        clients.ask("connect", port, count)
        last = one_event(server, clients)
        each = (int(server.ask("memory")[0]) - empty) / count
        used = float(server.ask("processor")[0])
        time.sleep(IDLE_SECONDS)
        idle = (float(server.ask("processor")[0]) - used) / IDLE_SECONDS
        return [f"{last:.1f}", f"{each / 1024:.1f}", f"{idle * 100:.1f}"]


def thousand(name: str) -> list[str]:
    """1,000 clients: told one event after the other, in a flood (whose events may come merged into fewer messages), all coming
    back, and with one that never reads among them.
    """
    with serving(name) as (server, port), listening() as clients:
        clients.ask("connect", port, 1_000)
        single = [publish(server, clients) for _ in range(EVENTS * 2)]
        seconds, messages = publish(server, clients, FLOOD)
        clients.ask("leave")
        back = float(clients.ask("connect", port, 1_000)[0])
        clients.ask("deaf", port)
        return [f"{sum(each[1] for each in single) / sum(each[0] for each in single):,.0f}", f"{messages / seconds:,.0f}",
                f"{FLOOD * 1_000 / seconds:,.0f}", f"{back:.2f}", beside_deaf(server, clients)]


def beside_deaf(server: Told, clients: Told) -> str:
    """Milliseconds of the slowest of some floods while one client reads nothing."""
    try:
        return f"{max(publish(server, clients, FLOOD)[0] for _ in range(5)) * 1000:.0f}"
    except RuntimeError:
        return "stalls"


@contextmanager
def asked_without_end(port: int) -> Iterator[list[float]]:
    """A web application that four clients ask as fast as it answers; at the end, in the list, its answers per second."""
    over, counts, begun = threading.Event(), [0] * 4, time.monotonic()

    def ask(number: int) -> None:
        connection = HTTPConnection("127.0.0.1", port)
        while not over.is_set():
            connection.request("GET", "/")
            connection.getresponse().read()
            counts[number] += 1
    threads = [threading.Thread(target=ask, args=(number,)) for number in range(4)]
    for each in threads:
        each.start()
    rate: list[float] = []
    yield rate
    over.set()
    for each in threads:
        each.join()
    rate.append(sum(counts) / (time.monotonic() - begun))


def busy() -> None:
    """Print how an event fares while requests take all they can get, with the hub in a process of its own and as a thread."""
    print(f"\n{'one event to 1,000 clients, REST saturated':<50}{'last, ms':>10}{'REST/s':>10}")
    with serving("hub") as (server, port), serving("rest") as (_, rest), listening() as clients:
        clients.ask("connect", port, 1_000)
        with asked_without_end(rest) as rate:
            last = one_event(server, clients)
        print(f"{'hub in a process of its own':<50}{last:>10.1f}{rate[0]:>10,.0f}", flush=True)
    with serving("hub_with_rest") as (server, port), listening() as clients:
        rest = int(server.answer()[0])
        clients.ask("connect", port, 1_000)
        with asked_without_end(rest) as rate:
            last = one_event(server, clients)
        print(f"{'hub as a thread of the web process':<50}{last:>10.1f}{rate[0]:>10,.0f}", flush=True)


@contextmanager
def installed() -> Iterator[tuple[int, str]]:
    """The whole product as `cogniflow up` runs it; its port, and a token."""
    with tempfile.TemporaryDirectory(prefix="cf-") as folder:
        installation = Installation(Path(folder))
        try:
            running = installation.up()
            yield installation.port, installation.result("token", "create", "--role", "administrator")
            running.stop()
        finally:
            installation.end()


def reconnect() -> None:
    """Print how long 1,000 clients take to come back to the whole product, which asks each who it is and what it may."""
    with installed() as (port, token), listening() as clients:
        clients.ask("connect", port, 1_000, token)
        times = []
        for _ in range(3):
            clients.ask("leave")
            times.append(float(clients.ask("connect", port, 1_000, token)[0]))
    print(f"\n{'1,000 clients come back':<50}{'all back, s':>12}")
    print(f"{'the whole product, rights and all':<50}{statistics.median(times):>12.2f}", flush=True)


def main() -> None:
    """Print all tables."""
    make_room()
    print(f"\n{'one event to so many clients':<26}{'clients':>9}{'last, ms':>10}{'KiB each':>10}{'idle, % of a core':>19}")
    for name, title in SERVERS.items():
        for count in COUNTS[name]:
            if count < room_for_sockets():
                last, memory, idle = crowd(name, count)
                print(f"{title:<26}{count:>9,}{last:>10}{memory:>10}{idle:>19}", flush=True)
    print(f"\n{'1,000 clients':<26}{'one by one/s':>14}{'flood, messages/s':>19}{'events/s':>12}{'all back, s':>13}"
          f"{'beside a deaf one, ms':>23}")
    for name, title in SERVERS.items():
        single, flood, events, back, deaf = thousand(name)
        print(f"{title:<26}{single:>14}{flood:>19}{events:>12}{back:>13}{deaf:>23}", flush=True)
    busy()
    reconnect()


if __name__ == "__main__":
    main()
