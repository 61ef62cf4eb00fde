"""House rules that the source itself must keep."""

import ast
import re
import subprocess
import sys
from pathlib import Path

from tests.architecture.source import ROOT, functions, public_functions, python_files, strings

LONGEST_FILE = 300
LONGEST_FUNCTION = 40
NAMELESS = {"utils", "util", "common", "helpers", "helper", "base", "misc"}
SQL = re.compile(r"^\s*(SELECT|INSERT INTO|UPDATE \w|DELETE FROM|CREATE|ALTER|DROP|WITH \w+ AS)\b")
ROOMS_OF_SQL = (
    "cogniflow/db/",
    "cogniflow/realtime/",
    "cogniflow/analytics/",
    "cogniflow/records/",
    "cogniflow/exchange/",
    "cogniflow/jobs/",
    "cogniflow/domain/",
    "bench/",
    "tests/",
    "sql/",
)


def test_no_file_is_longer_than_300_lines():
    long = {
        str(path.relative_to(ROOT)): count
        for path in python_files()
        if (count := len(path.read_text("utf-8").splitlines())) > LONGEST_FILE
    }
    assert not long


def test_no_function_is_longer_than_40_lines():
    long = [
        f"{path.relative_to(ROOT)}:{node.lineno} {node.name} {node.end_lineno - node.lineno + 1}"
        for path in python_files()
        for node in functions(path)
        if node.end_lineno - node.lineno + 1 > LONGEST_FUNCTION
    ]
    assert not long


def test_every_file_is_named_for_what_it_holds():
    assert not [path for path in python_files() if path.stem in NAMELESS]


def test_only_the_session_commits():
    committers = {
        str(path.relative_to(ROOT))
        for path in python_files("cogniflow", "dash_apps")
        if re.search(r"\.commit\(\)", path.read_text("utf-8"))
    }
    assert committers == {"cogniflow/db/session.py"}


def test_sql_stays_in_its_rooms():
    strays = [
        f"{path.relative_to(ROOT)}:{line} {text[:50]}"
        for path in python_files("cogniflow", "dash_apps")
        if not str(path.relative_to(ROOT)).startswith(ROOMS_OF_SQL)
        for line, text in strings(path)
        if SQL.match(text)
    ]
    assert strays == []


def test_every_public_function_says_what_it_does():
    silent = [
        f"{path.relative_to(ROOT)}:{node.lineno} {node.name}"
        for path in python_files("cogniflow", "dash_apps")
        for node in public_functions(path)
        if ast.get_docstring(node) is None
    ]
    assert silent == []


def test_floors_are_kept_and_nothing_goes_in_circles():
    done = subprocess.run(
        [Path(sys.executable).parent / "lint-imports", "--no-logo"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_nothing_is_loaded_from_another_host():
    foreign = [
        str(path.relative_to(ROOT))
        for folder in ("cogniflow", "dash_apps")
        for path in (ROOT / folder).rglob("*")
        if path.suffix in {".py", ".html", ".js", ".css"}
        and "vendor" not in path.parts
        and re.search(r"(src|href|url|import)\W{1,3}(https?:)?//(?!www\.w3\.org|127\.0\.0\.1)", path.read_text("utf-8"))
    ]
    assert foreign == []
