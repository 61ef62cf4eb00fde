"""What is installed elsewhere must be whole."""

import subprocess
import sys
import zipfile

from tests.architecture.source import ROOT


def test_the_wheel_holds_migrations_functions_seeds_and_static_files(tmp_path):
    subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir", tmp_path, "."],
        cwd=ROOT,
        check=True,
    )
    names = set(zipfile.ZipFile(next(tmp_path.glob("*.whl"))).namelist())
    for folder, packaged in (
        ("sql/functions", "cogniflow/sql/functions"),
        ("sql/checks", "cogniflow/sql/checks"),
        ("seeds", "cogniflow/seeds"),
        ("seeds/demo", "cogniflow/seeds/demo"),
    ):
        assert {f"{packaged}/{path.name}" for path in (ROOT / folder).glob("*.sql")} <= names
    for path in (
        *(ROOT / "cogniflow").rglob("*.py"),
        *(ROOT / "cogniflow/web/shell/static").rglob("*.*"),
        *(ROOT / "cogniflow/web/shell/templates").rglob("*.html"),
        *(ROOT / "dash_apps").rglob("*.*"),
    ):
        if "__pycache__" not in path.parts and not path.name.startswith("."):
            assert str(path.relative_to(ROOT)) in names
    assert {"wsgi.py", "cogniflow/sql/migrations/env.py", "cogniflow/sql/migrations/script.py.mako"} <= names
