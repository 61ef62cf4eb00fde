"""The OpenAPI document and its page."""

import re

from jsonschema import Draft202012Validator
from openapi_spec_validator import validate

from cogniflow.kernel.entity import entities, rest_path
from cogniflow.kernel.operation import operations


def test_the_document_is_valid_and_names_every_address(app, api):
    document = api.client.get("/openapi.json", headers={"Authorization": f"Bearer {api.token}"}).json
    validate(document)
    for entity in entities():
        assert f"/api/{rest_path(entity)}" in document["paths"]
        for verb in operations(entity):
            assert document["paths"][f"/api/{rest_path(entity)}/{{id}}/{verb}"]["post"]["summary"]
    served = {re.sub(r"<(?:path:)?(\w+)>", "{}", rule.rule): set(rule.methods) - {"HEAD", "OPTIONS"}
              for rule in app.url_map.iter_rules() if rule.endpoint.startswith("api.") and rule.rule.startswith("/api/")
              and "moved" not in rule.endpoint and rule.rule.count("<") < 2 and "dashboard" not in rule.rule}
    told = {re.sub(r"\{\w+\}", "{}", path) for path in document["paths"]}
    without_history = {f"/api/{rest_path(entity)}/{{}}/history" for entity in entities() if not entity.resource.history}
    assert set(served) - without_history <= told
    names = [each["operationId"] for item in document["paths"].values() for method, each in item.items()
             if method != "parameters"]
    assert len(names) == len(set(names))


def test_what_the_document_says_of_a_record_is_what_is_told(api):
    document = api.client.get("/openapi.json", headers={"Authorization": f"Bearer {api.token}"}).json
    assert set(document["components"]["schemas"]["Product"]["properties"]) == set(api.new("products"))
    assert set(document["components"]["schemas"]["Order"]["properties"]) == set(api.new("orders"))
    example = document["paths"]["/api/departments"]["post"]["requestBody"]["content"]["application/json"]["example"]
    assert api.post("departments", example).status_code == 201


def test_every_example_is_as_its_schema_says(api):
    document = api.client.get("/openapi.json", headers={"Authorization": f"Bearer {api.token}"}).json
    shown = [(schema, example) for schema in document["components"]["schemas"].values() for example in schema.get("examples", ())]
    shown += [(content["schema"], content["example"]) for path in document["paths"].values() for each in path.values()
              if "requestBody" in each for content in each["requestBody"]["content"].values() if "example" in content]
    assert len(shown) > 3 * len(entities())
    for schema, example in shown:
        Draft202012Validator({"components": document["components"], **schema}).validate(example)


def test_the_document_names_the_refusals_of_every_write(api):
    paths = api.client.get("/openapi.json", headers={"Authorization": f"Bearer {api.token}"}).json["paths"]
    assert {"400", "412", "415", "422"} <= paths["/api/products/{id}/restore"]["post"]["responses"].keys()
    assert {"404", "413"} <= paths["/api/products"]["post"]["responses"].keys()
    assert {"415", "422"} <= paths["/api/products/{id}"]["delete"]["responses"].keys()
    assert "403" in paths["/api/products"]["get"]["responses"]


def test_the_page_of_the_document_needs_no_other_host_and_no_inline_script(client):
    page = client.get("/docs/api")
    assert page.status_code == 200
    assert not re.search(r'(?:src|href)="(?:https?:)?//', page.text)
    assert not re.search(r"<script(?![^>]*\bsrc=)", page.text)
    assert "swagger-ui-bundle.js" in page.text and 'data-document="/openapi.json"' in page.text
