"""A record is told by one expression: wherever it is read, its bytes are the same."""

import pytest

from cogniflow.domain.registry import load
from cogniflow.kernel.entity import entities, lines, references, rest_path
from cogniflow.kernel.operation import operations
from cogniflow.records.parse import is_creatable

load()
CREATABLE = [entity for entity in entities() if is_creatable(entity)]


@pytest.fixture
def made(api) -> dict[type, int]:
    """A record of every entity that can be made, by its number."""
    return {entity: api.create(entity, api.values.of(entity, optional=True))["id"] for entity in CREATABLE}


def test_a_change_answers_what_a_read_and_a_list_tell(api, made):
    for entity, number in made.items():
        path, one = rest_path(entity), api.get(f"{rest_path(entity)}/{number}")
        told = one.json
        replaced = api.put(f"{path}/{number}", {**told}, headers={"If-Match": one.headers["ETag"]})
        assert replaced.status_code == 200, f"{path}: {replaced.text}"
        assert replaced.data == api.get(f"{path}/{number}").data, path
        listed = api.get(f"{path}?id__in={number}&archived=all" if "archived_at" in told else f"{path}?id={number}")
        assert b'{"data":[' + replaced.data + b'],"page":' in listed.data, path


def test_what_is_nested_is_told_as_by_itself(api, made):
    nested = 0
    for entity, number in made.items():
        path, names = rest_path(entity), references(entity)
        if not names:
            continue
        expand = f"expand={','.join(names)}"
        for answer in (api.get(f"{path}/{number}?{expand}"), api.get(f"{path}?id={number}&{expand}")):
            record = answer.json["data"][0] if "data" in answer.json else answer.json
            for name, target in names.items():
                if record[f"{name}_id"] is not None:
                    alone = api.get(f"{rest_path(target)}/{record[f'{name}_id']}").data
                    assert f'"{name}":'.encode() + alone in answer.data, f"{path} {name}"
                    nested += 1
    assert nested > len(made)


def test_the_lines_of_a_document_are_told_as_by_themselves(api, made):
    for entity in [each for each in CREATABLE if lines(each)]:
        line = lines(entity)
        alone = api.get(f"{rest_path(line)}/{made[line]}")
        document = api.get(f"{rest_path(entity)}/{alone.json[f'{line.resource.lines_of}_id']}")
        assert b'"items":[' + alone.data + b"]" in document.data, rest_path(entity)


def test_a_verb_answers_what_a_read_tells(api, order):
    for verb in ("confirm", "hold", "resume", "cancel"):
        assert verb in operations(next(each for each in entities() if each.__tablename__ == "orders"))
        assert api.post(f"orders/{order['id']}/{verb}", {}).data == api.get(f"orders/{order['id']}").data
