"""Many orders at once break no rule and promise no stock."""

import psycopg

from cogniflow.db.examine import broken_rules
from cogniflow.db.session import Database
from cogniflow.records.scale import scale


def test_as_many_order_lines_are_made_as_were_asked_for(database, owner_url):
    assert list(scale(database, 1_007)) == [1_007]
    assert list(scale(database, 5)) == [5]
    owner = Database(owner_url, pool_size=1)
    with owner.reading() as session:
        assert broken_rules(session) == {}
    owner.close()
    with psycopg.connect(owner_url) as connection:
        for query, wanted in (
            ("SELECT count(*), count(DISTINCT order_id) FROM order_items", (1_012, 203)),
            ("SELECT count(*) FROM orders WHERE status = 'confirmed' AND total > 0", (203,)),
            ("SELECT count(*) FROM stock_balances", (0,)),
        ):
            assert connection.execute(query).fetchone() == wanted, query
