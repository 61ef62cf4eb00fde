"""A second machine of the company: the product once more, on the same database, at the far end of a line that can fail."""

import signal
from pathlib import Path

from tests.cli.installed import PASSWORD, Installation
from tests.faults.line import Line
from tests.faults.site import Site, figures


class Branch:
    """Serves sockets as `site` does; its feed and its pages reach the database of `site` through `line` alone."""

    def __init__(self, site: Site, folder: Path):
        self._key, self.line = site.key, Line(site.url)
        self.installation = Installation(folder, DATABASE_URL=site.url.replace("cogniflow_app@", "postgres@"),
                                         COGNIFLOW_APP_URL=self.line.url, COGNIFLOW_SOCKETS=site.mode)
        self.running = self.installation.up("--workers", "1", COGNIFLOW_ADMIN_PASSWORD=PASSWORD)
        self.address = f"http://127.0.0.1:{self.installation.port}"

    def figures(self) -> dict[str, float]:
        """What its feed says of itself."""
        return figures(self.running, self._key)

    def end(self) -> None:
        """End it; nothing may be left of it."""
        try:
            assert self.running.stop(signal.SIGTERM) == 0, self.running.err
            assert not self.installation.processes()
        finally:
            self.installation.end()
            self.line.close()
