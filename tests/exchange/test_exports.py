"""An export tells every record as REST does."""

import csv
import io
import zipfile

import orjson
import pytest

from cogniflow.db.session import Database
from cogniflow.domain.accounts.rights import SYSTEM_CALLER
from cogniflow.exchange.exports import export
from cogniflow.kernel.entity import entities, entity_of
from cogniflow.records.read import one


@pytest.fixture
def exported(demo_url):
    """The file of an entity of the demonstration, and how many records it tells."""
    database = Database(demo_url, pool_size=1)

    def made(table: str, kind: str) -> tuple[bytes, int]:
        file = io.BytesIO()
        with database.snapshot() as session:
            count = export(session, entity_of(table), kind, file)
        return file.getvalue(), count
    yield made
    database.close()


def test_a_document_is_told_with_its_lines_byte_for_byte_as_by_rest(exported, demo_url):
    body, count = exported("orders", "json")
    assert count == len(orjson.loads(body)) == 830
    database = Database(demo_url, pool_size=1)
    with database.reading() as session:
        told = one(session, SYSTEM_CALLER, entity_of("orders"), 7).body
    database.close()
    assert told in body.splitlines()[7] and orjson.loads(body)[6] == orjson.loads(told)


def test_tables_hold_the_same_values_for_a_program_to_read(exported):
    records = orjson.loads(exported("products", "json")[0])
    rows = list(csv.DictReader(io.StringIO(exported("products", "csv")[0].decode())))
    assert len(rows) == 77 and rows[0].keys() == records[0].keys()
    assert rows == [{name: "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
                     for name, value in each.items()} for each in records]
    sheet = zipfile.ZipFile(io.BytesIO(exported("products", "xlsx")[0])).read("xl/worksheets/sheet1.xml")
    assert sheet.count(b"<row ") == len(rows) + 1


def test_every_entity_is_exported_in_every_form_without_a_secret(exported):
    for entity in entities():
        for kind in ("csv", "json", "xlsx"):
            body, count = exported(entity.__tablename__, kind)
            assert body and count >= 0
            assert not any(secret in body for secret in (b"argon2", b"fs_uniquifier", b"token_hash"))
