"""The feed of the real tables, with no more rights than the application's role has."""

import psycopg

from cogniflow.realtime.feed import Feed
from cogniflow.realtime.topics import EventMap, EventRule
from tests.realtime.conftest import Client, Rights, token


def test_the_application_role_follows_the_feed_and_resumes_from_the_log(database_url, owner_url):
    with psycopg.connect(owner_url, autocommit=True) as owner:
        owner.execute("DELETE FROM cogniflow.incarnation")
    feed = Feed(database_url, EventMap({"units_of_measure": (EventRule("units_of_measure_updated"),)}), Rights(), remembered=1)
    feed.start()
    with psycopg.connect(database_url, autocommit=True) as writer:
        k = Client(feed, "units_of_measure").next("ready")["k"]
        for name in ("a", "b"):
            writer.execute("UPDATE units_of_measure SET name = %s WHERE id = 1", (name,))
        assert feed.wait_for(token(writer))
        assert Client(feed, "units_of_measure", token=k).next("chg")["ev"][0]["n"] == 2
    feed.stop()
