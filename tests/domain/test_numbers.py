"""Numbers are given by the database when a document counts, without gaps, and never again."""

import datetime as dt
import random

import psycopg
import pytest

from cogniflow.errors import CogniFlowError
from tests.domain.trade import CONFLICT, at_once, raised, refusal

WRITERS = 16


def test_a_draft_has_no_number(trade):
    order = trade.order({trade.product(): 1})
    assert trade.one("SELECT number FROM orders WHERE id = %s", order) is None
    assert trade.do("orders", order, "confirm").number.startswith("SO-")


def test_the_period_is_that_of_the_documents_date(fresh):
    numbers = [fresh.do("orders", fresh.order({fresh.product(): 1}, ordered_on=dt.date(year, 12, 31)), "confirm").number
               for year in (2022, 2023, 2022)]
    assert numbers == ["SO-2022-00001", "SO-2023-00001", "SO-2022-00002"]


def test_a_moment_counts_as_the_day_it_was_in_the_company(fresh):
    fresh.psql.execute("UPDATE system_settings SET value = '\"Pacific/Auckland\"' WHERE key = 'company.timezone'")
    note = fresh.packed()
    shipped = fresh.do("goods_delivery_notes", note, "ship", shipped_at="2023-12-31T12:00:00Z")
    assert shipped.number == "GDN-2024-00001"


@pytest.mark.parametrize(("period", "width", "number"), [("month", 3, "X-2023-05-001"), ("never", 7, "X-0000001")])
def test_a_series_says_what_its_numbers_look_like(fresh, period, width, number):
    fresh.psql.execute("UPDATE number_series SET prefix = 'X-', period = %s, width = %s WHERE entity = 'orders'", (period, width))
    assert fresh.do("orders", fresh.order({fresh.product(): 1}, ordered_on=dt.date(2023, 5, 9)), "confirm").number == number


def test_a_number_that_outgrows_its_width_is_written_whole(fresh):
    fresh.psql.execute("UPDATE number_series SET width = 1, period = 'never' WHERE entity = 'orders'")
    with psycopg.connect(fresh.owner_url) as owner:
        owner.execute("INSERT INTO cogniflow.number_counters VALUES ('orders', '', 99)")
    assert fresh.do("orders", fresh.order({fresh.product(): 1}), "confirm").number == "SO-100"


def test_documents_without_a_series_are_numbered_all_the_same(fresh):
    fresh.psql.execute("DELETE FROM number_series")
    order = fresh.order({fresh.product(): 1}, ordered_on=dt.date(2023, 5, 9))
    assert fresh.do("orders", order, "confirm").number == "2023-00001"


def test_a_confirmation_undone_leaves_no_gap(fresh):
    first, second = (fresh.order({fresh.product(): 1}, ordered_on=dt.date(2023, 5, 9)) for _ in range(2))
    with psycopg.connect(fresh.url) as undone:
        undone.execute("UPDATE orders SET status = 'confirmed' WHERE id = %s", (first,))
        undone.rollback()
    assert fresh.do("orders", second, "confirm").number == "SO-2023-00001"


def test_a_numbered_document_cannot_be_deleted(trade):
    order = trade.order({trade.product(): 1}, "confirm", "cancel")
    assert refusal(trade.url, f"DELETE FROM orders WHERE id = {order}") == CONFLICT


def test_not_even_the_owner_gives_or_takes_a_number(trade):
    order = trade.order({trade.product(): 1}, "confirm")
    assert refusal(trade.owner_url, f"UPDATE orders SET number = 'SO-1' WHERE id = {order}") == CONFLICT
    assert refusal(trade.owner_url, f"UPDATE orders SET number = NULL WHERE id = {order}") == CONFLICT


@pytest.mark.parametrize("isolation", ["READ_COMMITTED", "REPEATABLE_READ"])
def test_writers_at_once_some_of_whom_give_up_leave_no_gap(fresh, isolation):
    product = fresh.product()
    orders = [fresh.order({product: 1}, ordered_on=dt.date(2023, 5, 9)) for _ in range(WRITERS * 4)]

    def confirm(number: int) -> None:
        dice = random.Random(number)
        with psycopg.connect(fresh.url) as connection:
            connection.isolation_level = psycopg.IsolationLevel[isolation]
            for order in orders[number::WRITERS]:
                try:
                    with connection.transaction(force_rollback=dice.random() < 0.4):
                        connection.execute("UPDATE orders SET status = 'confirmed' WHERE id = %s", (order,))
                except psycopg.errors.SerializationFailure:
                    continue

    assert raised(at_once(confirm)) == []
    numbers = [row[0] for row in fresh.psql.execute("SELECT number FROM orders WHERE number IS NOT NULL ORDER BY number")]
    assert numbers == [f"SO-2023-{n:05}" for n in range(1, len(numbers) + 1)]
    assert 0 < len(numbers) < len(orders)


def test_the_verb_gives_no_number_when_it_is_refused(trade):
    order = trade.order({})
    with pytest.raises(CogniFlowError):
        trade.do("orders", order, "confirm")
    assert trade.one("SELECT number FROM orders WHERE id = %s", order) is None
