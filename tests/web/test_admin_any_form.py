"""Whatever is typed into a form, the answer is never a failure on our side."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cogniflow.domain.registry import load
from cogniflow.kernel.entity import entities, lines, rest_path, writable
from cogniflow.kernel.operation import LINES, operations
from cogniflow.records.parse import is_creatable
from cogniflow.web.admin.verbs import line_model
from tests.web.forms import address, typed

load()
CREATABLE = [entity for entity in entities() if is_creatable(entity)]
TYPED = st.text(max_size=12) | st.sampled_from([
    "1", "0", "-1", "y", "1.5", "1e9", "9" * 40, "NaN", "infinity", "\u0000", "%", "'--", "{}", "[", "2024-02-30", "2024-02-29",
    "0001-01-01T00:00", "9999-12-31T23:59:59", "Europe/Berlin", "*", "read", "__None", "é" * 300, " ", "\r\n"])
LIMITS = settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
TOLD = [(entity, each) for entity in entities() for each in operations(entity).values() if each.options.model_fields]


@st.composite
def forms(draw) -> tuple[type, dict[str, str], list[str]]:
    """An entity, what is typed into some fields of its form, and the fields that are filled in as they should be."""
    entity = draw(st.sampled_from(CREATABLE))
    names = [column.key for column in writable(entity)]
    if line := lines(entity):
        names += [f"items-{place}-{column.key}" for place in (0, 7) for column in writable(line)] + ["del-items-0"]
    given = draw(st.dictionaries(st.sampled_from([*names, "version", "uid", "status", "id"]), TYPED, max_size=5))
    return entity, given, draw(st.lists(st.sampled_from(names), unique=True))


@given(forms(), st.sampled_from(["new/", "edit/?id=1", "ajax/update/"]))
@LIMITS
def test_no_form_makes_a_failure(client, api, form, page):
    entity, given, right = form
    values = api.values.of(entity, optional=True)
    sent = {name: text for name, text in typed(values).items() if name in right} | given | {"list_form_pk": "1"}
    answer = client.post(f"{address(entity)}{page}", data=sent)
    assert answer.status_code < 500, f"{page} of {entity.__tablename__} {sent}"


@st.composite
def told(draw) -> tuple[type, str, dict[str, str]]:
    """An entity, one of its verbs, and what is typed into some fields of the verb's page."""
    entity, operation = draw(st.sampled_from(TOLD))
    names = [*operation.options.model_fields, "version", "id"]
    if model := line_model(operation):
        names += [f"{LINES}-{place}-{name}" for place in (0, 7) for name in model.model_fields]
        names += [f"del-{LINES}-{place}" for place in (0, 7)]
    return entity, operation.verb, draw(st.dictionaries(st.sampled_from(names), TYPED, max_size=6))


@given(told())
@LIMITS
def test_no_verb_makes_a_failure(client, api, order, form):
    entity, verb, given = form
    there = {"id": str(order["id"] if entity.__tablename__ == "orders" else 1), "version": "1"}
    if entity in CREATABLE and not api.get(f"{rest_path(entity)}?limit=1").json["data"]:
        api.new(entity.__tablename__)
    answer = client.post(f"{address(entity)}operate/{verb}/", data=there | given)
    assert answer.status_code < 500, f"{verb} {entity.__tablename__} {given}"
