"""Forgetting what is past its retention, and nothing else."""

import threading

import psycopg

from cogniflow.config import load_settings
from cogniflow.jobs.housekeeping import do_hourly_work, keep_house
from tests.db.supervised import ask, eventually

OLD_CHANGES = """
UPDATE cogniflow.change_log SET at = now() - interval '5 days'
WHERE id IN (SELECT id FROM cogniflow.change_log ORDER BY id LIMIT 5)
"""


def change_log(url: str, changes: int) -> int:
    """Make at least so many rows of the change log; how many there are."""
    with psycopg.connect(url, autocommit=True) as connection:
        for number in range(changes):
            connection.execute("INSERT INTO product_categories (name) VALUES (%s)", [f"c{number}"])
        return connection.execute("SELECT count(*) FROM cogniflow.change_log").fetchone()[0]


def test_every_change_past_its_days_is_forgotten_however_small_the_batch(owner_url):
    before = change_log(owner_url, 8)
    with psycopg.connect(owner_url, autocommit=True) as connection:
        assert connection.execute(OLD_CHANGES).rowcount == 5
    assert do_hourly_work(owner_url, feed_retention_days=3, batch=2) == 5
    assert ask(owner_url, "SELECT count(*) FROM cogniflow.change_log") == (before - 5,)
    assert do_hourly_work(owner_url, feed_retention_days=3, batch=2) == 0


def test_kept_answers_are_forgotten_after_a_day(owner_url):
    with psycopg.connect(owner_url, autocommit=True) as connection:
        columns = dict(connection.execute("SELECT column_name, data_type FROM information_schema.columns WHERE table_schema = "
                                          "'cogniflow' AND table_name = 'idempotency_keys' AND is_nullable = 'NO'").fetchall())
        samples = {"text": "'x'", "bytea": "''", "integer": "1", "bigint": "1", "uuid": "gen_random_uuid()"}
        others = {name: samples[kind] for name, kind in columns.items() if kind in samples}
        for hours, mark in ((23, "'young'"), (25, "'old'")):
            values = others | {name: mark for name in others if columns[name] == "text"}
            connection.execute(f"INSERT INTO cogniflow.idempotency_keys ({', '.join(values)}, at) "
                               f"VALUES ({', '.join(values.values())}, now() - interval '{hours} hours')")
        do_hourly_work(owner_url, 3)
        assert connection.execute("SELECT count(*) FROM cogniflow.idempotency_keys").fetchone() == (1,)


def test_the_housekeeper_begins_at_once_and_ends_when_told(owner_url):
    change_log(owner_url, 8)
    with psycopg.connect(owner_url, autocommit=True) as connection:
        connection.execute(OLD_CHANGES)
    stop = threading.Event()
    keeper = threading.Thread(target=keep_house, args=(owner_url, load_settings(_env_file=None), stop))
    keeper.start()
    eventually(lambda: ask(owner_url, "SELECT count(*) FROM cogniflow.change_log WHERE at < now() - interval '4 days'") == (0,))
    stop.set()
    keeper.join(10)
    assert not keeper.is_alive()
