"""What holds for the admin of every entity, declared by nothing but its class."""

import csv
import io
import re
import zipfile

from cogniflow.domain.registry import load
from cogniflow.kernel.entity import entities, is_master, lines, rest_path, writable
from cogniflow.kernel.operation import operations
from cogniflow.records.parse import is_creatable, is_required
from cogniflow.records.shape import visible
from tests.web.conftest import ever_after
from tests.web.forms import address, fields, typed

load()
CREATABLE = [entity for entity in entities() if is_creatable(entity)]
READ_ONLY = [entity for entity in entities() if entity.resource.read_only]
NOBODY = 10**12


def test_every_list_and_start_page_opens_empty(client):
    assert client.get("/admin/").status_code == 200
    for entity in entities():
        page = client.get(address(entity))
        assert page.status_code == 200, entity.__tablename__
        assert f'data-live-topic="{entity.__tablename__}"' in page.text


def test_every_writable_entity_is_made_by_its_form_and_shown(client, api):
    for entity in CREATABLE:
        for optional in (False, True):
            values = api.values.of(entity, optional=optional)
            form = client.get(f"{address(entity)}new/")
            assert form.status_code == 200
            sent = {name: text for name, text in fields(form.text).items() if name not in values} | typed(values)
            made = client.post(f"{address(entity)}new/", data=sent)
            assert made.status_code == 302, f"{entity.__tablename__} {sent}: {_errors(made.text)}"
            _is_shown(client, api, entity, int(made.headers["Location"].rpartition("=")[2]), values)


def _is_shown(client, api, entity, key, values):
    stored = api.get(f"{rest_path(entity)}/{key}").json
    for name, value in values.items():
        assert stored[name] == value or str(stored[name]).rstrip("Z").split(".")[0] == str(value).rstrip("Z").split(".")[0], name
    assert client.get(f"{address(entity)}details/?id={key}").status_code == 200
    assert f'data-id="{key}"' in client.get(f"{address(entity)}?id={key}{'&archived=all' if is_master(entity) else ''}").text


def test_every_form_saved_as_it_is_changes_nothing(client, api):
    for entity in CREATABLE:
        made = api.create(entity, api.values.of(entity, optional=True))
        page = client.get(f"{address(entity)}edit/?id={made['id']}")
        saved = client.post(f"{address(entity)}edit/?id={made['id']}", data=fields(page.text))
        assert saved.status_code == 302, f"{entity.__tablename__}: {_errors(saved.text)}"
        assert api.get(f"{rest_path(entity)}/{made['id']}").json == ever_after(entity, made)


def test_a_missing_value_is_told_beside_its_field_and_nothing_typed_is_lost(client, api):
    for entity in CREATABLE:
        required = [column for column in writable(entity) if is_required(column)]
        form = client.get(f"{address(entity)}new/")
        has_note = "note" in fields(form.text)
        refused = client.post(f"{address(entity)}new/", data={"note": "kept as typed"} if has_note else {})
        assert refused.status_code == 200
        for column in required:
            assert f'id="{column.key}-error"' in refused.text, f"{entity.__tablename__}.{column.key}"
        assert not has_note or "kept as typed" in refused.text


def test_what_the_system_writes_alone_is_only_shown(client):
    assert len(READ_ONLY) > 2
    for entity in READ_ONLY:
        page = client.get(address(entity))
        assert page.status_code == 200
        assert "new/" not in page.text
        for path in ("new/", "edit/?id=1", "delete/", "ajax/update/"):
            refused = client.post(f"{address(entity)}{path}", data={"id": "1"})
            assert refused.status_code == 405, f"{entity.__tablename__} {path}"
        assert client.get(f"{address(entity)}new/").status_code == 405


def test_a_record_that_is_not_there_is_404(client):
    for entity in entities():
        for page in ("details/", "edit/"):
            answer = client.get(f"{address(entity)}{page}?id={NOBODY}")
            refused = page == "edit/" and entity in READ_ONLY
            assert answer.status_code == (405 if refused else 404), f"{entity.__tablename__} {page}"
        assert client.get(f"{address(entity)}details/?id=x'--").status_code == 404


def test_every_list_is_exported_with_every_column_that_is_no_secret(client, api):
    for entity in CREATABLE:
        api.create(entity, api.values.of(entity, optional=True))
    for entity in entities():
        text = client.get(f"{address(entity)}export/csv/").data.decode("utf-8-sig")
        head, *rows = list(csv.reader(io.StringIO(text)))
        assert len(head) == len(visible(entity))
        assert entity not in CREATABLE or rows
        book = zipfile.ZipFile(io.BytesIO(client.get(f"{address(entity)}export/xlsx/").data))
        assert book.read("xl/worksheets/sheet1.xml").count(b"<row ") == len(rows) + 1, entity.__tablename__
    assert client.get("/admin/products/export/exe/").status_code == 404


def test_every_reference_of_every_form_can_be_searched(client, api):
    for entity in CREATABLE:
        api.create(entity, api.values.of(entity, optional=True))
    for entity in entities():
        page = client.get(f"{address(entity)}new/").text if entity in CREATABLE else client.get(address(entity)).text
        for name in {part.split('"')[0] for part in page.split("ajax/lookup/?name=")[1:]}:
            found = client.get(f"{address(entity)}ajax/lookup/?name={name}&query=&offset=0&limit=5")
            assert found.status_code == 200, f"{entity.__tablename__} {name}"
            assert all(isinstance(key, int) and text for key, text in found.json), name


def test_every_document_is_made_with_its_lines(client, api):
    for entity in [each for each in CREATABLE if lines(each)]:
        line = lines(entity)
        values = api.values.of(line)
        document = values.pop(f"{line.resource.lines_of}_id")
        page = client.get(f"{address(entity)}edit/?id={document}").text
        added = {f"items-7-{name}": text for name, text in typed(values).items()}
        saved = client.post(f"{address(entity)}edit/?id={document}", data=fields(page) | added)
        assert saved.status_code == 302, f"{entity.__tablename__}: {_errors(saved.text)}"
        stored = api.get(f"{rest_path(entity)}/{document}").json["items"]
        assert [{name: each[name] for name in values} for each in stored] == [values]
        page = client.get(f"{address(entity)}edit/?id={document}").text
        assert client.post(f"{address(entity)}edit/?id={document}", data=fields(page) | {"del-items-0": "on"}).status_code == 302
        assert api.get(f"{rest_path(entity)}/{document}").json["items"] == []


def test_every_verb_is_offered_where_it_is_allowed(client, api):
    for entity in [each for each in CREATABLE if operations(each)]:
        made = api.create(entity, api.values.of(entity))
        page = client.get(f"{address(entity)}details/?id={made['id']}").text
        for verb, each in operations(entity).items():
            allowed = not each.moves or made["status"] in each.moves
            assert (f"operate/{verb}/" in page) == allowed, f"{entity.__tablename__} {verb}"


def _errors(page: str) -> list[str]:
    return re.findall(r"cf-error\"[^>]*>.*?<span>(.*?)</span>|role=\"alert\">.*?<span>(.*?)</span>", page, re.S)
