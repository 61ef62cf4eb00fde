"""Whatever is sent, the answer is never a failure on our side."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cogniflow.domain.registry import load
from cogniflow.kernel.entity import entities, rest_path
from cogniflow.records.parse import is_creatable

load()
CREATABLE = [entity for entity in entities() if is_creatable(entity)]
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(
        [2**31, 2**63, -(2**63) - 1, "\u0000", "\ud800", "NaN", "1e9999", "0001-01-01T00:00:00+14:00", "9999-12-31", "", "-0",
         1e308, "1" * 30, "infinity", "{}", [], {}]),
    lambda each: st.lists(each, max_size=3) | st.dictionaries(st.text(max_size=5), each, max_size=3), max_leaves=5)
LIMITS = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@st.composite
def body_of(draw) -> tuple[str, dict]:
    """An entity's path, and any values for some of its fields or others."""
    entity = draw(st.sampled_from(CREATABLE))
    names = st.sampled_from([*entity.__table__.columns.keys(), "items", "version", "colour"])
    return rest_path(entity), draw(st.dictionaries(names, ANYTHING, max_size=6))


@given(body_of(), st.sampled_from([("POST", ""), ("PATCH", "/1"), ("PUT", "/1")]))
@LIMITS
def test_no_body_makes_a_failure(api, sent, way):
    (path, body), (method, rest) = sent, way
    text = json.dumps(body)
    answer = api.ask(method, f"{path}{rest}", data=text, content_type="application/json", headers={"If-Match": '"v1"'})
    assert answer.status_code < 500, f"{method} {path}{rest} {text}: {answer.text}"


@given(st.binary(max_size=60) | st.text(max_size=40).map(lambda text: text.encode("utf-8", "surrogatepass")),
       st.sampled_from(["products", "products/bulk", "orders/1/confirm"]))
@LIMITS
def test_no_bytes_make_a_failure(api, sent, path):
    assert api.ask("POST", path, data=sent, content_type="application/json").status_code < 500


@given(st.sampled_from(CREATABLE), st.dictionaries(st.text(max_size=8) | st.sampled_from(
    ["limit", "cursor", "sort", "fields", "expand", "q", "archived", "id__in", "name__contains", "created_at__gt", "id", "uid"]),
    st.text(max_size=20) | st.sampled_from(["\u0000", "-id", "id,id", "9" * 40, "%", "\\", "infinity"]), max_size=3))
@LIMITS
def test_no_query_makes_a_failure(api, entity, query):
    answer = api.get(rest_path(entity), query_string={name: text.encode("utf-8", "replace") for name, text in query.items()})
    assert answer.status_code < 500, f"{query}: {answer.text}"


@given(st.dictionaries(st.sampled_from(["lines", "received_at", "posted_at", "shipped_at", "until", "x"]), ANYTHING, max_size=3),
       st.sampled_from(["goods-receipt-notes/1/receive", "goods-receipt-notes/1/post", "goods-delivery-notes/1/ship",
                        "replenishment-suggestions/1/dismiss"]))
@LIMITS
def test_no_option_of_a_verb_makes_a_failure(api, options, path):
    answer = api.ask("POST", path, data=json.dumps(options), content_type="application/json")
    assert answer.status_code < 500, f"{path} {options}: {answer.text}"


@pytest.fixture(autouse=True)
def one_of_each(api):
    """A record of every entity with id 1 where the database starts empty, so that changes find something."""
    for table in ("products", "goods_receipt_notes", "gdn_items", "permissions"):
        api.new(table)
