"""What holds for the REST resource of every entity, declared by nothing but its class."""

import json

from cogniflow.domain.registry import load
from cogniflow.kernel.entity import entities, is_master, lines, rest_path
from cogniflow.records.parse import is_creatable
from cogniflow.records.shape import told_once
from tests.web.conftest import ever_after

load()
CREATABLE = [entity for entity in entities() if is_creatable(entity)]
READ_ONLY = [entity for entity in entities() if entity.resource.read_only]


def test_every_writable_entity_is_created_read_and_listed_as_the_same_bytes(api):
    for entity in CREATABLE:
        for optional in (False, True):
            path, values = rest_path(entity), api.values.of(entity, optional=optional)
            made = api.post(path, values)
            assert made.status_code == 201, f"{path} {values}: {made.text}"
            one = api.get(f"{path}/{made.json['id']}")
            listed = api.get(f"{path}?id={made.json['id']}")
            assert one.json == ever_after(entity, made.json) and (told_once(entity) or one.data == made.data), path
            assert listed.data.startswith(b'{"data":[' + one.data + b'],"page":{'), path
            assert api.get(f"{path}/{made.json['uid']}").data == one.data
            assert made.headers["Location"] == f"/api/{path}/{made.json['id']}"
            assert {name: made.json[name] for name in values} == values, path


def test_every_writable_entity_takes_back_what_it_told(api):
    for entity in CREATABLE:
        path, values = rest_path(entity), api.values.of(entity)
        made = api.create(entity, values)
        changed = api.patch(f"{path}/{made['id']}", values)
        assert (changed.status_code, changed.json) == (200, ever_after(entity, made)), f"{path}: {changed.text}"


def test_every_read_only_entity_refuses_writes(api):
    assert {"stock_ledger", "stock_balances"} <= {entity.__tablename__ for entity in READ_ONLY}
    for entity in READ_ONLY:
        path = rest_path(entity)
        assert api.get(path).status_code == 200
        for method, address in (("POST", path), ("POST", f"{path}/bulk"), ("PUT", f"{path}/1"), ("PATCH", f"{path}/1"),
                                ("DELETE", f"{path}/1")):
            refused = api.ask(method, address, json={})
            assert (refused.status_code, refused.json["status"]) == (405, 405), f"{method} {address}"
            assert "GET" in refused.headers["Allow"]


def test_every_entity_lists_by_each_of_its_fields(api):
    told = _told(api)
    for entity in entities():
        path = rest_path(entity)
        names = [name for name, schema in told[entity.__name__]["properties"].items()
                 if name != "items" and {"type", "anyOf", "enum"} & schema.keys() and "array" not in json.dumps(schema)]
        assert len(names) > 5
        ordered = api.get(f"{path}?limit=1&sort={','.join(f'-{name}' for name in names)}")
        assert ordered.status_code == 200, ordered.text
        empty = api.get(f"{path}?{'&'.join(f'{name}__isnull=true' for name in names)}")
        assert empty.status_code == 200, empty.text


def test_every_entity_with_search_words_can_be_searched(api):
    for entity in entities():
        found = api.get(f"{rest_path(entity)}?q=100%25_x")
        assert found.status_code == (200 if entity.resource.search else 400), rest_path(entity)


def test_archived_records_are_listed_only_when_asked_for(api):
    for entity in [each for each in CREATABLE if is_master(each)]:
        path, made = rest_path(entity), api.create(entity, api.values.of(entity))
        everything = f"{path}?limit=500&fields=id"
        assert api.patch(f"{path}/{made['id']}", {"archived_at": "2024-01-01T00:00:00Z"}).status_code == 422
        assert {"id": made["id"]} in api.get(everything).json["data"]
        assert {"id": made["id"]} not in api.get(f"{everything}&archived=true").json["data"]
        assert {"id": made["id"]} in api.get(f"{everything}&archived=all").json["data"]


def test_no_secret_is_told(api):
    told = _told(api)
    for entity in entities():
        secrets = {column.key for column in entity.__table__.columns if column.info.get("secret")}
        assert not secrets & told[entity.__name__]["properties"].keys()
        for name in secrets:
            assert api.get(f"{rest_path(entity)}?{name}=x").status_code == 400
            assert api.get(f"{rest_path(entity)}?fields={name}").status_code == 400
            assert api.get(f"{rest_path(entity)}?sort={name}").status_code == 400
    assert "password" not in api.get("users").text


def test_every_document_takes_and_tells_its_lines(api):
    for entity in [each for each in entities() if lines(each)]:
        line, path = lines(entity), rest_path(entity)
        values = api.values.of(line)
        document = api.get(f"{path}/{values.pop(f'{line.resource.lines_of}_id')}").json
        assert document["items"] == []
        changed = api.patch(f"{path}/{document['id']}", {"items": [values]})
        assert changed.status_code == 200, changed.text
        assert [each["product_id"] for each in changed.json["items"]] == [values["product_id"]], path
        assert changed.json["version"] == document["version"] + 1, path


def _told(api) -> dict:
    return api.client.get("/openapi.json", headers={"Authorization": f"Bearer {api.token}"}).json["components"]["schemas"]
