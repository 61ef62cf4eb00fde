"""`make bench`: every figure of the README, on a database of its own that is gone afterwards."""

import platform
import subprocess
import sys
import tempfile
from pathlib import Path

from cogniflow.db import migrate
from cogniflow.db.embedded import EmbeddedServer
from cogniflow.db.seed import seed_reference
from cogniflow.db.session import Database
from cogniflow.domain.registry import load
from cogniflow.installation import list_declared


def main() -> None:
    """Run each bench in turn, as the role that it needs."""
    with tempfile.TemporaryDirectory(prefix="cogniflow-bench-") as folder, EmbeddedServer(Path(folder)) as server:
        load()
        migrate.upgrade(server.owner_url())
        database = Database(server.app_url(), pool_size=2)
        seed_reference(database)
        list_declared(database)
        database.close()
        print(f"Python {platform.python_version()}, PostgreSQL {server.binaries.version}, {platform.machine()}", flush=True)
        for bench, *words in (("feed", server.owner_url()), ("fanout",), ("viewers", server.app_url()),
                              ("posting", server.app_url()), ("rest", server.app_url(), server.owner_url())):
            print(f"\n# python -m bench.{bench}", flush=True)
            subprocess.run([sys.executable, "-m", f"bench.{bench}", *words], check=True)


if __name__ == "__main__":
    main()
