"""The client programs of PostgreSQL, such as psql and pg_dump, run on the installation's database."""

import os

from psycopg.conninfo import conninfo_to_dict, make_conninfo

from cogniflow.db.binaries import find_binaries
from cogniflow.db.server import Addresses


def client_program(found: Addresses, name: str, url: str = "") -> tuple[list[str], dict[str, str]]:
    """The words that run a program, on `url` if it wants one, and its environment: no list of processes tells a password."""
    programs = found.server.binaries if found.server else find_binaries()
    words, environment = [str(programs.program(name))], {**os.environ, "PGAPPNAME": f"cogniflow {name}"}
    if url:
        parts = conninfo_to_dict(url)
        if secret := parts.pop("password", None):
            environment["PGPASSWORD"] = str(secret)
        words += ["--dbname", make_conninfo(**parts)]
    return words, environment
