"""The history of a record: who changed what, through which door, told only to whom may read the record."""

import psycopg

from cogniflow.kernel.entity import entities, rest_path


def test_every_change_is_told_with_its_differences_its_door_and_who_made_it(api, client, database_url):
    made = api.new("products", sku="P-1", list_price="9.50")
    changed = client.patch(f"/api/products/{made['id']}", json={"list_price": "10.25", "name": "Another"})
    with psycopg.connect(database_url) as psql:
        psql.execute("UPDATE products SET archived_at = '2026-01-02T03:04:05+02' WHERE id = %s", (made["id"],))
    answer = api.get(f"products/{made['id']}/history")
    by_psql, by_person, created = answer.json["data"]
    assert answer.json["page"] == {"next": None, "total": 3, "total_is": "exact"} and answer.json["token"]
    assert by_psql["changes"] == {"archived_at": [None, "2026-01-02T01:04:05.000000Z"]}
    assert (by_psql["actor"], by_psql["door"], by_psql["op"]) == (None, None, "U")
    assert by_person["changes"] == {"name": [made["name"], "Another"], "list_price": ["9.5", "10.25"]}
    assert by_person["actor"]["name"] == "Ada Admin" and by_person["door"] == "rest"
    assert by_person["request_id"] == changed.headers["X-Request-Id"]
    assert created["op"] == "I" and created["changes"]["sku"] == [None, "P-1"]
    assert "version" not in created["changes"] and "barcode" not in created["changes"]


def test_a_history_is_read_page_by_page(api):
    made = api.new("products", name="0")
    for n in range(1, 5):
        api.patch(f"products/{made['id']}", {"name": str(n)})
    read, cursor = [], ""
    while cursor is not None:
        told = api.get(f"products/{made['id']}/history?limit=2{cursor and f'&cursor={cursor}'}").json
        read += [each["changes"]["name"][1] for each in told["data"]]
        cursor = told["page"]["next"]
        assert told["page"]["total"] == 5
    assert read == ["4", "3", "2", "1", "0"]
    assert api.get(f"products/{made['id']}/history?cursor=x").status_code == 400
    assert api.get(f"products/{made['id']}/history?sort=id").status_code == 400
    assert api.get(f"products/{made['id']}/history?limit=0").status_code == 422


def test_a_deleted_record_still_has_its_history(api):
    made = api.new("products")
    assert api.delete(f"products/{made['id']}").status_code == 204
    assert [each["op"] for each in api.get(f"products/{made['id']}/history").json["data"]] == ["D", "I"]
    assert api.get("products/999999/history").status_code == 404


def test_no_secret_is_told(api):
    user = api.get("users?limit=1").json["data"][0]
    told = api.get(f"users/{user['id']}/history").text
    assert "argon2" not in told and "password" not in told and "fs_uniquifier" not in told


def test_only_who_may_read_the_record_is_told(api, api_as):
    user = api.get("users?limit=1").json["data"][0]
    assert api_as("viewer").get(f"users/{user['id']}/history").status_code == 404
    product = api.new("products")
    assert api_as("viewer").get(f"products/{product['id']}/history").status_code == 200
    assert api.post(f"products/{product['id']}/history", {}).status_code == 404
    assert api.put(f"products/{product['id']}/history", {}).status_code == 405


def test_what_is_kept_without_history_says_so(api):
    document = api.client.get("/openapi.json", headers={"Authorization": f"Bearer {api.token}"}).json
    for entity in entities():
        answer = api.get(f"{rest_path(entity)}/1/history")
        if not entity.resource.history:
            assert answer.status_code == 404 and answer.json["detail"].startswith("No history is kept of"), entity.__tablename__
        assert (f"/api/{rest_path(entity)}/{{id}}/history" in document["paths"]) == entity.resource.history
