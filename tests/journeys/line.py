"""The socket of a page with a hand on it: what passes is seen, held back, dropped, or cut."""

import json
import re
import time
from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page, WebSocketRoute

RECORDER = """
const real = window.setTimeout;
window.delays = [];
window.setTimeout = (fn, ms, ...more) => {
  if (fn.name !== "connect") return real(fn, ms, ...more);
  window.delays.push(Math.round(ms));
  return real(fn, 0, ...more);
};
"""
"""Tells in `delays` how long the page would wait before it comes back, and lets it come back at once."""


class Line:
    """Between a page and the server. Set `drops` or `holds` to say what of the server's messages does not pass.

    `refusals`: with which close codes the next attempts are refused. `said`: what passed to the page. `hellos`: what the
    page began with.
    """

    def __init__(self, page: Page):
        self.page, self.said, self.hellos, self.refusals = page, [], [], []
        self.drops: Callable[[dict], bool] = lambda message: False
        self.garbles: Callable[[dict], dict] = lambda hello: hello
        self.holds = False
        self._held: list[str] = []
        page.add_init_script(RECORDER)
        page.route_web_socket(re.compile(r"/ws$"), self._opened)

    def cut(self, code: int, *last_words: dict[str, Any]) -> None:
        """End the socket as the server would."""
        for each in last_words:
            self.say(each)
        self._socket.close(code=code, reason="cut")

    def say(self, message: dict[str, Any]) -> None:
        """Tell the page what the server might."""
        self._socket.send(json.dumps(message))

    def release(self) -> None:
        """Let what was held back pass."""
        self.holds = False
        for text in self._held:
            self._pass(text)
        self._held.clear()

    def wait(self, met: Callable[[], Any]) -> None:
        """Until a condition on what passed is met; ten seconds at most."""
        deadline = time.monotonic() + 10
        while not met():
            assert time.monotonic() < deadline, "what was waited for did not pass"
            self.page.evaluate("new Promise(requestAnimationFrame)")

    def changed(self, table: str) -> bool:
        """Whether a change of the table has passed to the page since `said` was last cleared."""
        return any(event["topic"] == table for each in self.said if each["type"] == "chg" for event in each["ev"])

    def _opened(self, socket: WebSocketRoute) -> None:
        self._socket = socket
        if self.refusals:
            socket.close(code=self.refusals.pop(0), reason="refused")
            return
        server = socket.connect_to_server()
        socket.on_message(lambda text: server.send(self._from_page(text)))
        server.on_message(self._from_server)

    def _from_page(self, text: str) -> str:
        message = json.loads(text)
        if message["type"] == "hello":
            self.hellos.append(message)
            return json.dumps(self.garbles(message))
        return text

    def _from_server(self, text: str) -> None:
        if self.holds:
            self._held.append(text)
        elif not self.drops(json.loads(text)):
            self._pass(text)

    def _pass(self, text: str) -> None:
        self.said.append(json.loads(text))
        self._socket.send(text)
