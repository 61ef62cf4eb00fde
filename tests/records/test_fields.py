"""What a value of each kind of column must look like."""

import datetime as dt
from decimal import Decimal

import pytest
from pydantic import ValidationError

from cogniflow.domain.accounts.models import ApiToken, Permission
from cogniflow.domain.catalog.models import Product
from cogniflow.domain.people.models import Employee
from cogniflow.domain.registry import load
from cogniflow.kernel.entity import entities
from cogniflow.records.fields import adapter, from_text
from cogniflow.records.parse import input_model

load()
PRODUCT, EMPLOYEE, TOKEN = Product.__table__.c, Employee.__table__.c, ApiToken.__table__.c


@pytest.mark.parametrize(("column", "given", "taken"), [
    (PRODUCT.list_price, "12.50", Decimal("12.50")), (PRODUCT.list_price, 12, Decimal(12)),
    (PRODUCT.list_price, 0.1, Decimal("0.1")),
    (PRODUCT.list_price, Decimal("999999999999.99999999"), Decimal("999999999999.99999999")), (PRODUCT.unit_id, 7, 7),
    (EMPLOYEE.hired_on, "2024-02-29", dt.date(2024, 2, 29)), (EMPLOYEE.hired_on, dt.date(2024, 2, 29), dt.date(2024, 2, 29)),
    (TOKEN.expires_at, "2024-02-29T12:00:00+02:00", dt.datetime(2024, 2, 29, 10, tzinfo=dt.UTC)), (TOKEN.scopes, ["*"], ["*"]),
])
def test_a_value_is_taken_in_pythons_types(column, given, taken):
    assert adapter(column).validate_python(given) == taken


def test_a_text_of_a_query_means_a_value_of_the_column():
    assert from_text(PRODUCT.unit_id, "7") == 7
    assert from_text(Permission.__table__.c.can_read, "true") is True
    assert from_text(PRODUCT.list_price, "2.5") == Decimal("2.5")
    for column, text in ((PRODUCT.unit_id, "7.0"), (PRODUCT.unit_id, "٧"), (Permission.__table__.c.can_read, "1"),
                         (PRODUCT.cost, "١")):
        with pytest.raises(ValidationError):
            from_text(column, text)


def test_no_model_takes_what_the_database_or_a_verb_gives():
    for entity in entities():
        given = {column.key for column in entity.__table__.columns if "given_by" in column.info} - {"uid", "version"}
        for way in ("create", "patch", "replace"):
            assert not given & input_model(entity, way).model_fields.keys(), entity.__tablename__
