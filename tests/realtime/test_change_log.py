"""What a statement leaves in the change log and the history, whatever door it came through."""

import psycopg
import pytest

from tests.realtime.conftest import apply_feed


@pytest.fixture
def logged(writer):
    """Runs a statement and returns what it added to the change log: (table, operation, n, ids, columns) each."""
    def run(statement: str, *parameters) -> list[tuple]:
        last = writer.execute("SELECT coalesce(max(id), 0) FROM cogniflow.change_log").fetchone()[0]
        writer.execute(statement, parameters or None)
        return writer.execute("SELECT tbl, op, n, ids, cols FROM cogniflow.change_log WHERE id > %s ORDER BY id",
                              (last,)).fetchall()
    return run


def test_one_statement_is_one_row_with_the_ids_of_its_records(logged):
    assert logged("INSERT INTO notes (number) VALUES ('a'), ('b'), ('c')") == [("notes", "I", 3, [1, 2, 3], None)]
    assert logged("UPDATE notes SET price = 5 WHERE id > 1") == [("notes", "U", 2, [2, 3], ["price"])]
    assert logged("DELETE FROM notes WHERE id = 2") == [("notes", "D", 1, [2], None)]


def test_a_statement_that_changes_no_row_is_silent(logged, writer):
    logged("INSERT INTO notes (number, price) VALUES ('a', 1.0)")
    assert logged("UPDATE notes SET price = 5 WHERE id = 99") == []
    assert logged("DELETE FROM notes WHERE id = 99") == []
    assert logged("UPDATE notes SET number = 'a', price = 1.0") == []
    assert writer.execute("SELECT version FROM notes").fetchone() == (1,)


def test_a_number_that_only_looks_different_is_a_change(logged):
    logged("""INSERT INTO notes (number, price, data) VALUES ('a', 1.0, '{"x": 1.0}')""")
    assert logged("UPDATE notes SET price = 1.00") == [("notes", "U", 1, [1], ["price"])]
    assert logged("""UPDATE notes SET data = '{"x": 1.00}'""") == [("notes", "U", 1, [1], ["data"])]
    logged("""INSERT INTO notes (number, data) VALUES ('b', '{"x": 1.00}')""")
    assert logged("""UPDATE notes SET data = '{"x": 1.000}'""") == [("notes", "U", 2, [1, 2], ["data"])]


def test_upsert_tells_what_was_inserted_and_what_was_updated(logged):
    logged("INSERT INTO notes (number) VALUES ('a')")
    rows = logged("INSERT INTO notes (number, price) VALUES ('a', 1), ('b', 2) "
                  "ON CONFLICT (number) DO UPDATE SET price = excluded.price")
    assert {(op, n) for _, op, n, _, _ in rows} == {("I", 1), ("U", 1)}


def test_merge_tells_each_of_its_actions(logged):
    logged("INSERT INTO notes (number) VALUES ('a'), ('b')")
    rows = logged("MERGE INTO notes o USING (VALUES ('a', 1), ('z', 2)) v (number, price) ON o.number = v.number "
                  "WHEN MATCHED THEN UPDATE SET price = v.price WHEN NOT MATCHED THEN INSERT (number) VALUES (v.number)")
    assert {(op, n) for _, op, n, _, _ in rows} == {("I", 1), ("U", 1)}


def test_copy_is_one_row(logged, writer):
    with writer.cursor().copy("COPY balances (product_id, quantity) FROM STDIN") as copy:
        for product in (7, 7, 8):
            copy.write_row((product, 1))
    assert writer.execute("SELECT op, n, ids FROM cogniflow.change_log").fetchall() == [("I", 3, [7, 8])]


def test_both_parts_of_a_common_table_expression_are_told(logged):
    logged("INSERT INTO notes (number) VALUES ('a')")
    rows = logged("WITH raised AS (UPDATE notes SET price = 1 RETURNING id) "
                  "INSERT INTO balances (product_id) SELECT id + 41 FROM raised")
    assert {row[:4] for row in [(t, o, n, tuple(i)) for t, o, n, i, _ in rows]} == {
        ("notes", "U", 1, (1,)), ("balances", "I", 1, (42,))}


def test_a_cascade_is_told_for_the_lines_too(logged):
    logged("INSERT INTO notes (number) VALUES ('a')")
    logged("INSERT INTO note_items (note_id) VALUES (1), (1)")
    assert logged("DELETE FROM notes") == [("notes", "D", 1, [1], None), ("note_items", "D", 2, [1, 2], None)]


def test_truncate_says_that_the_table_changed(logged):
    logged("INSERT INTO balances (product_id) VALUES (1)")
    assert logged("TRUNCATE balances") == [("balances", "T", 0, None, None)]


def test_a_table_with_history_cannot_be_truncated(logged):
    with pytest.raises(psycopg.errors.FeatureNotSupported, match="keeps a history"):
        logged("TRUNCATE notes CASCADE")


def test_more_than_200_records_are_not_named_one_by_one(logged):
    assert logged("INSERT INTO notes (number, price) SELECT i, 1.0 FROM generate_series(1, 201) i")[0][2:4] == (201, None)
    assert logged("UPDATE notes SET price = 1.00") == [("notes", "U", 201, None, ["price"])]
    assert logged("DELETE FROM notes WHERE id > 1")[0][3] == list(range(2, 202))


def test_more_than_200_names_in_fewer_rows_are_not_told_either(logged):
    logged("INSERT INTO balances (product_id) SELECT i FROM generate_series(1, 150) i")
    assert logged("UPDATE balances SET product_id = product_id + 1000") == [("balances", "U", 150, None, ["product_id"])]


def test_thirty_thousand_rows_at_once_are_described_in_a_moment(logged, writer):
    logged("INSERT INTO balances (product_id, quantity) SELECT 1, 0 FROM generate_series(1, 30000)")
    writer.execute("SET statement_timeout = '4s'")
    assert logged("UPDATE balances SET quantity = 1") == [("balances", "U", 30_000, [1], ["quantity"])]


def test_ids_are_the_distinct_values_of_the_declared_column_on_both_sides(logged):
    assert logged("INSERT INTO balances (product_id) SELECT i % 3 FROM generate_series(1, 300) i")[0][2:4] == (300, [0, 1, 2])
    (table, op, n, ids, columns), = logged("UPDATE balances SET product_id = 9 WHERE product_id = 0")
    assert (table, op, n, sorted(ids), columns) == ("balances", "U", 100, [0, 9], ["product_id"])


def test_a_row_of_9_kilobytes_is_no_problem(logged):
    assert logged("INSERT INTO notes (number, password) VALUES ('a', repeat('x', 9000))") == [("notes", "I", 1, [1], None)]


def test_version_and_authorship_are_the_databases_to_give(writer):
    writer.execute("SET cogniflow.actor = '42'")
    writer.execute("INSERT INTO notes (number, version, created_at) VALUES ('a', 17, '2001-01-01')")
    writer.execute("SET cogniflow.actor = '43'")
    writer.execute("UPDATE notes SET number = 'b', version = 17, created_by = 1, created_at = '2001-01-01'")
    found = writer.execute("SELECT version, created_by, updated_by, created_at > now() - interval '1 h', updated_at > created_at "
                           "FROM notes").fetchone()
    assert found == (2, 42, 43, True, True)


def test_a_claimed_actor_that_is_no_user_never_fails_a_write(writer):
    writer.execute("SET cogniflow.actor = 'root; --'")
    writer.execute("INSERT INTO notes (number) VALUES ('a')")
    assert writer.execute('SELECT actor, "session_user" FROM cogniflow.change_log').fetchone() == (None, "cogniflow_owner")


def test_a_line_makes_its_document_newer_by_one(logged, writer):
    logged("INSERT INTO notes (number) VALUES ('a'), ('b'), ('c')")
    rows = logged("INSERT INTO note_items (note_id) VALUES (1), (1), (2)")
    assert rows == [("note_items", "I", 3, [1, 2, 3], None), ("notes", "U", 2, [1, 2], ["items"])]
    logged("UPDATE note_items SET note_id = 3 WHERE note_id = 2")
    logged("DELETE FROM note_items WHERE id = 1")
    assert writer.execute("SELECT version FROM notes ORDER BY id").fetchall() == [(3,), (3,), (2,)]


def test_lines_that_come_with_their_document_leave_it_at_version_1(writer):
    with writer.transaction():
        writer.execute("INSERT INTO notes (number) VALUES ('a')")
        writer.execute("INSERT INTO note_items (note_id) VALUES (1)")
    assert writer.execute("SELECT version FROM notes").fetchone() == (1,)
    writer.execute("INSERT INTO note_items (note_id) VALUES (1)")
    assert writer.execute("SELECT version FROM notes").fetchone() == (2,)


def test_routes_are_the_users_concerned_before_and_after(writer):
    writer.execute("INSERT INTO notes (number, owner) VALUES ('a', 7), ('b', NULL)")
    writer.execute("UPDATE notes SET owner = 8 WHERE id = 1")
    assert writer.execute("SELECT routes FROM cogniflow.change_log ORDER BY id").fetchall() == [([7],), ([7, 8],)]


def test_history_keeps_both_images_without_secrets(writer):
    writer.execute("SET cogniflow.request_id = 'r-1'")
    writer.execute("INSERT INTO notes (number, password) VALUES ('a', 'hush')")
    writer.execute("UPDATE notes SET number = 'b', password = 'hushhush'")
    writer.execute("DELETE FROM notes")
    rows = writer.execute("SELECT op, record_id, old, new, request_id FROM cogniflow.record_history ORDER BY id").fetchall()
    assert [(op, old and old["number"], new and new["number"]) for op, _, old, new, _ in rows] == [
        ("I", None, "a"), ("U", "a", "b"), ("D", "b", None)]
    assert "hush" not in str(rows)
    assert {image["password"] for row in rows for image in row[2:4] if image} == {"***"}
    assert {(record, request) for _, record, _, _, request in rows} == {(1, "r-1")}


def test_the_feed_hears_a_writer_who_pretends_to_be_a_replica(server, url):
    with psycopg.connect(server.superuser_url(url.partition("@/")[2].partition("?")[0]), autocommit=True) as superuser:
        superuser.execute("SET session_replication_role = replica")
        superuser.execute("INSERT INTO notes (number) VALUES ('a')")
        assert superuser.execute("SELECT count(*) FROM cogniflow.change_log").fetchone() == (1,)


def test_an_upgrade_touches_no_trigger_that_is_as_it_should_be(writer):
    triggers = "SELECT array_agg((tgname, oid, xmin)::text ORDER BY oid) FROM pg_trigger WHERE NOT tgisinternal"
    before = writer.execute(triggers).fetchone()
    apply_feed(writer)
    assert writer.execute(triggers).fetchone() == before
    writer.execute("UPDATE cogniflow.tracked SET secrets = '{number}' WHERE tbl = 'notes'")
    writer.execute("ALTER TABLE balances DISABLE TRIGGER cogniflow_feed_u")
    apply_feed(writer)
    writer.execute("INSERT INTO notes (number) VALUES ('a')")
    assert writer.execute("SELECT new ->> 'number' FROM cogniflow.record_history").fetchone() == ("***",)
    assert writer.execute("SELECT count(*) FROM pg_trigger WHERE tgname ~ '^cogniflow' AND tgenabled <> 'A'").fetchone() == (0,)
