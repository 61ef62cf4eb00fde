"""A part of the product is killed while everybody writes and listens."""

import signal

import psutil
import psycopg
import pytest

from cogniflow.realtime.subscriber import AWAY
from cogniflow.realtime.token import Token
from tests.cli.installed import gone
from tests.db.supervised import eventually
from tests.faults.site import PATIENCE, Site


def kill(process: psutil.Process, number: signal.Signals = signal.SIGKILL) -> None:
    """Signal it, and wait for its end."""
    process.send_signal(number)
    eventually(lambda: gone(process), PATIENCE)


def test_every_connection_to_the_database_is_terminated(site: Site, page):
    resets = site.resets()
    with site.psql("postgres") as connection:
        ended, = connection.execute("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
                                    "WHERE usename = 'cogniflow_app' AND backend_type = 'client backend'").fetchone()
    site.assert_nothing_lost()
    assert ended > 5 and site.resets() == resets


def test_the_database_is_restarted_as_it_should_be(site: Site, page):
    resets = site.resets()
    kill(site.postmaster, signal.SIGINT)
    site.assert_nothing_lost()
    assert site.resets() == resets, "a clean restart is no new life"


def test_the_database_is_stopped_at_once_as_by_a_power_cut(site: Site, page):
    kill(site.postmaster, signal.SIGQUIT)
    expect_a_new_life(site)


def test_a_backend_of_the_database_is_killed(site: Site, page):
    began = site.database_process("checkpointer")
    kill(site.database_process("cogniflow_app"))
    eventually(lambda: gone(began), PATIENCE)
    expect_a_new_life(site)


def expect_a_new_life(site: Site) -> None:
    """Everyone is told to refetch, once, and loses nothing from there on."""
    lives, told = len(site.lives), {each: each.resets["epoch"] for each in site.observers}
    eventually(lambda: all(each.resets["epoch"] > told[each] for each in site.observers), PATIENCE)
    site.assert_nothing_lost()
    assert len(site.lives) == lives + 1
    assert all(each.resets["epoch"] == told[each] + 1 for each in site.observers), site.resets()


def test_commits_that_were_told_are_lost_and_their_numbers_given_again(site: Site, page):
    with site.quiet():
        while (found := told_and_lost(site)) is None:  # somebody else's commit took it to the disk, too
            pass
    lost, told = found
    while site.mark()[0] <= lost:  # its number is given again
        pass
    assert told_on_return(site, told["k"])["why"] == "epoch"
    site.assert_nothing_lost()


def told_on_return(site: Site, k: str) -> dict:
    """What a client is told that comes back with this position, once its worker has found the server again."""
    while True:
        coming = site.running.socket(site.key, topics=["product_categories"], token=k)
        while isinstance(message := coming.next(), dict):
            if Token.parse(message["k"]).digest != Token.parse(k).digest:
                return message
        assert message == AWAY, "only a worker that has not found the server again yet sends it away"


def told_and_lost(site: Site) -> tuple[int, dict] | None:
    """The transaction of a commit that a client was told of and that the end of the server undid, and what it was told."""
    listening, postmaster = site.running.socket(site.key, topics=["product_categories"]), site.postmaster
    site.database_process("walwriter").suspend()
    with site.psql() as connection:
        before = connection.execute("SELECT count(*) FROM product_categories").fetchone()
        connection.execute("SET synchronous_commit = off")
        lost, = connection.execute("INSERT INTO product_categories (name) VALUES (gen_random_uuid()) "
                                   "RETURNING pg_current_xact_id()::text::bigint").fetchone()
        told = listening.hear("chg")
        assert told["ev"][0]["xids"] == [str(lost)]
        parts = [postmaster, *postmaster.children()]
        for each in parts:
            each.kill()
    eventually(lambda: all(gone(each) for each in parts), PATIENCE)
    assert listening.hear("reset")["why"] == "epoch"
    site.note_life()
    with site.psql() as connection:
        after = connection.execute("SELECT count(*) FROM product_categories").fetchone()
    return (lost, told) if after == before else None


def test_the_process_that_serves_the_sockets_is_killed(site: Site, page):
    site.kill_who_serves_sockets()
    site.assert_nothing_lost()
    eventually(site.is_up, PATIENCE)


def test_a_web_worker_is_killed(site: Site, page):
    resets = site.resets()
    kill(site.web_workers[0])
    site.assert_nothing_lost()
    assert site.resets() == resets


def test_every_process_is_replaced_while_everybody_works(site: Site, page):
    resets = site.resets()
    before = [*site.running.children("gunicorn"), *(site.running.children("realtime"))]
    told = {each: each.byes for each in site.observers}
    site.running.process.send_signal(signal.SIGHUP)
    eventually(lambda: all(map(gone, before)), PATIENCE)
    site.assert_nothing_lost()
    assert site.resets() == resets
    assert any(each.byes > told[each] for each in site.observers), "who is served by a process that ends is told so"


@pytest.fixture
def open_writes(site: Site):
    """Two transactions that have written and do not end, one of them in another database."""
    with site.psql() as here, psycopg.connect(site.url.replace("cogniflow_app@/cogniflow", "postgres@/postgres")) as there:
        there.execute("SELECT pg_current_xact_id()")
        here.execute("BEGIN")
        low, = here.execute("UPDATE products SET description = gen_random_uuid() WHERE id = %s "
                            "RETURNING pg_current_xact_id()::text::bigint", [site.products[-1]]).fetchone()
        yield here, low


def test_transactions_that_stay_open_hold_nobody_up_and_are_told_when_they_end(site: Site, page, open_writes):
    connection, low = open_writes
    site.assert_nothing_lost()
    higher, digest = site.mark()
    assert low < higher
    connection.execute("UPDATE products SET description = 'last' WHERE id = %s", [site.products[0]])
    assert not any(each.has(low, digest) for each in site.observers)
    connection.execute("COMMIT")
    for each in site.observers:
        assert each.wait_for(low, digest, PATIENCE)
    site.assert_nothing_lost()
