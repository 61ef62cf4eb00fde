"""What the clock brings is done, and done again without harm."""

import datetime as dt

import psycopg

from cogniflow.jobs.housekeeping import do_hourly_work
from tests.domain.trade import insert

PANEL = ("INSERT INTO analytics_cache (panel, scope, definition, data, rev, token, computed_at) "
         "VALUES ('p', %s, '', '{}', '', '', now() - %s::interval)")
SUGGESTIONS = "SELECT status FROM replenishment_suggestions WHERE reorder_rule_id = %s ORDER BY id"


def test_a_suggestion_comes_back_when_its_dismissal_has_ended(database_url, owner_url):
    with psycopg.connect(database_url, autocommit=True) as connection:
        unit = connection.execute("SELECT min(id) FROM units_of_measure").fetchone()[0]
        product = insert(connection, "products", sku="LOW", name="Low", unit_id=unit)
        warehouse = insert(connection, "warehouses", code="W", name="Warehouse")
        rule = insert(connection, "reorder_rules", product_id=product, warehouse_id=warehouse, level=5, order_quantity=10)
        connection.execute(
            "UPDATE replenishment_suggestions SET status = 'dismissed', dismissed_until = cogniflow.company_today() + 1"
        )
        do_hourly_work(owner_url, feed_retention_days=3)
        assert connection.execute(SUGGESTIONS, (rule,)).fetchall() == [("dismissed",)]
        connection.execute("UPDATE replenishment_suggestions SET dismissed_until = cogniflow.company_today()")
        for _ in range(2):
            do_hourly_work(owner_url, feed_retention_days=3)
        assert connection.execute(SUGGESTIONS, (rule,)).fetchall() == [("dismissed",), ("open",)]


def test_a_panel_s_result_of_yesterday_is_forgotten(database_url, owner_url):
    with psycopg.connect(database_url, autocommit=True) as connection:
        for scope, age in (("old", "25 hours"), ("new", "23 hours")):
            connection.execute(PANEL, (scope, age))
        do_hourly_work(owner_url, feed_retention_days=3)
        assert connection.execute("SELECT scope FROM analytics_cache").fetchall() == [("new",)]


def test_a_session_that_has_ended_and_failures_of_yesterday_are_forgotten(database_url, owner_url):
    with psycopg.connect(owner_url, autocommit=True) as owner, psycopg.connect(database_url, autocommit=True) as connection:
        user = insert(connection, "users", email="ada@example.com", name="Ada")
        for device, lives, idle in (("old", -1, "1 hour"), ("idle", 1, "-1 hour"), ("used", 1, "1 hour")):
            session = insert(connection, "user_sessions", user_id=user, key_hash=device.encode(), device=device, address="here",
                             expires_at=dt.datetime.now(dt.UTC) + dt.timedelta(hours=lives))
            connection.execute("INSERT INTO cogniflow.session_uses (session_id, idle_at) VALUES (%s, now() + %s::interval)",
                               (session, idle))
        owner.execute("INSERT INTO cogniflow.sign_in_failures VALUES ('old', 1, now() - interval '25 hours', now()), "
                      "('new', 1, now(), now())")
        do_hourly_work(owner_url, feed_retention_days=3)
        assert connection.execute("SELECT device FROM user_sessions").fetchall() == [("used",)]
        assert owner.execute("SELECT key FROM cogniflow.sign_in_failures").fetchall() == [("new",)]
