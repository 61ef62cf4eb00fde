"""What was exported comes back as it was, and what is new or changed in a file is written whole or not at all."""

import datetime as dt
import io
import threading

import orjson
import psycopg
import pytest
import xlsxwriter

from cogniflow.db.session import SYSTEM, Database
from cogniflow.domain.accounts.rights import SYSTEM_CALLER
from cogniflow.errors import BadRequest, CogniFlowError, Invalid, Stale
from cogniflow.exchange.exports import export
from cogniflow.exchange.imports import bring_in, read_rows
from cogniflow.kernel.entity import entities, entity_of, label_column
from cogniflow.records.parse import is_creatable


@pytest.fixture
def company(copies, database_name, demo_template):
    """The demonstration, to be written to."""
    copies.drop(database_name)
    copies.create(database_name, demo_template)
    database = Database(copies.app(database_name), pool_size=4)
    yield database
    database.close()


def told(database: Database, table: str, kind: str) -> bytes:
    """An entity's export."""
    file = io.BytesIO()
    with database.snapshot() as session:
        export(session, entity_of(table), kind, file)
    return file.getvalue()


def imported(database: Database, table: str, data: bytes | str, kind: str = "csv", *, rehearsal: bool = False) -> tuple[int, int]:
    """How many records of the file are new, and how many were there."""
    entity = entity_of(table)
    rows = read_rows(entity, kind, data if isinstance(data, bytes) else data.encode())
    do = database.rehearse if rehearsal else database.write
    return do(SYSTEM, lambda session: bring_in(session, SYSTEM_CALLER, entity, rows))


def changes(database: Database) -> int:
    """How many changes the log has."""
    return database.ask("SELECT count(*) FROM cogniflow.change_log")[0]


@pytest.mark.parametrize("kind", ["csv", "json", "xlsx"])
def test_what_was_exported_comes_back_without_a_change(company, kind):
    before, brought = changes(company), 0
    for entity in entities():
        if entity.resource.read_only or not is_creatable(entity):
            continue
        data = told(company, entity.__tablename__, kind)
        made, there = imported(company, entity.__tablename__, data, kind)
        assert made == 0 and there == len(read_rows(entity, kind, data)), entity.__tablename__
        brought += there
    assert brought > 3_000 and changes(company) == before


def test_new_records_and_changed_ones_come_in_one_file(company):
    rows = orjson.loads(told(company, "products", "json"))[:2]
    rows[0]["name"] = "Renamed"
    rows.append({"sku": "NEW-1", "name": "Neu, groß", "unit_id": rows[0]["unit_id"], "list_price": "12.50"})
    assert imported(company, "products", orjson.dumps(rows), "json") == (1, 2)
    now = {each["sku"]: each for each in orjson.loads(told(company, "products", "json"))}
    assert (now[rows[0]["sku"]]["version"], now[rows[1]["sku"]]["version"]) == (rows[0]["version"] + 1, rows[1]["version"])
    assert (now["NEW-1"]["name"], now["NEW-1"]["list_price"]) == ("Neu, groß", "12.5")


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_a_table_may_be_written_as_spreadsheets_write_it(company, delimiter):
    text = "\ufeffsku,name,unit_id,description\r\nNEW-1,Plain,1,\"Two\nlines\"\r\nNEW-2,Plain,1,\r\n".replace(",", delimiter)
    assert imported(company, "products", text) == (2, 0)


def workbook(*lines: tuple) -> bytes:
    """A workbook as a spreadsheet saves it: with numbers, days and truths that are not texts."""
    file = io.BytesIO()
    with xlsxwriter.Workbook(file, {"default_date_format": "yyyy-mm-dd"}) as book:
        sheet = book.add_worksheet()
        for place, line in enumerate(lines):
            sheet.write_row(place, 0, line)
    return file.getvalue()


def test_a_workbook_is_read_with_its_numbers_days_and_truths(company):
    supplier = next(each["id"] for each in orjson.loads(told(company, "contacts", "json")) if each["is_supplier"])
    bought = workbook(("supplier_id", "warehouse_id", "expected_on", "external_number"), (),
                      (supplier, 1, dt.date(2027, 3, 1), 4711))
    assert imported(company, "purchase_orders", bought, "xlsx") == (1, 0)
    customer = workbook(("name", "is_customer", "credit_limit"), ("New", True, 0.1))
    assert imported(company, "contacts", customer, "xlsx") == (1, 0)
    order, contact = (orjson.loads(told(company, table, "json"))[-1] for table in ("purchase_orders", "contacts"))
    assert (order["expected_on"], order["external_number"]) == ("2027-03-01", "4711")
    assert (contact["is_customer"], contact["credit_limit"]) == (True, "0.1")


@pytest.mark.parametrize(("data", "said"), [
    (b"sku,name", "no workbook"), (workbook(("sku", "sku")), "twice"), (workbook(("sku",), ("A", "B")), "Line 2 has 2 values"),
    (workbook(("sku", "", "name"), ("A", "B", "")), "no field ''"), (workbook(("list_price",), (1e300,)), "cannot be accepted")])
def test_what_is_no_table_of_a_workbook_is_refused(company, data, said):
    with pytest.raises(Invalid, match=said):
        imported(company, "products", data, "xlsx")


def test_what_is_wrong_is_told_with_its_line_and_nothing_is_written(company):
    before = changes(company)
    with pytest.raises(Invalid) as refused:
        imported(company, "products", "sku,name,unit_id,list_price\nNEW-1,Good,1,1\nNEW-2,,1,2\nNEW-3,Bad,999,cheap\n")
    said = {each.field: each.message for each in refused.value.errors}
    assert said.keys() == {"line 3 name", "line 4 list_price"}
    assert changes(company) == before


@pytest.mark.parametrize(("data", "said"), [
    ("sku,nonsense\nA,1\n", "no field 'nonsense'"), ("sku,sku\nA,B\n", "twice"), ("sku,name\nA\n", "Line 2 has 1 values for 2"),
    ('sku,name\nA,"B\n', "Line 2 cannot be read"), (b"sku,name\nA,\xff\n", "not UTF-8"), ("password\nsecret\n", "no field")])
def test_a_file_that_cannot_be_read_is_refused(company, data, said):
    with pytest.raises(Invalid, match=said):
        imported(company, "products", data)


@pytest.mark.parametrize("data", ["", "{}", "[1]", "[[", "[" * 100_000, '[{"weight": NaN}]', '[{"name": "\\ud800"}]'])
def test_json_that_is_no_list_of_records_is_refused(company, data):
    with pytest.raises(Invalid):
        imported(company, "products", data, "json")


def test_what_a_reference_refers_to_may_be_said_by_its_name(company):
    unit = orjson.loads(told(company, "units_of_measure", "json"))[0]
    name = unit[label_column(entity_of("units_of_measure")).key]
    category = orjson.loads(told(company, "product_categories", "json"))[0]
    table = f"sku,name,unit,category\nNEW-1,By name,{name},{category['name']}\nNEW-2,None,{name},\n"
    assert imported(company, "products", table) == (2, 0)
    assert imported(company, "products", orjson.dumps([{"sku": "NEW-3", "name": "By name", "unit": name}]), "json") == (1, 0)
    now = {each["sku"]: each for each in orjson.loads(told(company, "products", "json"))}
    assert [now[sku]["unit_id"] for sku in ("NEW-1", "NEW-2", "NEW-3")] == [unit["id"]] * 3
    assert (now["NEW-1"]["category_id"], now["NEW-2"]["category_id"]) == (category["id"], None)


def test_a_name_of_no_record_or_of_two_is_refused_with_its_line(company):
    with psycopg.connect(company.url) as psql:
        psql.execute("INSERT INTO contacts (name, is_supplier) VALUES ('Twin', true), ('Twin', true)")
    before = changes(company)
    with pytest.raises(Invalid) as refused:
        imported(company, "purchase_orders", "supplier,supplier_id,warehouse_id\nTwin,,1\n")
    assert refused.value.errors[0].message == "is given twice, as supplier_id too"
    with pytest.raises(Invalid) as refused:
        imported(company, "purchase_orders", "supplier,warehouse_id\nTwin,1\nNobody at all,1\n")
    assert {each.field: each.message for each in refused.value.errors} == {
        "line 2 supplier": "is the name of 2 records", "line 3 supplier": "is the name of no record"}
    assert changes(company) == before


def test_a_field_that_a_record_gives_twice_is_refused(company):
    with pytest.raises(BadRequest, match="twice"):
        imported(company, "products", '[{"sku": "NEW-1", "name": "One", "name": "Other"}]', "json")


def test_what_the_system_gives_is_not_given_by_a_file(company):
    with pytest.raises(Invalid) as refused:
        imported(company, "orders", '[{"customer_id": 1, "warehouse_id": 1, "number": "SO-1"}]', "json")
    assert [(each.field, each.message) for each in refused.value.errors] == [("record 1 number", "is given by the system")]


def test_a_rehearsal_finds_what_the_commit_would_refuse_and_writes_nothing(company):
    before = changes(company)
    assert imported(company, "products", "sku,name,unit_id\nNEW-1,Good,1\n", rehearsal=True) == (1, 0)
    with pytest.raises(CogniFlowError):
        imported(company, "products", "sku,name,unit_id\nNEW-1,Good,1\nNEW-1,Again,1\n", rehearsal=True)
    assert changes(company) == before
    with company.reading() as session:
        assert session.execute(entity_of("products").__table__.select().where(entity_of("products").sku == "NEW-1")).all() == []


def test_what_somebody_changed_since_the_export_is_not_overwritten(company):
    rows = orjson.loads(told(company, "products", "json"))[:2]
    with psycopg.connect(company.url) as psql:
        psql.execute("UPDATE products SET name = 'By psql' WHERE id = %s", (rows[1]["id"],))
    rows[0]["name"] = rows[1]["name"] = "By the file"
    with pytest.raises((Invalid, Stale)):
        imported(company, "products", orjson.dumps(rows), "json")
    names = {each["name"] for each in orjson.loads(told(company, "products", "json"))}
    assert "By psql" in names and "By the file" not in names


def test_files_at_once_that_give_the_same_key_leave_one_record(company):
    outcomes = []

    def bring() -> None:
        try:
            outcomes.append(imported(company, "products", "sku,name,unit_id\nNEW-1,One of them,1\n"))
        except CogniFlowError as problem:
            outcomes.append(problem.title)
    threads = [threading.Thread(target=bring) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert outcomes.count((1, 0)) == 1 and len(outcomes) == 4


def test_many_records_come_as_one_change(company):
    before = changes(company)
    lines = "".join(f"MANY-{number},Product {number},1,{number}.5\n" for number in range(3_000))
    assert imported(company, "products", "sku,name,unit_id,list_price\n" + lines) == (3_000, 0)
    assert changes(company) - before < 20
