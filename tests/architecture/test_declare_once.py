"""One class declares an entity; nothing else is written for it."""

import os
import subprocess
import sys

from cogniflow.domain.registry import load
from cogniflow.kernel.fields import BY_DATABASE, BY_OPERATION, SECRET
from tests.architecture.source import ROOT


def test_one_class_gives_table_triggers_rest_admin_topic_openapi_and_navigation(database_url, owner_url, tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "tests.architecture.declare_once", owner_url, str(tmp_path)],
        cwd=ROOT,
        env={**os.environ, "COGNIFLOW_APP_URL": database_url},
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    assert "everything follows" in done.stdout, done.stderr[-3000:]


def test_what_columns_share_is_not_changed_by_any_of_them():
    load()
    assert (BY_DATABASE, BY_OPERATION, SECRET) == ({"given_by": "database"}, {"given_by": "operation"}, {"secret": True})
