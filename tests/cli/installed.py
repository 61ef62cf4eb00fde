"""An installation in a folder of its own, its `cogniflow` commands, and a client of what it serves."""

import http.cookiejar
import json
import os
import re
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

import psutil
import websocket

from tests.db.supervised import eventually, processes_in

COMMAND = Path(sys.executable).parent / "cogniflow"
PASSWORD = "chosen by the installer"
FOREIGN = re.compile(r"(COGNIFLOW_|DATABASE_URL$|PG|[a-z]+_proxy$|HOME$|TMPDIR$|XDG_)")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Installation:
    """Its data folder is `folder/data`; commands run in the empty `folder/cwd`, with `folder/home` as their home."""

    def __init__(self, folder: Path, *prefix: str, **environment: str):
        self.folder, self.data, self.port, self._prefix = folder, folder / "data", free_port(), prefix
        for name in ("cwd", "home", "tmp", "said"):
            (folder / name).mkdir(exist_ok=True)
        self.environment = {name: value for name, value in os.environ.items() if not FOREIGN.match(name)} | {
            "HOME": str(folder / "home"), "TMPDIR": str(folder / "tmp"), "COGNIFLOW_DATA_DIR": str(self.data),
            "COGNIFLOW_PORT": str(self.port), "PYTHONDONTWRITEBYTECODE": "1", **environment}

    def run(self, *words: object, timeout: float = 60, **environment: str) -> subprocess.CompletedProcess:
        """Run one command to its end."""
        return subprocess.run([*self._prefix, COMMAND, *map(str, words)], cwd=self.folder / "cwd", timeout=timeout, text=True,
                              env=self.environment | environment, stdin=subprocess.DEVNULL, capture_output=True)

    def result(self, *words: object, **environment: str) -> str:
        """What a command that succeeds prints as its result."""
        done = self.run(*words, **environment)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def start(self, *words: object, **environment: str) -> "Command":
        """Begin a command that stays."""
        return Command([*self._prefix, COMMAND, *map(str, words)], self.folder, self.environment | environment)

    def up(self, *words: object, **environment: str) -> "Command":
        """Everything running, once its address is printed."""
        running = self.start("up", *words, **environment)
        running.wait_for("CogniFlow: http://")
        return running

    def processes(self) -> list[psutil.Process]:
        """Every process of this installation, whoever its parent is."""
        return [each for each in psutil.process_iter() if _belongs(each, self.data) or each.pid in processes_in(self.data)]

    def end(self) -> None:
        """End whatever is left of it."""
        for each in self.processes():
            each.kill()
        eventually(lambda: not self.processes())


def gone(process: psutil.Process) -> bool:
    """Whether it has ended."""
    try:
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:  # it went between the two questions
        return True


def _belongs(process: psutil.Process, data: Path) -> bool:
    try:
        return process.status() != psutil.STATUS_ZOMBIE and process.environ().get("COGNIFLOW_DATA_DIR") == str(data)
    except psutil.Error:
        return False


class Command:
    """A running command, and what it has said so far."""

    def __init__(self, words: list, folder: Path, environment: dict[str, str]):
        number = len(list((folder / "said").iterdir()))
        self._out, self._err = (folder / "said" / f"{number}.{stream}" for stream in ("out", "err"))
        self.port = environment["COGNIFLOW_PORT"]
        with self._out.open("w") as out, self._err.open("w") as err:
            # whoever runs the tests under nohup has SIGHUP ignored, and so would the command
            self.process = subprocess.Popen(words, cwd=folder / "cwd", env=environment, stdin=subprocess.DEVNULL, stdout=out,
                                            stderr=err, start_new_session=True,
                                            preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_DFL))

    @property
    def out(self) -> str:
        """Its standard output so far."""
        return self._out.read_text()

    @property
    def err(self) -> str:
        """Its standard error so far."""
        return self._err.read_text()

    def wait_for(self, text: str, seconds: float = 90) -> None:
        """Wait until it has printed this; it may not end before."""
        eventually(lambda: text in self.out or self.process.poll() is not None, seconds)
        assert text in self.out, self.err

    def stop(self, number: signal.Signals = signal.SIGINT) -> int:
        """Tell it to end; its exit code."""
        self.process.send_signal(number)
        return self.process.wait(60)

    def children(self, name: str) -> list[psutil.Process]:
        """Its living descendants whose command holds `name`, the eldest first."""
        found = psutil.Process(self.process.pid).children(recursive=True)
        return [each for each in found if name in " ".join(words(each))]

    def get(self, path: str, token: str = "", timeout: float = 10) -> tuple[int, str]:
        """Status and body of a page."""
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", headers=_bearer(token))
        try:
            with urllib.request.urlopen(request, timeout=timeout) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def is_ready(self) -> bool:
        """Whether every part works now."""
        try:
            return self.get("/readyz", timeout=2)[0] == 200
        except OSError:
            return False

    def signs_in(self, email: str, password: str) -> bool:
        """Whether a person can sign in with this password."""
        cookies = http.cookiejar.CookieJar()
        browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(cookies))
        address = f"http://127.0.0.1:{self.port}"
        browser.open(f"{address}/login", timeout=10).read()
        mark = next(each.value for each in cookies if each.name == "XSRF-TOKEN")
        fields = urllib.parse.urlencode({"email": email, "password": password, "csrf_token": mark}).encode()
        try:
            return not browser.open(f"{address}/login", fields, timeout=10).url.startswith(f"{address}/login")
        except urllib.error.HTTPError:
            return False

    def socket(self, key: str, **hello: object) -> "Listener":
        """A WebSocket client, signed in by the API token `key`, that has said hello."""
        return Listener(f"ws://127.0.0.1:{self.port}/ws", key, hello)


class Listener:
    """A client of the feed over a real WebSocket."""

    def __init__(self, address: str, key: str, hello: dict):
        self._socket = websocket.create_connection(address, header=_bearer(key), timeout=20)
        self._socket.send(json.dumps({"type": "hello", "v": 1, **hello}))

    def next(self) -> dict | int:
        """The next message, or the code with which the server closes."""
        opcode, data = self._socket.recv_data()
        return int.from_bytes(data[:2]) if opcode == websocket.ABNF.OPCODE_CLOSE else json.loads(data)

    def hear(self, type: str) -> dict:
        """The next message of a type."""
        while (message := self.next())["type"] != type:
            pass
        return message

    def closing(self) -> int:
        """The code with which the server closes."""
        while not isinstance(code := self.next(), int):
            pass
        return code


def words(process: psutil.Process) -> list[str]:
    """The command that a process runs; nothing of one that has ended."""
    try:
        return process.cmdline()
    except psutil.Error:
        return []


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"} if token else {}
