"""Upgrades of the schema, also where two people begin one at once."""

import subprocess
import sys

import psycopg

from tests.db.supervised import eventually

UPGRADE = """
import sys
from cogniflow.db import migrate
from cogniflow.domain.registry import load
load()
migrate.upgrade(sys.argv[1])
"""
WAITING = "SELECT count(*) = 2 FROM pg_stat_activity WHERE datname = %s AND wait_event_type = 'Lock'"


def test_two_upgrades_at_once_of_an_empty_database_both_succeed(copies):
    copies.create("empty")
    with psycopg.connect(copies.owner("empty")) as gate:
        gate.execute("CREATE SCHEMA cogniflow")
        upgrades = [subprocess.Popen([sys.executable, "-c", UPGRADE, copies.owner("empty")], stderr=subprocess.PIPE, text=True)
                    for _ in range(2)]
        with psycopg.connect(copies.server.superuser_url("postgres"), autocommit=True) as watch:
            eventually(lambda: watch.execute(WAITING, ["empty"]).fetchone()[0])
        gate.rollback()
    said = [each.communicate(timeout=60)[1] for each in upgrades]
    assert [each.returncode for each in upgrades] == [0, 0], said
    with psycopg.connect(copies.owner("empty")) as found:
        assert found.execute("SELECT count(*) FROM cogniflow.alembic_version").fetchone() == (1,)
    copies.drop("empty")
