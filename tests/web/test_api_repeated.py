"""Requests that are sent again: the Idempotency-Key keeps what they do from being done twice."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from cogniflow.kernel.entity import entity_of

KEY = {"Idempotency-Key": "order 7 of batch 3"}


def test_the_same_request_gets_the_same_answer_and_is_done_once(api):
    first = api.post("departments", {"code": "D1", "name": "Once"}, headers=KEY)
    again = api.post("departments", {"code": "D1", "name": "Once"}, headers=KEY)
    assert (again.status_code, again.data, again.headers["Location"]) == (201, first.data, first.headers["Location"])
    assert (again.headers["ETag"], again.headers["X-CogniFlow-Xid"]) == (first.headers["ETag"], first.headers["X-CogniFlow-Xid"])
    assert again.headers["Idempotency-Replayed"] == "true" and "Idempotency-Replayed" not in first.headers
    assert api.get("departments").json["page"]["total"] == 1


def test_the_key_is_for_one_content_at_one_address_by_one_caller(api, api_as):
    api.post("departments", {"code": "D1", "name": "Once"}, headers=KEY)
    for path, body in (("departments", {"code": "D2", "name": "Once"}), ("warehouses", {"code": "D1", "name": "Once"}),
                       ("departments/1/restore", {"code": "D1", "name": "Once"})):
        refused = api.post(path, body, headers=KEY)
        assert (refused.status_code, refused.json["errors"][0]["field"]) == (422, "Idempotency-Key")
    assert api_as("administrator").post("departments", {"code": "D2", "name": "Mine"}, headers=KEY).status_code == 201


def test_a_refusal_is_repeated_too(api):
    first = api.post("departments", {"code": "D1"}, headers=KEY)
    assert first.status_code == 422
    again = api.post("departments", {"code": "D1"}, headers=KEY)
    assert (again.status_code, again.data, again.headers["Content-Type"]) == (422, first.data, first.headers["Content-Type"])


@pytest.mark.parametrize(("scopes", "status"), [(["read"], 403), (["products:*"], 404)])
def test_what_may_no_longer_be_done_is_not_told_again(api, owner_url, scopes, status):
    order, department = api.new("orders"), {"code": "D1", "name": "Once"}
    api.new("order_items", order_id=order["id"])
    module = api.new("system_modules")
    asked = [("departments", department), ("departments/bulk", {"items": [department | {"code": "D2"}]}),
             ("departments/1/restore", {}), (f"orders/{order['id']}/confirm", {}),
             (f"system/modules/{module['id']}/submodules", api.values.of(entity_of("system_sub_modules")))]
    for number, (path, body) in enumerate(asked):
        assert api.post(path, body, headers={"Idempotency-Key": str(number)}).status_code in (200, 201), path
    with psycopg.connect(owner_url, autocommit=True) as connection:
        connection.execute("UPDATE api_tokens SET scopes = %s", (scopes,))
    for number, (path, body) in enumerate(asked):
        assert api.post(path, body, headers={"Idempotency-Key": str(number)}).status_code == status, path


def test_a_failure_on_our_side_frees_the_key(api, owner_url):
    with psycopg.connect(owner_url, autocommit=True) as connection:
        connection.execute("ALTER TABLE departments RENAME COLUMN name TO renamed")
        assert api.post("departments", {"code": "D1", "name": "N"}, headers=KEY).status_code == 500
        connection.execute("ALTER TABLE departments RENAME COLUMN renamed TO name")
    assert api.post("departments", {"code": "D1", "name": "N"}, headers=KEY).status_code == 201


@pytest.mark.parametrize(("path", "wrapped"), [("products", False), ("products/bulk", True)])
def test_a_refusal_because_another_writer_is_at_it_frees_the_key(api, owner_url, path, wrapped):
    product = {"sku": "S", "name": "N", "unit_id": api.new("units_of_measure")["id"]}
    body = {"items": [product]} if wrapped else product
    with psycopg.connect(owner_url, autocommit=True) as owner, psycopg.connect(owner_url) as other:
        owner.execute("CREATE FUNCTION hurry() RETURNS trigger LANGUAGE plpgsql AS "
                      "$$ BEGIN SET LOCAL lock_timeout = '20ms'; RETURN new; END $$")
        owner.execute("CREATE TRIGGER aa_hurry BEFORE INSERT ON products FOR EACH ROW EXECUTE FUNCTION hurry()")
        other.execute("SELECT 1 FROM units_of_measure WHERE id = %s FOR UPDATE", (product["unit_id"],))
        refused = api.post(path, body, headers=KEY)
        assert (refused.status_code, refused.json["title"], refused.headers["Retry-After"]) == (409, "Busy", "1")
        other.rollback()
    assert api.post(path, body, headers=KEY).status_code in (200, 201)
    assert api.get("products").json["page"]["total"] == 1


def test_a_verb_and_a_bulk_are_kept_as_well(api):
    order = api.new("orders")
    api.new("order_items", order_id=order["id"])
    confirmed = api.post(f"orders/{order['id']}/confirm", headers=KEY)
    assert (confirmed.status_code, confirmed.json["status"]) == (200, "confirmed")
    assert api.post(f"orders/{order['id']}/confirm", headers=KEY).data == confirmed.data
    assert api.post(f"orders/{order['id']}/confirm").status_code == 409
    items = {"items": [{"code": "D1", "name": "One"}]}
    made = api.post("departments/bulk", items, headers={"Idempotency-Key": "bulk"})
    assert api.post("departments/bulk", items, headers={"Idempotency-Key": "bulk"}).data == made.data
    assert api.get("departments").json["page"]["total"] == 1


def test_of_many_at_once_one_is_done_and_the_others_wait_or_get_its_answer(app, api):
    barrier = threading.Barrier(8)

    def ask(_: int):
        client = app.test_client()
        barrier.wait()
        return client.post("/api/departments", json={"code": "D1", "name": "Once"},
                           headers=KEY | {"Authorization": f"Bearer {api.token}"})
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(ask, range(8)))
    done = {answer.data for answer in answers if answer.status_code == 201}
    assert len(done) == 1 and {answer.status_code for answer in answers} <= {201, 409}
    assert api.get("departments").json["page"]["total"] == 1
    assert api.post("departments", {"code": "D1", "name": "Once"}, headers=KEY).data in done


def test_while_it_runs_the_key_is_busy_and_an_abandoned_one_is_free_again(api, owner_url):
    unit = api.new("units_of_measure")
    with psycopg.connect(owner_url) as other, ThreadPoolExecutor(1) as pool:
        other.execute("SELECT 1 FROM units_of_measure WHERE id = %s FOR UPDATE", (unit["id"],))
        body = {"sku": "S", "name": "N", "unit_id": unit["id"]}
        first = pool.submit(lambda: api.post("products", body, headers=KEY))
        _wait_until_blocked(owner_url)
        assert api.post("products", body, headers=KEY).status_code == 409
        other.rollback()
        assert first.result().status_code == 201
    with psycopg.connect(owner_url, autocommit=True) as connection:
        connection.execute("UPDATE cogniflow.idempotency_keys SET status = NULL, at = now() - interval '11 minutes'")
        assert api.post("products", body, headers=KEY).status_code == 409  # done again: its sku is taken
        connection.execute("UPDATE cogniflow.idempotency_keys SET at = now() - interval '25 hours'")
        assert api.post("departments", {"code": "D1", "name": "N"}, headers=KEY).status_code == 201


@pytest.mark.parametrize("key", ["", "x" * 256, "ü", "tab\there"])
def test_a_key_must_be_short_and_printable(api, key):
    assert api.post("departments", {"code": "D", "name": "N"}, headers={"Idempotency-Key": key}).status_code == 400


def _wait_until_blocked(owner_url: str) -> None:
    with psycopg.connect(owner_url, autocommit=True) as connection:
        deadline = time.monotonic() + 20
        while not connection.execute("SELECT 1 FROM pg_locks WHERE NOT granted").fetchone():
            assert time.monotonic() < deadline, "nobody waits"
