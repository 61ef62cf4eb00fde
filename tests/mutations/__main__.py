"""python -m tests.mutations: take every defence out once, write RESULTS.md, and fail if one was not noticed.

With words, only those whose line holds one of them; the results of the others stay.
"""

import sys
import tempfile
from pathlib import Path

from cogniflow.db.binaries import find_binaries
from cogniflow.db.embedded import EmbeddedServer
from tests.mutations.defences import DEFENCES
from tests.mutations.mutation import Copy, Mutation

RESULTS = Path(__file__).with_name("RESULTS.md")
HEAD = """# Each defence, taken out once

Written by `python -m tests.mutations`: every line is a copy of the product without one defence, and the test in `tests/` that
must fail on it. On the whole product all of these tests pass: they are part of the suite.

| without | in | fault that must be noticed | result |
| --- | --- | --- | --- |
"""


def line(mutation: Mutation, is_caught: bool) -> str:
    """A mutation's line of the table."""
    return f"| {mutation.defence} | `{mutation.file}` | {mutation.fault} | {'caught' if is_caught else 'MISSED'} |\n"


def main(words: list[str]) -> int:
    """Do it; the exit code."""
    chosen = [each for each in DEFENCES if not words or any(word in line(each, True) for word in words)]
    with tempfile.TemporaryDirectory(prefix="cf-") as folder, EmbeddedServer(
            (copy := Copy(Path(folder))).server, find_binaries(), durable=False):
        found = {}
        for each in chosen:
            found[each] = line(each, copy.catches(each))
            print(found[each], end="", flush=True)
    known = RESULTS.read_text("utf-8") if words else ""
    lines = [found.get(each) or line(each, line(each, True) in known) for each in DEFENCES]
    RESULTS.write_text(HEAD + "".join(lines), "utf-8")
    return int(any(each.endswith("MISSED |\n") for each in lines))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
