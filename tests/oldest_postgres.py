"""The tests that depend on PostgreSQL's version, once more on the oldest one that is supported."""

import os
import sys

import pytest

from cogniflow.db.binaries import find_binaries
from cogniflow.errors import Unavailable

OLDEST = 15
CONCERNED = ("tests/db/test_session.py", "tests/architecture/test_database.py", "tests/domain", "tests/realtime", "tests/seeds")
WITHOUT_SQL = "tests/realtime/test_hub.py"


class OnTheServer:
    """Of those, only the tests that use the server."""

    @staticmethod
    def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
        """Leave the others out."""
        items[:] = [each for each in items if "server" in each.fixturenames]


def main() -> int:
    """Run them; a missing server is one loud line, and a failure where nothing may be skipped."""
    try:
        find_binaries(OLDEST)
    except Unavailable as problem:
        print(f"\n!!! NOT TESTED on PostgreSQL {OLDEST}: {problem.detail}\n", file=sys.stderr)
        return 1 if os.environ.get("COGNIFLOW_TEST_STRICT") else 0
    os.environ["COGNIFLOW_TEST_POSTGRES"] = str(OLDEST)
    return int(pytest.main(["-q", "--ignore", WITHOUT_SQL, *CONCERNED], [OnTheServer()]))


if __name__ == "__main__":
    sys.exit(main())
