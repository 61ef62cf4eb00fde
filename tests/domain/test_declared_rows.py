"""What declarations ask for is inserted where nobody has said anything, and a person's word stands."""

import pytest
from sqlalchemy import delete, select, update

from cogniflow.db import migrate
from cogniflow.db.session import SYSTEM
from cogniflow.domain.accounts.defaults import list_missing_permissions
from cogniflow.domain.accounts.models import Permission, Role
from cogniflow.domain.system.models import SystemModule, SystemSetting, SystemSubModule
from cogniflow.domain.system.navigation import list_missing
from cogniflow.domain.system.settings import list_missing_settings
from cogniflow.kernel.entity import document_of, entities
from cogniflow.kernel.setting import Setting, declare, settings
from tests.domain.trade import CONFLICT, INVALID, refusal


def test_every_entity_but_lines_has_its_place_in_the_navigation(database):
    with database.reading() as session:
        listed = set(session.scalars(select(SystemSubModule.entity).where(SystemSubModule.entity.is_not(None))))
    assert listed == {each.__tablename__ for each in entities() if document_of(each) is None}


def test_what_is_missing_in_the_navigation_is_listed_again_and_nothing_else_changes(database):
    with database.transaction(SYSTEM) as session:
        session.execute(delete(SystemSubModule).where(SystemSubModule.entity == "orders"))
        renamed = update(SystemSubModule).values(title="Our goods", enabled=False)
        session.execute(renamed.where(SystemSubModule.entity == "products"))
        before = dict(session.execute(select(SystemSubModule.entity, SystemSubModule.version)).all())
        list_missing(session)
        after = dict(session.execute(select(SystemSubModule.entity, SystemSubModule.version)).all())
        module = session.scalar(select(SystemModule.title).join(SystemSubModule).where(SystemSubModule.entity == "orders"))
    assert after == before | {"orders": 1}
    assert module == "Sales"


def test_a_heading_nobody_has_made_is_made(database):
    with database.transaction(SYSTEM) as session:
        session.execute(delete(SystemSubModule))
        session.execute(delete(SystemModule))
        list_missing(session)
        assert set(session.scalars(select(SystemModule.title))) == {each.resource.menu for each in entities()}


def permission(session, role, entity):
    """What a role may do with an entity."""
    return session.scalar(select(Permission).join(Role).where(Role.name == role, Permission.entity == entity))


def test_a_role_that_never_had_a_word_on_an_entity_may_do_its_verbs(database):
    with database.transaction(SYSTEM) as session:
        session.execute(update(Role).where(Role.name == "storekeeper").values(name="elsewhere"))
        session.add(Role(name="storekeeper", title="New storekeeper"))
        session.flush()
        list_missing_permissions(session)
        session.flush()
        made = permission(session, "storekeeper", "goods_receipt_notes")
        assert (made.can_read, made.can_create, made.can_delete) == (True, False, False)
        assert made.operate == ["expect", "receive", "post", "cancel"]
        assert permission(session, "storekeeper", "orders") is None


def test_a_right_that_was_taken_back_is_not_given_again(database):
    with database.transaction(SYSTEM) as session:
        session.delete(permission(session, "sales", "orders"))
        permission(session, "storekeeper", "goods_receipt_notes").operate = []
    with database.transaction(SYSTEM) as session:
        list_missing_permissions(session)
    with database.reading() as session:
        assert permission(session, "sales", "orders") is None
        assert permission(session, "storekeeper", "goods_receipt_notes").operate == []


@pytest.mark.parametrize(("key", "value"), [
    ("company.name", '""'), ("company.name", "7"), ("company.timezone", '"Mars/Olympus"'), ("company.timezone", "null"),
    ("company.base_currency", '"XXX"'), ("panel.orders-today.title", "{}"), ("history.keep_days", "29"),
    ("history.keep_days", "36501"), ("history.keep_days", "30.5"), ("history.keep_days", '"365"'), ("history.keep_days", "true")])
def test_a_setting_that_pages_are_computed_with_stays_usable(database_url, key, value):
    assert refusal(database_url, f"UPDATE system_settings SET value = '{value}' WHERE key = '{key}'") == INVALID


def test_a_setting_of_the_company_stays(database_url):
    assert refusal(database_url, "DELETE FROM system_settings WHERE key = 'company.timezone'") == CONFLICT
    assert refusal(database_url, "UPDATE system_settings SET key = 'zone' WHERE key = 'company.timezone'") == CONFLICT
    assert refusal(database_url, "INSERT INTO system_settings (key, value) VALUES ('colour', '1')") == INVALID


def test_every_declared_setting_has_its_row_and_a_changed_one_stays(database):
    with database.transaction(SYSTEM) as session:
        session.execute(update(SystemSetting).where(SystemSetting.key == "company.name").values(value="Ours"))
        list_missing_settings(session)
    with database.reading() as session:
        held = dict(session.execute(select(SystemSetting.key, SystemSetting.value)).all())
    assert held == {key: each.default for key, each in settings().items()} | {"company.name": "Ours"}


@pytest.fixture
def kinds():
    """A setting of every kind, declared for a while."""
    known = dict(settings())
    declare(Setting("test.flag", True, "Whether."), Setting("test.choice", "warm", "How.", choices=("cold", "warm")))
    yield
    settings().clear()
    settings().update(known)


@pytest.mark.parametrize(("key", "right", "wrong"), [("test.flag", "false", '"false"'), ("test.choice", '"cold"', '"hot"')])
def test_a_setting_is_of_the_kind_that_is_declared(database, database_url, owner_url, kinds, key, right, wrong):
    migrate.upgrade(owner_url)
    with database.transaction(SYSTEM) as session:
        list_missing_settings(session)
    change = f"UPDATE system_settings SET value = '{{}}' WHERE key = '{key}'"
    assert refusal(database_url, change.format(wrong)) == INVALID
    assert refusal(database_url, change.format(right)) is None
