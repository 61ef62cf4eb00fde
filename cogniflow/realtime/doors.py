"""The doors of the feed: who may hear what, asked once, and again as soon as a right or a sign-in has changed."""

import threading
from collections.abc import Callable, Hashable
from functools import cache

import structlog

from cogniflow.realtime.authoriser import Authoriser
from cogniflow.realtime.subscriber import RESTART, SIGNED_OUT, Subscriber
from cogniflow.realtime.waker import MOMENT

EXPIRY_CHECK = 60.0
"""Seconds within which a sign-in or token that has run out, without a change of any row, ends its sockets."""
MOST_ANSWERS = 50_000
"""So many answers of the authoriser are remembered until a right changes."""

log = structlog.get_logger(__name__)


class Doors:
    """Asks the authoriser, remembers, and looks after everyone inside, in a thread of its own.

    `inside()` is everyone who listens now; `withdraw(subscriber, topics)` takes topics away from a client whose right to them
    has ended.
    """

    def __init__(self, authoriser: Authoriser, inside: Callable[[], list[Subscriber]],
                 withdraw: Callable[[Subscriber, list[str]], None]):
        self.changes = 0
        """How often users, roles or rights have changed since the process started."""
        self._authoriser, self._inside, self._withdraw = authoriser, inside, withdraw
        self._answers: dict[tuple[Hashable, str], bool] = {}
        self._look = threading.Event()
        self._ending = False
        self._thread = threading.Thread(target=self._keep, name="feed-doors", daemon=True)

    def start(self) -> None:
        """Begin to look after those inside."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread."""
        self._ending = True
        self._look.set()
        if self._thread.is_alive():
            self._thread.join(MOMENT)

    def expires_at(self, caller: Hashable) -> float:
        """When the caller's time is over, in seconds since 1970."""
        return self._authoriser.expires_at(caller)

    def may_subscribe(self, caller: Hashable, topic: str) -> bool:
        """Whether the caller may hear of the topic now; of a whole table it is asked once, until a right changes."""
        if topic.rpartition("/")[2].isdigit():
            return self._authoriser.may_subscribe(caller, topic)  # whose a record is may change with the record
        # those of now: an answer that a change overtakes is put where nobody looks any more
        key, answers = (caller, topic), self._answers
        answer = answers.get(key)
        if answer is None:
            answer = self._authoriser.may_subscribe(caller, topic)
            if len(answers) < MOST_ANSWERS:
                answers[key] = answer
        return answer

    def change(self) -> None:
        """A user, role or right has changed: nothing that was answered before counts any more."""
        self._answers = {}
        self.changes += 1
        self._look.set()

    def look_again(self) -> None:
        """Somebody came in by an answer that may be out of date."""
        self._look.set()

    def _keep(self) -> None:
        while True:
            changed = self._look.wait(EXPIRY_CHECK)
            if self._ending:
                return
            if changed:
                self._look.clear()
            self._look_after_all(changed)

    def _look_after_all(self, changed: bool) -> None:
        # many sockets are one caller's: asked once
        still_valid, may_subscribe = cache(self._authoriser.still_valid), cache(self._authoriser.may_subscribe)
        for each in self._inside():
            if self._ending:
                return
            try:
                if not still_valid(each.caller):
                    each.close(SIGNED_OUT, "signed out")
                elif changed:
                    self._withdraw(each, [topic for topic in sorted(each.topics) if not may_subscribe(each.caller, topic)])
            except Exception as error:  # the database may be away: nobody keeps a right because of that
                log.warning("rights_not_checked", error=str(error))
                if changed:
                    each.close(RESTART, "rights cannot be checked")
