"""The reference data that every installation begins with."""

import re
from decimal import Decimal

import psycopg
import pytest

from cogniflow.db.seed import seed_files, seed_reference
from cogniflow.errors import Invalid
from cogniflow.kernel.entity import entities
from tests.seeds.conftest import SEEDS, all_files, one

SECRET_AREAS = {"users", "user_roles", "roles", "permissions", "api_tokens", "user_sessions", "webhooks",
                "webhook_deliveries"}


def test_loading_again_changes_nothing(database, owner_url):
    before = one(owner_url, "SELECT count(*) FROM cogniflow.change_log")
    seed_reference(database)
    assert one(owner_url, "SELECT count(*) FROM cogniflow.change_log") == before


def test_what_an_administrator_changed_stays(database, owner_url):
    with psycopg.connect(database.url) as connection:
        connection.execute("UPDATE system_modules SET title = 'Verkauf' WHERE code = 'sales'")
        connection.execute("UPDATE system_settings SET value = '\"Europe/Berlin\"' WHERE key = 'company.timezone'")
        connection.execute("DELETE FROM tax_codes WHERE code = 'REDUCED'")
    seed_reference(database)
    assert one(owner_url, "SELECT title FROM system_modules WHERE code = 'sales'") == "Verkauf"
    assert one(owner_url, "SELECT value FROM system_settings WHERE key = 'company.timezone'") == "Europe/Berlin"
    assert one(owner_url, "SELECT rate FROM tax_codes WHERE code = 'REDUCED'") == Decimal("0.1"), "what is missing is inserted"


def test_a_right_that_was_taken_away_is_not_given_back(database, owner_url):
    missing = "SELECT count(*) FROM permissions p JOIN roles r ON r.id = role_id WHERE r.name = 'viewer' AND entity = 'employees'"
    assert one(owner_url, missing) == 1
    with psycopg.connect(database.url) as connection:
        connection.execute(
            "DELETE FROM permissions p USING roles r WHERE r.id = p.role_id AND r.name = 'viewer' AND entity = 'employees'")
    seed_reference(database)
    assert one(owner_url, missing) == 0


def test_every_entity_is_known_to_the_rights(database_url):
    with psycopg.connect(database_url) as connection:
        granted = {entity for entity, in connection.execute("SELECT DISTINCT entity FROM permissions WHERE entity <> '*'")}
        manager = {entity for entity, in connection.execute(
            "SELECT entity FROM permissions JOIN roles r ON r.id = role_id WHERE r.name = 'manager' AND can_read")}
    tables = {each.__tablename__ for each in entities()}
    assert granted <= tables
    assert manager >= tables - SECRET_AREAS


def test_nobody_but_the_administrator_reads_users_and_tokens(database_url):
    with psycopg.connect(database_url) as connection:
        readers = connection.execute(
            "SELECT r.name, p.entity FROM permissions p JOIN roles r ON r.id = p.role_id "
            "WHERE p.can_read AND (p.entity = ANY (%s) OR p.entity = '*')", [list(SECRET_AREAS)]).fetchall()
    assert readers == [("administrator", "*")]


def rights(url: str, role: str, entity: str) -> tuple:
    """What a role may do with the records of an entity: read, create, update, delete, its verbs."""
    with psycopg.connect(url) as connection:
        return connection.execute(
            "SELECT can_read, can_create, can_update, can_delete, operate FROM permissions p JOIN roles r ON r.id = role_id "
            "WHERE r.name = %s AND entity = %s", [role, entity]).fetchone()


def test_goods_are_sent_by_the_storekeeper_and_not_by_sales(database_url):
    assert rights(database_url, "sales", "goods_delivery_notes") == (True, True, False, False, [])
    assert rights(database_url, "storekeeper", "goods_delivery_notes") == (True, True, True, True, ["*"])


@pytest.mark.parametrize("entity", ["system_settings", "system_modules", "system_sub_modules"])
def test_a_program_reads_settings_and_modules_only(database_url, entity):
    assert rights(database_url, "integration", entity) == (True, False, False, False, [])
    assert rights(database_url, "integration", "products") == (True, True, True, True, ["*"])


def test_every_icon_is_in_the_sprite(database_url):
    sprite = SEEDS.parent / "cogniflow/web/shell/static/vendor/icons.svg"
    if not sprite.exists():
        pytest.skip("the front-end assets are not built")
    known = set(re.findall(r'<symbol[^>]* id="([^"]+)"', sprite.read_text("utf-8")))
    with psycopg.connect(database_url) as connection:
        used = {icon for icon, in connection.execute("SELECT icon FROM system_modules UNION SELECT icon FROM system_sub_modules")}
    assert used and used <= known


def test_every_navigation_entry_leads_somewhere(database_url):
    with psycopg.connect(database_url) as connection:
        rows = connection.execute("SELECT entity, route FROM system_sub_modules").fetchall()
    tables = {each.__tablename__ for each in entities()}
    assert all((entity in tables) != bool(route) for entity, route in rows)
    assert {entity for entity, _ in rows if entity} == {each.__tablename__ for each in entities() if not each.resource.lines_of}


def test_seed_files_are_plain_statements():
    for file in all_files():
        text = file.read_text("utf-8")
        assert not re.search(r"^\s*(\\|COPY\b|DO\b)", text, re.M | re.I), file
        assert re.match(r"(--.*\n)*BEGIN;\n", text) and text.endswith("COMMIT;\n"), file


def test_a_file_that_fails_leaves_nothing_behind_and_says_where(database, owner_url, tmp_path):
    wrong = tmp_path / "wrong.sql"
    wrong.write_text("INSERT INTO currencies (code, name) VALUES ('XTS', 'Test');\n\nINSERT INTO nowhere VALUES (1);\n")
    with pytest.raises(Invalid, match="wrong.sql, line 3"):
        seed_files(database, [wrong])
    assert one(owner_url, "SELECT count(*) FROM currencies WHERE code = 'XTS'") == 0
