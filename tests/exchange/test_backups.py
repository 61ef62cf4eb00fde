"""A company that was backed up is there again, elsewhere and in a later version."""

import gzip
from pathlib import Path
from threading import Event

import psycopg
import pytest

from cogniflow.db import examine, migrate
from cogniflow.db.server import Addresses
from cogniflow.db.session import Database
from cogniflow.domain.registry import load
from cogniflow.errors import Conflict, Unavailable
from cogniflow.exchange import backups, exports
from cogniflow.installation import list_declared
from cogniflow.kernel.entity import entities
from cogniflow.realtime.token import Token
from cogniflow.records.simulate import simulate
from tests.exchange.conftest import one

FIRST_VERSION = Path(__file__).parent / "first_version.dump.gz"
"""What a small company left that had worked with the first version: `cogniflow backup`, compressed."""


def everything(found: Addresses, folder: Path) -> dict[str, bytes]:
    """Every record of every entity, as an export tells it."""
    told, database = {}, Database(found.app, pool_size=1)
    with database.snapshot() as session:
        for entity in entities():
            with (folder / "told").open("w+b") as file:
                exports.export(session, entity, "json", file)
                file.seek(0)
                told[entity.__tablename__] = file.read()
    database.close()
    return told


def brought_up(found: Addresses) -> Database:
    """The restored database, as an upgrade leaves it."""
    migrate.upgrade(found.owner)
    database = Database(found.app, pool_size=2)
    list_declared(database)
    return database


def refuse_what_is_wrong(found: Addresses) -> None:
    """What `doctor --deep` asks of schema, guards and rows."""
    assert migrate.check(found.owner) == []
    database = Database(found.owner, pool_size=1)
    with database.reading() as session:
        assert examine.sleeping_guards(session) == [] and examine.broken_rules(session) == {}
        there, newest = migrate.current(session.connection())
        assert there == newest
    database.close()


def test_a_restored_company_is_the_one_that_was_backed_up_and_its_feed_begins_anew(demo, empty, backup, tmp_path):
    assert backup.stat().st_mode & 0o777 == 0o600
    backups.restore(empty, backup, force=False)
    brought_up(empty).close()
    refuse_what_is_wrong(empty)
    assert everything(empty, tmp_path) == everything(demo, tmp_path)
    one(empty.app, "SELECT cogniflow.begin_incarnation()::text")
    before, after = (Token.parse(one(each.app, "SELECT cogniflow.token()")) for each in (demo, empty))
    assert before.refusal(after, 0) == "epoch"


def test_a_database_restored_over_itself_begins_another_life(empty, backup, tmp_path):
    tokens = []
    for _ in range(2):
        backups.restore(empty, backup, force=True)
        one(empty.owner, "SELECT cogniflow.begin_incarnation()::text")
        tokens.append(Token.parse(one(empty.owner, "SELECT cogniflow.token()")))
    assert tokens[0].refusal(tokens[1], 0) == "epoch"


def test_what_is_there_is_lost_only_to_a_whole_backup_and_when_somebody_says_so(empty, backup):
    backups.restore(empty, backup, force=False)
    one(empty.owner, "UPDATE contacts SET name = 'Still here' WHERE id = 1 RETURNING id")
    with pytest.raises(Conflict, match="not empty; with --force"):
        backups.restore(empty, backup, force=False)
    with psycopg.connect(empty.app), pytest.raises(Conflict, match="in use by 1 others"):
        backups.restore(empty, backup, force=True)
    broken = backup.with_name("broken")
    for content in (backup.read_bytes()[:-100_000], b"no backup at all"):
        broken.write_bytes(content)
        with pytest.raises(Unavailable, match="pg_restore failed: "):
            backups.restore(empty, broken, force=True)
        assert one(empty.owner, "SELECT name FROM contacts WHERE id = 1") == "Still here"
    backups.restore(empty, backup, force=True)
    assert one(empty.owner, "SELECT count(*) FROM contacts WHERE name = 'Still here'") == 0


def test_a_backup_that_cannot_be_written_leaves_the_one_before(demo, backup):
    before = backup.read_bytes()
    with pytest.raises(Unavailable, match="pg_dump failed: "):
        backups.back_up(Addresses(demo.owner.replace("/demo?", "/nowhere?"), demo.app, demo.server), backup)
    assert backup.read_bytes() == before and list(backup.parent.iterdir()) == [backup]
    with pytest.raises(Unavailable, match="cannot be written"):
        backups.back_up(demo, backup / "below a file")


def test_the_database_of_the_first_version_is_brought_up_to_date_and_goes_on_working(empty, tmp_path):
    load()
    left = tmp_path / "first.backup"
    left.write_bytes(gzip.decompress(FIRST_VERSION.read_bytes()))
    backups.restore(empty, left, force=False)
    assert one(empty.owner, "SELECT version_num FROM cogniflow.alembic_version") == "0001"
    database = brought_up(empty)
    refuse_what_is_wrong(empty)
    assert one(empty.owner, "SELECT count(*) FROM orders") == 61
    simulate(database, 1000, Event(), lambda step: None, steps=40)
    database.close()
    refuse_what_is_wrong(empty)
