"""Webhooks are told by what a person starts, and to private networks only where that is allowed."""

import signal

import pytest

from tests.db.supervised import eventually
from tests.exchange.receiver import Receiver

pytestmark = pytest.mark.timeout(300)
MAKE = ("INSERT INTO webhooks (title, url, topics, user_id) SELECT 'Shop', '{}', '{{product_categories}}', min(p.user_id) "
        "FROM user_roles p JOIN roles r ON r.id = p.role_id AND r.name = 'administrator'")
TOLD = "SELECT status || coalesce(': ' || problem, '') FROM webhook_deliveries ORDER BY id DESC LIMIT 1"


def test_up_and_the_worker_tell_webhooks_and_private_receivers_where_that_is_allowed(installation):
    receiver = Receiver()
    for allowed, begun, said in (("false", "kept_house", "failed: 127.0.0.1 is in a private network."),
                                 ("true", "CogniFlow: http://", "delivered")):
        started = installation.start("worker" if begun == "kept_house" else "up", COGNIFLOW_PRIVATE_WEBHOOKS=allowed,
                                     COGNIFLOW_LOG_LEVEL="debug")
        eventually(lambda started=started, begun=begun: begun in started.out + started.err, 90)
        installation.result("db", "psql", "-c", "DELETE FROM webhooks", "-c", MAKE.format(receiver.url),
                            "-c", f"INSERT INTO product_categories (name) VALUES ('Told {allowed}')")
        eventually(lambda said=said: installation.result("db", "psql", "-Atc", TOLD) == said, 60)
        installation.result("db", "psql", "-c", "DELETE FROM webhooks; DELETE FROM product_categories WHERE name ~ '^Told'")
        assert started.stop(signal.SIGTERM) == 0
    receiver.close()
    assert {each.type for each in receiver.messages} == {"product_categories_updated"}
