"""No category, manager or successor stands above itself, whoever tries and however many at once."""

import psycopg
import pytest

from tests.domain.trade import INVALID, SERIALIZATION, at_once, raised, refusal


@pytest.fixture
def chain(trade):
    """Three categories, each below the one before it."""
    made = []
    for _ in range(3):
        made.append(trade.insert("product_categories", name=trade.name("C"), parent_id=made[-1] if made else None))
    return made


def test_a_category_cannot_be_below_itself(trade, chain):
    for category, parent in ((chain[0], chain[0]), (chain[0], chain[2]), (chain[1], chain[2])):
        assert refusal(trade.url, f"UPDATE product_categories SET parent_id = {parent} WHERE id = {category}") == INVALID
    assert refusal(trade.url, f"UPDATE product_categories SET parent_id = {chain[0]} WHERE id = {chain[2]}") is None


def test_one_statement_cannot_close_a_circle(trade):
    one, two = (trade.insert("product_categories", name=trade.name("C")) for _ in range(2))
    assert refusal(trade.url, f"UPDATE product_categories SET parent_id = CASE id WHEN {one} THEN {two} ELSE {one} END "
                              f"WHERE id IN ({one}, {two})") == INVALID


def test_a_manager_cannot_report_to_a_subordinate(trade):
    boss = trade.insert("employees", code=trade.name("E"), name="Boss")
    clerk = trade.insert("employees", code=trade.name("E"), name="Clerk", manager_id=boss)
    assert refusal(trade.url, f"UPDATE employees SET manager_id = {clerk} WHERE id = {boss}") == INVALID


def test_a_product_is_not_replaced_by_what_it_replaces(trade):
    old, new = trade.product(), trade.product()
    trade.psql.execute("UPDATE products SET replaced_by_id = %s WHERE id = %s", (new, old))
    assert refusal(trade.url, f"UPDATE products SET replaced_by_id = {old} WHERE id = {new}") == INVALID


def test_an_old_snapshot_does_not_close_a_circle(trade):
    one, two = (trade.insert("product_categories", name=trade.name("C")) for _ in range(2))
    with psycopg.connect(trade.url) as late:
        late.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        late.execute("SELECT 1")
        trade.psql.execute("UPDATE product_categories SET parent_id = %s WHERE id = %s", (two, one))
        with pytest.raises(psycopg.Error) as refused:
            late.execute("UPDATE product_categories SET parent_id = %s WHERE id = %s", (one, two))
        late.rollback()
    assert refused.value.sqlstate == SERIALIZATION


@pytest.mark.parametrize("isolation", ["READ_COMMITTED", "REPEATABLE_READ"])
def test_writers_at_once_close_no_circle(trade, isolation):
    ring = [trade.insert("product_categories", name=trade.name("C")) for _ in range(16)]

    def hang(number: int) -> None:
        with psycopg.connect(trade.url) as connection:
            connection.isolation_level = psycopg.IsolationLevel[isolation]
            connection.execute("UPDATE product_categories SET parent_id = %s WHERE id = %s", (ring[number - 1], ring[number]))

    refused = raised(at_once(hang))
    assert refused
    assert {error.sqlstate for error in refused} <= {INVALID, SERIALIZATION}
    assert trade.one("WITH RECURSIVE up AS (SELECT id, parent_id FROM product_categories WHERE id = ANY(%s) UNION "
                     "SELECT u.id, c.parent_id FROM up u JOIN product_categories c ON c.id = u.parent_id) "
                     "SELECT count(*) FROM up WHERE id = parent_id", ring) == 0
