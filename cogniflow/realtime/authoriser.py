"""Who may hear what: asked by the feed, answered by whoever knows users and rights."""

from collections.abc import Hashable
from typing import Protocol


class Authoriser(Protocol):
    """Decides about callers; a caller is whatever the sign-in put into the request. Called off the feed's own threads."""

    def may_subscribe(self, caller: Hashable, topic: str) -> bool:
        """Whether the caller may read what the topic tells of; `topic` is canonical and known."""

    def still_valid(self, caller: Hashable) -> bool:
        """Whether the caller's sign-in or token is still good."""

    def expires_at(self, caller: Hashable) -> float:
        """When it ends by itself, in seconds since 1970; infinity for never. Asked once for every socket."""
