"""Transactions: all or nothing, attributed, and refused with errors that people understand."""

import threading

import psycopg
import pytest
from sqlalchemy import select, text

from cogniflow.db.session import Actor, Database
from cogniflow.domain.catalog.models import ProductCategory
from cogniflow.domain.system.models import TaxCode, UnitOfMeasure
from cogniflow.errors import Conflict, Forbidden, Invalid, Unavailable

ADA = Actor(user_id=7, door="rest", request_id="r-1")


def test_a_block_that_raises_leaves_nothing_behind(database):
    with pytest.raises(ZeroDivisionError), database.transaction(ADA) as session:
        session.add(ProductCategory(name="Half"))
        session.flush()
        raise ZeroDivisionError
    with database.reading() as session:
        assert session.query(ProductCategory).filter_by(name="Half").count() == 0


def test_a_change_is_attributed_to_who_made_it(database):
    with database.transaction(ADA) as session:
        session.add(ProductCategory(name="Attributed"))
    with database.reading() as session:
        assert session.query(ProductCategory).filter_by(name="Attributed").one().created_by == 7
        logged = session.execute(text("SELECT actor, door, request_id FROM cogniflow.change_log ORDER BY id DESC LIMIT 1")).one()
        assert logged == (7, "rest", "r-1")


def test_the_attribution_ends_with_the_transaction(database):
    with database.transaction(ADA) as session:
        session.add(ProductCategory(name="First"))
    with database.transaction() as session:
        session.add(ProductCategory(name="Second"))
    with database.reading() as session:
        assert session.query(ProductCategory).filter_by(name="Second").one().created_by is None


@pytest.mark.parametrize(
    ("statement", "error", "field"),
    [
        ("INSERT INTO units_of_measure (code, name) VALUES ('zz', 'Once'), ('zz', 'Twice')", Conflict, "code"),
        ("INSERT INTO exchange_rates (currency_id, valid_from, rate) VALUES (999999, '2020-01-01', 1)", Invalid, "currency_id"),
        ("INSERT INTO tax_codes (code, name, rate) VALUES ('T', 'Too much', 2)", Invalid, "rate"),
        ("INSERT INTO tax_codes (code, name) VALUES ('T', 'None')", Invalid, "rate"),
        ("INSERT INTO tax_codes (code, name, rate) VALUES (repeat('x', 50), 'Long', 0)", Invalid, None),
        ("DELETE FROM units_of_measure WHERE code = 'zz'; UPDATE stock_balances SET on_hand = 1", Forbidden, None),
    ],
)
def test_what_the_database_refuses_is_told_in_words(database, statement, error, field):
    with pytest.raises(error) as refused, database.transaction() as session:
        session.execute(text(statement))
    assert [each.field for each in refused.value.errors] == ([field] if field else [])
    assert refused.value.detail


def test_a_record_in_use_is_a_conflict(database):
    with database.transaction() as session:
        session.add(TaxCode(code="USED", name="Used", rate=0))
        parent = ProductCategory(name="Parent")
        session.add(parent)
        session.flush()
        session.add(ProductCategory(name="Child", parent_id=parent.id))
    with pytest.raises(Conflict, match="product categories"), database.transaction() as session:
        session.execute(text("DELETE FROM product_categories WHERE name = 'Parent'"))


def test_work_that_a_deadlock_ended_is_done_again(database):
    with database.transaction() as session:
        session.add_all([UnitOfMeasure(code="a", name="A"), UnitOfMeasure(code="b", name="B")])
    both_hold_one, tries = threading.Barrier(2), []
    rename = text("UPDATE units_of_measure SET name = name || '.' WHERE code = :code")

    def work(first, second):
        def run(session):
            tries.append(first)
            session.execute(rename, {"code": first})
            if tries.count(first) == 1:
                both_hold_one.wait(10)
            session.execute(rename, {"code": second})

        return run

    threads = [threading.Thread(target=database.write, args=(ADA, work(*order))) for order in ("ab", "ba")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert len(tries) >= 3
    with database.reading() as session:
        names = session.scalars(text("SELECT name FROM units_of_measure WHERE code IN ('a', 'b') ORDER BY code")).all()
    assert names == ["A..", "B.."]


def test_a_write_that_finds_no_free_connection_is_told_so(database_url):
    busy = Database(database_url, pool_size=1)
    busy.engine.pool._timeout = 0
    with busy.reading() as session:
        session.execute(text("SELECT 1"))
        with pytest.raises(Unavailable, match="busy"):
            busy.write(ADA, lambda _: None)
    busy.close()


def test_a_write_of_a_value_that_no_column_takes_is_invalid(database):
    with pytest.raises(Invalid):
        database.write(ADA, lambda session: session.scalar(select(TaxCode.id).where(TaxCode.uid == "not one")))


def test_a_database_that_is_away_is_unavailable(tmp_path):
    with pytest.raises(Unavailable), Database(f"postgresql://nobody@/nothing?host={tmp_path}").reading() as session:
        session.execute(text("SELECT 1"))


def test_the_application_cannot_truncate_or_create(database_url):
    with psycopg.connect(database_url, autocommit=True) as connection:
        for statement in (
            "TRUNCATE products CASCADE",
            "CREATE TABLE mine (id int)",
            "CREATE SCHEMA mine",
            "UPDATE cogniflow.change_log SET n = 0",
            "DELETE FROM stock_ledger",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement)


def test_a_change_that_changes_nothing_is_no_failure(database):
    with database.transaction() as session:
        rate = TaxCode(code="FINE", name="Fine", rate=0.1)
        session.add(rate)
    with database.transaction() as session:
        session.get(TaxCode, rate.id).rate = "0.1000000001"
    with database.reading() as session:
        assert session.get(TaxCode, rate.id).version == 1


def test_reading_holds_no_transaction_open(database):
    with database.reading() as session:
        session.execute(text("SELECT 1 FROM tax_codes"))
        assert session.execute(
            text("SELECT xact_start = query_start FROM pg_stat_activity WHERE pid = pg_backend_pid()")
        ).scalar()
        first = session.execute(text("SELECT now()")).scalar()
        assert session.execute(text("SELECT now()")).scalar() > first
