"""A copy of the product from which one defence at a time is taken out."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
LEFT_OUT = shutil.ignore_patterns(".git", ".venv", ".cogniflow", ".*_cache", ".hypothesis", "__pycache__", "node_modules",
                                  "build", "*.egg-info")
PASSED, FAILED = 0, 1
"""Exit codes of pytest."""


@dataclass(frozen=True)
class Mutation:
    """`defence` is taken out of `file`: the text `out`, which stands there once, becomes `instead`.

    `fault` is the test that must fail then, written as a sentence: "realtime/test_bell::a bell that ...".
    """

    defence: str
    file: str
    out: str
    instead: str
    fault: str

    @property
    def test(self) -> str:
        """The fault as pytest knows it."""
        module, _, sentence = self.fault.partition("::")
        return f"tests/{module}.py::test_{sentence.replace(' ', '_')}"


class Copy:
    """The product and its tests in a folder of their own; a PostgreSQL server that runs in `server` serves all of them."""

    def __init__(self, folder: Path):
        self.server = folder / "server"
        self._folder = shutil.copytree(ROOT, folder / "copy", ignore=LEFT_OUT)
        for package in ("sql", "seeds"):  # as the installed package has them
            (self._folder / "cogniflow" / package).symlink_to(self._folder / package)

    def catches(self, mutation: Mutation) -> bool:
        """Whether the named test fails without the defence. Raises RuntimeError when it could not run."""
        path = self._folder / mutation.file
        whole = path.read_text("utf-8")
        path.write_text(whole.replace(mutation.out, mutation.instead), "utf-8")
        try:
            return not self._passes(mutation.test)
        finally:
            path.write_text(whole, "utf-8")

    def _passes(self, test: str) -> bool:
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "--show-capture=no", test],
            cwd=self._folder, capture_output=True, text=True, stdin=subprocess.DEVNULL, env=os.environ | {
                "PYTHONPATH": str(self._folder), "COGNIFLOW_TEST_SERVER": str(self.server)})
        # a test that could not be set up has seen nothing
        if done.returncode not in (PASSED, FAILED) or "ERROR at setup of" in done.stdout:
            raise RuntimeError(done.stdout + done.stderr)
        return done.returncode == PASSED
