"""Lists over REST: pages, order, search, filters."""

import threading
from itertools import product

import pytest


@pytest.fixture
def products(api):
    """Names of five products whose categories and prices differ, one category empty."""
    unit, category = api.new("units_of_measure"), api.new("product_categories")
    for sku, name, price, of in (("A", "Apple 100%", "1.5", category["id"]), ("B", "banana", "10", None),
                                 ("C", "Cherry_pie", "2", category["id"]), ("D", "Date", "2", None),
                                 ("E", "Éclair", "0.25", None)):
        api.new("products", sku=sku, name=name, list_price=price, unit_id=unit["id"], category_id=of)
    return api


def skus(api, query: str) -> str:
    """The skus that a list query finds, in its order."""
    answer = api.get(f"products?{query}")
    assert answer.status_code == 200, answer.text
    return "".join(each["sku"] for each in answer.json["data"])


def walked(api, query: str) -> list[int]:
    """The ids on every page of a list, page after page."""
    seen, cursor = [], ""
    while cursor is not None:
        page = api.get(f"{query}{cursor and f'&cursor={cursor}'}").json
        seen += [each["id"] for each in page["data"]]
        cursor = page["page"]["next"]
    return seen


QUERIES = [
    ("sort=sku", "ABCDE"), ("sort=-sku", "EDCBA"), ("sort=-list_price,-sku", "BDCAE"), ("sort=list_price,sku", "EACDB"),
    ("sku=B", "B"), ("sku__ne=B&sort=sku", "ACDE"), ("list_price__gt=2", "B"), ("list_price__gte=2&sort=sku", "BCD"),
    ("list_price__lt=1.5", "E"), ("list_price__lte=1.50&sort=sku", "AE"), ("sku__in=A,E,Z&sort=sku", "AE"),
    ("name__contains=APPLE", "A"), ("name__contains=%25", "A"), ("name__contains=_", "C"), ("name__contains=\\", ""),
    ("category_id__isnull=true&sort=sku", "BDE"), ("category_id__isnull=false&sort=sku", "AC"),
    ("q=cherry", "C"), ("q=apple%20100", "A"), ("q=apple%20cherry", ""), ("q=100%25", "A"), ("q=", "ABCDE"),
    ("list_price=2&sort=sku&kind=stockable", "CD"), ("created_at__gt=2001-01-01T00:00:00Z&sku=A", "A"),
    ("created_at__lt=2001-01-01T00:00:00%2B02:00", ""),
]


def test_a_list_is_ordered_filtered_and_searched(products):
    for query, wanted in QUERIES:
        found = skus(products, query)
        assert (found if "sort" in query else "".join(sorted(found))) == wanted, query


def test_a_list_tells_its_page_its_total_and_the_feed_position(products):
    first = products.get("products?limit=2&sort=sku&fields=sku")
    assert first.json["data"] == [{"sku": "A"}, {"sku": "B"}]
    assert (first.json["page"]["total"], first.json["page"]["total_is"]) == (5, "exact")
    assert first.json["token"] == first.headers["X-CogniFlow-Token"]
    second = products.get(f"products?limit=3&sort=sku&cursor={first.json['page']['next']}").json
    assert ([each["sku"] for each in second["data"]], second["page"]["next"]) == (["C", "D", "E"], None)


def test_a_long_list_is_counted_up_to_a_cap(api, owner_url):
    import psycopg

    with psycopg.connect(owner_url) as connection:
        connection.execute("INSERT INTO departments (code, name) SELECT 'D' || n, 'Department' FROM generate_series(1, 10001) n")
    page = api.get("departments?limit=1").json["page"]
    assert (page["total"], page["total_is"]) == (10_000, "capped")
    assert api.get("departments?limit=1&code__in=D1,D2").json["page"] | {"next": None} == {
        "next": None, "total": 2, "total_is": "exact"}


ORDERS = [
    "sku", "-sku", "list_price", "-list_price", "category_id", "-category_id", "-category_id,sku", "category_id,-list_price",
    "kind,-barcode", "created_at", "-updated_at,name", "id", "-id", "uid",
]


def test_pages_of_any_order_hold_every_record_once(products):
    for sort, limit in product(ORDERS, (1, 2, 4)):
        whole = [each["id"] for each in products.get(f"products?sort={sort}").json["data"]]
        seen = walked(products, f"products?sort={sort}&limit={limit}")
        assert seen == whole and len(set(seen)) == 5, sort


def test_pages_stay_whole_while_others_insert(api):
    there = {api.new("departments", code=f"D{number:02}")["id"] for number in range(1, 21)}
    stop, begun = threading.Event(), threading.Event()

    def insert() -> None:
        number = 0
        while not stop.is_set():
            number += 1
            assert api.post("departments", {"code": f"D{number % 20:02}-{number}", "name": "Meanwhile"}).status_code == 201
            begun.set()
    writer = threading.Thread(target=insert)
    writer.start()
    begun.wait()
    try:
        seen = walked(api, "departments?sort=-code&limit=3")
    finally:
        stop.set()
        writer.join()
    assert there <= set(seen) and len(seen) == len(set(seen)) > 20


def test_an_answer_and_its_token_are_read_in_one_statement_beside_the_callers_rights(statements_with, api):
    order = api.new("orders")
    for _ in range(3):
        api.new("order_items", order_id=order["id"])
    statements = statements_with()
    api.get("me")
    rights = len(statements)
    for path in ("orders?limit=50&expand=customer,warehouse&q=x", f"orders/{order['id']}?expand=customer"):
        api.get(path)
        api.patch(f"orders/{order['id']}", {"note": path})  # or it would be told again unread
        for expected in (rights + 1, rights):
            statements.clear()
            answer = api.get(path)
            assert answer.status_code == 200 and len(statements) == expected, path
    for path in ("dashboard/low-stock-items", "dashboard/delivery-performance?days=30"):
        api.get(path)
        statements.clear()
        answer = api.get(path)
        assert answer.status_code == 200 and len(statements) == rights + 1, path
    statements.clear()
    api.get("orders?limit=50&expand=customer,warehouse&q=x&sort=-promised_on")
    assert len(statements) == rights + 1


def test_search_ignores_accents_where_the_database_can(api, owner_url):
    import psycopg

    with psycopg.connect(owner_url) as connection:
        if not connection.execute("SELECT 1 FROM pg_extension WHERE extname = 'unaccent'").fetchone():
            pytest.skip("this PostgreSQL has no unaccent")
    made = api.new("departments", name="Éclairs à la crème")
    assert [each["id"] for each in api.get("departments?q=eclairs%20creme").json["data"]] == [made["id"]]
