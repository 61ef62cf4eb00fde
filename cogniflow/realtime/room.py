"""How many sockets a process has room for."""

import contextlib

WANTED = 65_536
KEPT_FILES = 64
"""So many open files of a process are no sockets of clients."""


def make_room() -> None:
    """Let this process open as many files as it may allow itself, up to 65,536: the usual 1,024 are few for a hub."""
    with contextlib.suppress(ImportError):  # Windows knows no such limit
        import resource
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        wanted = WANTED if hard == resource.RLIM_INFINITY else min(WANTED, hard)
        if resource.RLIM_INFINITY != soft < wanted:
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def room_for_sockets() -> int:
    """How many sockets of clients may be open at once."""
    with contextlib.suppress(ImportError):
        import resource
        soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        if soft != resource.RLIM_INFINITY:
            return soft - KEPT_FILES
    return WANTED
