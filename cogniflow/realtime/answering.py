"""Answers what clients say, a few of them at once: an answer may have to ask the database."""

import threading
from collections.abc import Callable
from queue import SimpleQueue

import structlog

from cogniflow.realtime.peer import Peer
from cogniflow.realtime.protocol import Sub
from cogniflow.realtime.websocket import FAILED, Binary, Text

AT_ONCE = 8

log = structlog.get_logger(__name__)


class Answering:
    """Threads that answer, and end with the process whatever they wait for; `answered(peer)` is called in one of them."""

    def __init__(self, answered: Callable[[Peer], None]):
        self._answered = answered
        self._asked: SimpleQueue[tuple[Peer, list[Text | Binary | Sub]] | None] = SimpleQueue()

    def start(self) -> None:
        """Begin to answer."""
        for _ in range(AT_ONCE):
            threading.Thread(target=self._run, name="hub-answers", daemon=True).start()

    def stop(self) -> None:
        """Answer nothing that is asked from now on."""
        for _ in range(AT_ONCE):
            self._asked.put(None)

    def ask(self, peer: Peer, said: list[Text | Binary | Sub]) -> None:
        """Answer messages of one client, who must not ask anything else meanwhile."""
        self._asked.put((peer, said))

    def _run(self) -> None:
        while asked := self._asked.get():
            self._talk(*asked)

    def _talk(self, peer: Peer, said: list[Text | Binary | Sub]) -> None:
        try:
            for each in said:
                if peer.is_gone:
                    break  # it waited long, and whoever waits now must not wait for it
                match each:
                    case Text(payload=payload):
                        peer.conversation.take(payload)
                    case Binary():
                        peer.conversation.refuse_binary()
                    case Sub():
                        peer.conversation.answer(each)
        except Exception:
            log.exception("answer_failed")
            peer.subscriber.close(FAILED, "internal error")
        finally:
            self._answered(peer)
