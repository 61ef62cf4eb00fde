"""A client comes back: from another process, too late, with nonsense, or from what REST had told it."""

import requests

from tests.faults.site import Site


def change(site: Site, number: int) -> str:
    """A change of one product; its transaction."""
    with site.psql() as connection:
        return connection.execute("UPDATE products SET packaging = gen_random_uuid() WHERE id = %s "
                                  "RETURNING pg_current_xact_id()::text", [number]).fetchone()[0]


def expect_to_hear_of(written: str, site: Site, token: str) -> None:
    """Whoever comes with the token hears of the transaction, in a chain that goes on where the token stands."""
    client, told = site.running.socket(site.key, topics=["products"], token=token), []
    while written not in told:
        message = client.next()
        assert message["type"] in ("ready", "chg", "hb"), message
        assert message.get("prev", token) == token
        token = message["k"]
        told += [xid for event in message.get("ev", ()) for xid in event["xids"]]


def test_a_write_between_the_rest_read_and_the_subscription_is_heard(site: Site, page):
    read = requests.get(f"{site.address}/api/products", headers={"Authorization": f"Bearer {site.key}"}, timeout=30)
    written = change(site, site.products[3])
    expect_to_hear_of(written, site, read.headers["X-CogniFlow-Token"])


def test_a_client_resumes_at_whichever_process_answers(site: Site, page):
    token = site.running.socket(site.key, topics=["products"]).hear("ready")["k"]
    written = change(site, site.products[4])
    for _ in range(6):  # connections are taken by any of the workers
        expect_to_hear_of(written, site, token)


def test_nonsense_and_foreign_tokens_mean_reset_and_never_an_error(site: Site, page):
    mine = site.running.socket(site.key, topics=["products"]).hear("ready")["k"].split(".")
    foreign = ".".join([mine[0], "0123456789ab", *mine[2:]])
    future = ".".join([*mine[:3], str(int(mine[3]) + 10 ** 6), mine[4]])
    for nonsense in ("", "nonsense", "1.2.3", "1" * 10_000, foreign, future):
        client = site.running.socket(site.key, topics=["products"], token=nonsense)
        assert client.next()["why"] == "epoch"
        assert client.next()["type"] == "ready"


def test_after_retention_a_client_is_told_to_refetch(site: Site, page):
    with site.quiet():  # what an open write may need is never forgotten
        begun = site.running.socket(site.key, topics=["products"]).hear("ready")["k"]
        written = change(site, site.products[5])
        site.assert_nothing_lost()
        assert int(written) < site.judged_below()
        with site.psql("cogniflow_owner") as connection:
            connection.execute("UPDATE cogniflow.change_log SET at = at - interval '9 days' WHERE xid < %s::text::xid8",
                               [str(site.judged_below())])
            while connection.execute("SELECT cogniflow.forget_changes(3)").fetchone()[0]:  # a batch at a time
                pass
        site.kill_who_serves_sockets()  # what it remembers would do
        assert site.running.socket(site.key, topics=["products"], token=begun).next()["why"] == "retention"
    site.assert_nothing_lost()
