"""The whole OpenAPI document, asked with values made from it: nothing fails on our side, and every answer is as it says."""

from itertools import cycle
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from cogniflow.domain.registry import load
from cogniflow.kernel.entity import entities
from cogniflow.records.parse import is_creatable

load()
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
FEW = settings(max_examples=2, deadline=None, database=None, derandomize=True, phases=[Phase.generate],
               suppress_health_check=list(HealthCheck))
"""Of each of the hundreds of operations: one about a record that is there, one about any."""


@pytest.fixture
def one_of_each(api) -> None:
    """A record of every entity that can be made."""
    for entity in entities():
        if is_creatable(entity):
            api.create(entity, api.values.of(entity, optional=True))


@pytest.mark.timeout(600)
@pytest.mark.parametrize("role", ["administrator", "viewer"])
def test_every_operation_answers_as_the_document_says(app, api_as, one_of_each, role):
    headers = {"Authorization": f"Bearer {api_as(role).token}", "Accept-Encoding": "identity"}
    document = schemathesis.openapi.from_wsgi("/openapi.json", app, headers=headers)
    wrong = [each for found in document.get_all_operations() for each in _violations(found.ok(), headers)]
    assert not wrong, "\n\n".join(wrong)


def _violations(operation: Any, headers: dict[str, str]) -> list[str]:
    wrong, is_there = [], cycle((True, False))

    @given(case=operation.as_strategy())
    @FEW
    def ask(case) -> None:
        if "id" in case.path_parameters and next(is_there):
            case.path_parameters["id"] = "1"
        try:
            case.call_and_validate(headers=headers, checks=CHECKS)
        except FailureGroup as failures:
            wrong.append(f"{operation.label} {case.body}: {[str(each) for each in failures.exceptions]}"[:1500])
    ask()
    return wrong
