"""Defences of the handshake, of what a socket may say, and of the processes that serve it."""

from tests.mutations.mutation import Mutation

SOCKET, LOOP, WIRE = "cogniflow/web/socket.py", "cogniflow/web/loop.py", "cogniflow/realtime/websocket.py"
SUPERVISED, LINE = "cogniflow/cli/supervised.py", "cogniflow/lifeline.py"
FEED, RESUME = "cogniflow/realtime/feed.py", "cogniflow/realtime/resume.py"
TALK = "cogniflow/realtime/conversation.py"
HANDSHAKE = "web/test_socket::what is no handshake is refused before the upgrade"
ORIGIN = "web/test_socket::only our own pages and allowed origins may open a socket"
FORBIDDEN = "realtime/test_websocket::what the standard forbids is refused after what came before"

AT_THE_DOOR = (
    # the handshake
    Mutation("a stranger gets no socket", SOCKET, 'if g.get("caller") is None:', "if False:",
             "web/test_socket::a stranger is refused before the upgrade"),
    Mutation("another site's page gets no socket", SOCKET,
             'if not _is_own(request.headers.get("Origin"), request.host, settings.allowed_origins):', "if False:", ORIGIN),
    Mutation("an origin is its whole host", SOCKET, "urlsplit(origin).netloc == host", "urlsplit(origin).netloc.startswith(host)",
             ORIGIN),
    Mutation("only a GET is a handshake", SOCKET, 'if request.method != "GET":', "if False:",
             "web/test_socket::only a get is a handshake"),
    Mutation("only version 13 is spoken", SOCKET, 'if request.headers.get("Sec-WebSocket-Version") != VERSION:', "if False:",
             HANDSHAKE),
    Mutation("a handshake has a key", SOCKET, 'if not KEY.fullmatch(request.headers.get("Sec-WebSocket-Key", "")):', "if False:",
             HANDSHAKE),
    Mutation("no extension is agreed on", SOCKET, 'request.environ.pop("HTTP_SEC_WEBSOCKET_EXTENSIONS", None)', "pass",
             "web/test_socket::nothing is compressed whatever the client offers"),
    Mutation("sockets leave threads for pages", SOCKET, "max(1, settings.threads - KEPT_FOR_PAGES)", "9 * settings.threads",
             "web/test_socket::a worker keeps threads for pages"),
    # the flask-sock loop
    Mutation("the loop takes no message beyond the limit", LOOP, "if len(self._message) > MOST_CHARACTERS:", "if False:",
             "web/test_socket::a message in fragments is one message and too long a one closes"),
    Mutation("the loop counts whom it leaves for being slow", LOOP, 'self._subscriber.close(SLOW, "too slow")', "pass",
             "web/test_socket::a client that takes nothing for long is left"),
    Mutation("the loop sends what was said before the end", LOOP,
             "                closing = self._subscriber.closing\n                self._write()\n",
             "                self._write()\n                closing = self._subscriber.closing\n",
             "web/test_socket::what is said just before the end is sent before it"),
    # what the hub reads
    Mutation("a client masks its frames", WIRE, "if second < MASKED:", "if False:", FORBIDDEN),
    Mutation("reserved bits and opcodes are refused, and control frames in fragments", WIRE, "if first not in FIRST_BYTES:",
             "if False:", FORBIDDEN),
    Mutation("a control frame is short", WIRE, "        if first & CONTROL:\n            raise",
             "        if False:\n            raise", FORBIDDEN),
    Mutation("a length is in its shortest form", WIRE, "if not least <= size < 1 << 63:", "if size >= 1 << 63:", FORBIDDEN),
    Mutation("no message begins inside another", WIRE, "elif self._message is not None:", "elif False:", FORBIDDEN),
    Mutation("a close says a code that there is", WIRE, "if (code := int.from_bytes(payload[:2])) not in CLOSE_CODES:",
             "if (code := int.from_bytes(payload[:2])) < 0:", FORBIDDEN),
    Mutation("a message that has ended is not continued", WIRE,
             "if message.final:\n                    self._message = None", "if message.final:\n                    pass",
             "realtime/test_websocket::a message that has ended cannot be continued"),
    Mutation("nothing is read after a close", WIRE, "if first == FINAL | CLOSE:", "if False:",
             "realtime/test_websocket::nothing is read after a close or an error"),
    Mutation("a message beyond the limit is refused at its header", WIRE,
             "if len(self._message.payload) + size > self._most:", "if False:",
             "realtime/test_websocket_stream::a message beyond the limit is refused at its header"),
    Mutation("text in one frame is UTF-8", WIRE, "if opcode == TEXT and not payload.isascii():", "if False:", FORBIDDEN),
    Mutation("text in several frames is UTF-8 at every byte", WIRE, r'if decoder and b"\xed\xa0" <=', 'if False and b"" <=',
             "realtime/test_websocket_stream::text that cannot become utf8 is refused at the byte that says so"),
    Mutation("a reason is cut between two characters", WIRE,
             'reason.encode()[:MOST_CONTROL - 2].decode(errors="ignore").encode()', "reason.encode()[:MOST_CONTROL - 2]",
             "realtime/test_websocket::a long reason is cut between two characters"),
    # the processes
    Mutation("a process that ends is started again", SUPERVISED,
             "while self._now is launch and not self._ending.wait(pause):", "while False:",
             "cli/test_supervised::one that cannot be started again at once is tried until it can"),
    Mutation("one whose successor does not serve stays", SUPERVISED, "self._before, self._now = self._now, self._before", "pass",
             "cli/test_supervised::one whose successor does not serve stays"),
    Mutation("no process outlives the supervisor", LINE, "return bool(select.select([self._line], [], [], seconds)[0])",
             "return bool(time.sleep(seconds))",
             "cli/test_up_survives::after the supervisor was killed the next one takes over"),
    # the whole product under fire, in both modes
    Mutation("who comes back after a kill is told what was missed", TALK,
             "events = conflated([*events, *self._events(rest, topics)])", "events = []",
             "faults/test_processes::the process that serves the sockets is killed"),
    Mutation("who comes back with another server's token begins anew", RESUME, 'token, why = None, "epoch"', "pass",
             "faults/test_returning::nonsense and foreign tokens mean reset and never an error"),
    Mutation("who loses a right hears no more", FEED, "if not tables.isdisjoint(self.events.access_tables):", "if False:",
             "faults/test_rights::a permission is revoked while its topic is followed"),
)
