"""Where in the feed an answer stands, as its headers."""


def position_headers(token: str | None, xid: str | None) -> dict[str, str]:
    """The feed position that an answer is valid at, and the transaction that a write was; what there is of them."""
    return {name: value for name, value in (("X-CogniFlow-Token", token), ("X-CogniFlow-Xid", xid)) if value}
