"""The feed token: which committed transactions its holder has already seen."""

from dataclasses import dataclass

MOST_CHARACTERS = 16_384
"""Longer ones are refused unread; 200 open writers make about 1,000 characters."""


class BadToken(ValueError):
    """The text is no token of this feed."""


@dataclass(frozen=True, slots=True)
class Token:
    """A position in the feed that any process and node understands: a snapshot of PostgreSQL and its life.

    `digest`: 12 hexadecimal digits of incarnation, cluster and database. `xmin`, `xmax`: transaction numbers, below the
    first every transaction has been seen, from the second on none. `xips`: those between them not seen yet.
    """

    digest: str
    xmin: int
    xmax: int
    xips: frozenset[int] = frozenset()

    @classmethod
    def parse(cls, text: str) -> "Token":
        """The token of its text, `1.<digest>.<xmin>.<xmax>.<xips joined by _>`. Raises BadToken."""
        if len(text) > MOST_CHARACTERS:
            raise BadToken("too long")
        parts = text.split(".")
        if len(parts) != 5 or parts[0] != "1" or len(parts[1]) != 12 or not text.isascii():
            raise BadToken("not a token")
        try:
            token = cls(parts[1], int(parts[2]), int(parts[3]), frozenset(map(int, filter(None, parts[4].split("_")))))
        except ValueError:
            raise BadToken("not a token") from None
        if not 0 < token.xmin <= token.xmax < 2 ** 63 or any(not token.xmin <= xid < token.xmax for xid in token.xips):
            raise BadToken("not a snapshot")
        return token

    def __str__(self) -> str:
        """Its text: URL-safe, about 30 characters when few transactions are open."""
        return f"1.{self.digest}.{self.xmin}.{self.xmax}.{'_'.join(map(str, sorted(self.xips)))}"

    def covers(self, xid: int) -> bool:
        """Whether the holder has seen the changes of transaction `xid`."""
        return xid < self.xmax and xid not in self.xips

    def includes(self, earlier: "Token") -> bool:
        """Whether the holder has seen everything that a holder of `earlier` has."""
        return self.digest == earlier.digest and earlier.xmax <= self.xmax and not any(
            earlier.covers(xid) for xid in self.xips)

    def refusal(self, now: "Token", floor: int) -> str | None:
        """Why a client cannot resume from it: "epoch" (another life of the server), "retention" (too old), or None.

        `now` is the server's own position, `floor` the highest transaction whose changes may be forgotten.
        """
        if self.digest != now.digest or self.xmax > now.xmax:
            return "epoch"
        return "retention" if floor >= self.xmin else None
