"""A page is told again only while nothing of it has changed, whoever changes it and in whatever process."""

import datetime as dt
import re
import threading

import psycopg
import pytest
from werkzeug.datastructures import MultiDict

from cogniflow.app import create_app
from cogniflow.domain.accounts.rights import SYSTEM_CALLER
from cogniflow.kernel.entity import entity_of
from cogniflow.records.kept import Kept, tables_of
from cogniflow.records.query import parse_list_query
from cogniflow.records.read import Page, page
from tests.web.conftest import Api

WRITES = 60
READERS = 3


@pytest.fixture
def lists_read(statements_with) -> list[str]:
    """Grows by the statement of each list that was really read."""
    return statements_with("told_rows")


def test_a_page_is_read_once_and_told_again_whole(api, lists_read):
    api.new("products")
    first = api.get("products?limit=5", headers={"X-Request-Id": "first"})
    api.new("departments")
    again = api.get("products?limit=5", headers={"X-Request-Id": "again"})
    assert len(lists_read) == 1 and again.data == first.data
    assert again.json["token"] == again.headers["X-CogniFlow-Token"], "from there on nothing is missed"
    assert [each.headers.pop("X-Request-Id") for each in (first, again)] == ["first", "again"]
    del first.headers["Vary"], again.headers["Vary"]  # only the app had to look for a cookie
    assert sorted(again.headers) == sorted(first.headers)


def test_no_position_grows_too_old_to_resume_from(api, lists_read, monkeypatch):
    monkeypatch.setattr("cogniflow.web.front.LONGEST", dt.timedelta(0))
    api.new("products")
    first = api.get("products?limit=5")
    api.new("departments")
    again = api.get("products?limit=5")
    assert len(lists_read) == 1 and again.json["data"] == first.json["data"]
    assert again.json["token"] == again.headers["X-CogniFlow-Token"] != first.json["token"]


def test_what_is_told_again_is_counted_as_any_other(api):
    def counted() -> str:
        metrics = api.client.get("/metrics", headers={"Authorization": f"Bearer {api.token}"}).text
        return re.search(r'cogniflow_requests_total\{endpoint="api.list_products",.*status="200"\} (.+)', metrics).group(1)

    api.get("products")
    assert counted() == "1.0"
    api.get("products")
    assert counted() == "2.0"


@pytest.mark.parametrize("other", [
    {"headers": {"Accept-Encoding": "gzip"}}, {"headers": {"If-None-Match": '"v1"'}}, {"base_url": "https://localhost"}])
def test_who_asks_otherwise_is_answered_otherwise(api, other):
    made = api.new("products", name="A" * 200)
    told = [api.get(f"products/{made['id']}") for _ in range(2)]
    differs = api.get(f"products/{made['id']}", **other)
    assert told[0].data == told[1].data
    assert (differs.status_code, differs.data, sorted(differs.headers)) != (200, told[0].data, sorted(told[0].headers))


def test_whatever_a_page_tells_of_makes_it_read_again(api, lists_read, owner_url):
    line = api.new("order_items")
    order, path = line["order_id"], "orders?expand=customer"
    customer = api.get(path).json["data"][0]["customer"]["id"]
    for table, key, change in (("orders", order, {"note": "a"}), ("order-items", line["id"], {"quantity": "7"}),
                               ("contacts", customer, {"name": "Renamed"})):
        api.get(path)
        read = len(lists_read)
        assert api.patch(f"{table}/{key}", change).status_code == 200
        told = api.get(path).json["data"][0]
        assert len(lists_read) == read + 1, table
    assert (told["note"], told["items"][0]["quantity"], told["customer"]["name"]) == ("a", "7", "Renamed")
    with psycopg.connect(owner_url) as connection:
        connection.execute("UPDATE orders SET note = 'by psql'")
    assert api.get(path).json["data"][0]["note"] == "by psql"


def test_a_record_is_read_once_too_and_again_when_it_or_what_it_nests_has_changed(api, statements_with, owner_url):
    made = api.new("products")
    path = f"products/{made['id']}?expand=unit"
    first, read = api.get(path), statements_with("AS body")
    assert (api.get(path).data, read) == (first.data, [])
    with psycopg.connect(owner_url) as connection:
        connection.execute("UPDATE units_of_measure SET name = 'Renamed' WHERE id = %s", (made["unit_id"],))
    assert api.get(path).json["unit"]["name"] == "Renamed" and len(read) == 1
    assert api.patch(f"products/{made['id']}", {"name": "Renamed, too"}).status_code == 200
    assert api.get(path).json["name"] == "Renamed, too"


def test_what_was_open_when_a_page_was_read_makes_it_read_again_once_it_is_committed(api, lists_read, owner_url):
    made = api.new("products", name="Before")
    with psycopg.connect(owner_url) as connection:
        connection.execute("UPDATE products SET name = 'After' WHERE id = %s", (made["id"],))
        api.new("departments")  # so that the position of now is past the open transaction
        assert [api.get("products").json["data"][0]["name"] for _ in range(2)] == ["Before", "Before"]
        assert len(lists_read) == 1
        connection.commit()
        assert api.get("products").json["data"][0]["name"] == "After"


def test_nobody_is_told_what_another_may_read(api, api_as, sign_in):
    made = api.new("products")
    assert api.get("products").json["data"][0]["id"] == made["id"]
    assert api_as("viewer").get("products").json["data"] == api.get("products").json["data"]
    nobody = api_as("integration")
    assert api.get("api-tokens").status_code == 200 and nobody.get("api-tokens").status_code == 404
    role = api.get("roles?name=integration").json["data"][0]["id"]
    assert nobody.get("products").status_code == 200
    for right in api.get(f"permissions?role_id={role}&limit=500&fields=id").json["data"]:
        assert api.delete(f"permissions/{right['id']}").status_code == 204
    assert nobody.get("products").status_code == 404


def test_another_life_of_the_server_begins_with_nothing_kept(api, lists_read, owner_url):
    made = api.new("products")
    api.get("products")
    with psycopg.connect(owner_url) as connection:
        connection.execute("DELETE FROM cogniflow.incarnation")
        connection.execute("INSERT INTO cogniflow.incarnation DEFAULT VALUES")
    api.get("products")
    with psycopg.connect(owner_url) as connection:
        connection.execute("INSERT INTO cogniflow.change_floor (floor_xid) VALUES (pg_current_xact_id()) "
                           "ON CONFLICT (one) DO UPDATE SET floor_xid = excluded.floor_xid")
    assert api.get("products").json["data"][0]["id"] == made["id"] and len(lists_read) == 3


def test_who_reads_after_a_commit_was_acknowledged_reads_what_it_wrote(app, settings, api, lists_read):
    other = create_app(settings)  # another process of the installation keeps pages of its own
    number = api.new("products", list_price="0")["id"]
    acknowledged, over, stale, read = [0], threading.Event(), [], [0]

    def write() -> None:
        writer = Api(other.test_client(), api.token)
        for price in range(1, WRITES + 1):
            assert writer.patch(f"products/{number}", {"list_price": str(price)}).status_code == 200
            acknowledged[0] = price
        over.set()

    def follow() -> None:
        reader = Api(app.test_client(), api.token)
        while not over.is_set():
            least = acknowledged[0]
            told = int(reader.get("products").json["data"][0]["list_price"])
            read[0] += 1
            if told < least:
                stale.append((told, least))

    threads = [threading.Thread(target=write), *(threading.Thread(target=follow) for _ in range(READERS))]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    other.extensions["cogniflow"].close()
    assert stale == [] and read[0] > READERS
    assert api.get("products").json["data"][0]["list_price"] == str(WRITES)
    before = len(lists_read)
    assert api.get("products").status_code == 200 and len(lists_read) == before


def test_only_so_much_is_kept(database):
    units, read = entity_of("units_of_measure"), []
    query = parse_list_query(SYSTEM_CALLER, units, MultiDict())
    with database.reading() as session:
        size = len(page(session, SYSTEM_CALLER, units, query).body)
        kept = Kept(most_bytes=int(2.5 * size))
        kept.look(database)
        for key in ("a", "b", "a", "c", "b", "a"):
            def make(key: str = key) -> tuple[Page, set[str]]:
                read.append(key)
                return page(session, SYSTEM_CALLER, units, query), tables_of(SYSTEM_CALLER, units, ())
            kept.told(kept.look(database), key, make)
    assert read == ["a", "b", "c", "b", "a"]
