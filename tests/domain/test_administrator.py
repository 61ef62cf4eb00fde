"""Neither the last role that may do everything is ever lost, nor the last user who has it, whatever the door."""

import psycopg
import pytest

from tests.domain.trade import CONFLICT, refusal

LOSSES = [
    "DELETE FROM permissions WHERE entity = '*'",
    "DELETE FROM permissions",
    "UPDATE permissions SET can_read = false WHERE entity = '*'",
    "UPDATE permissions SET can_update = false WHERE entity = '*'",
    "UPDATE permissions SET operate = '{confirm}' WHERE entity = '*'",
    "UPDATE permissions SET reach = 'own' WHERE entity = '*'",
    "UPDATE permissions SET entity = 'orders' WHERE entity = '*' ",
    "UPDATE roles SET archived_at = now() WHERE name = 'administrator'",
]
ANOTHER = ("INSERT INTO permissions (role_id, entity, can_read, can_create, can_update, can_delete, operate) "
           "SELECT id, '*', true, true, true, true, '{*}' FROM roles WHERE name = 'manager'")
TAKE = "DELETE FROM permissions USING roles r WHERE r.id = role_id AND entity = '*' AND r.name = %s"

USERS_LOSSES = [
    "UPDATE users SET active = false",
    "UPDATE users SET archived_at = now() WHERE email = 'ada@x.io'",
    "DELETE FROM users WHERE email = 'ada@x.io'",
    "DELETE FROM user_roles",
    "UPDATE user_roles SET role_id = (SELECT id FROM roles WHERE name = 'viewer') WHERE role_id = (SELECT id FROM roles "
    "WHERE name = 'administrator')",
    "UPDATE user_roles h SET user_id = g.id FROM users g, users a WHERE g.email = 'gone@x.io' AND a.email = 'ada@x.io' "
    "AND h.user_id = a.id",
    "WITH stripped AS (DELETE FROM user_roles) UPDATE users SET active = false",
    "WITH given AS (" + ANOTHER + ") " + TAKE.replace("%s", "'administrator'"),
    "WITH given AS (" + ANOTHER + ") UPDATE roles SET archived_at = now() WHERE name = 'administrator'",
]


def user(name: str, active: bool, *roles: str) -> list[str]:
    """Statements that make a user with these roles."""
    return [f"INSERT INTO users (email, name, active) VALUES ('{name}@x.io', '{name}', {active})",
            *(f"INSERT INTO user_roles (user_id, role_id) SELECT u.id, r.id FROM users u, roles r "
              f"WHERE u.email = '{name}@x.io' AND r.name = '{role}'" for role in roles)]


@pytest.fixture
def staffed(database_url):
    """A database with one administrator, a viewer that may not sign in, and one that may."""
    assert refusal(database_url, *user("ada", True, "administrator"), *user("gone", False, "viewer"),
                   *user("vera", True, "viewer")) is None
    return database_url


@pytest.mark.parametrize("loss", USERS_LOSSES)
def test_the_last_user_who_may_do_everything_stays(staffed, loss):
    assert refusal(staffed, loss) == CONFLICT


@pytest.mark.parametrize("loss", USERS_LOSSES[1:4])
def test_another_user_may_take_the_place(staffed, loss):
    assert refusal(staffed, loss, *user("bob", True, "administrator")) is None


def test_other_users_come_and_go(staffed):
    for change in ("UPDATE users SET active = false WHERE email = 'vera@x.io'", "DELETE FROM users WHERE email <> 'ada@x.io'",
                   "UPDATE permissions SET can_read = false WHERE role_id = (SELECT id FROM roles WHERE name = 'viewer')"):
        assert refusal(staffed, change) is None


def test_where_there_is_no_such_user_none_is_missed(database_url):
    assert refusal(database_url, *user("vera", True, "viewer"), "UPDATE users SET active = false", "DELETE FROM users") is None
    assert refusal(database_url, ANOTHER, TAKE.replace("%s", "'administrator'")) is None


def test_two_administrators_do_not_leave_together(staffed):
    assert refusal(staffed, *user("bob", True, "administrator")) is None
    with psycopg.connect(staffed) as first, psycopg.connect(staffed) as second:
        first.execute("UPDATE users SET active = false WHERE email = 'ada@x.io'")
        second.execute("UPDATE users SET archived_at = now() WHERE email = 'bob@x.io'")
        first.commit()
        with pytest.raises(psycopg.Error) as refused:
            second.commit()
    assert refused.value.sqlstate == CONFLICT


def test_the_last_user_cannot_leave_over_rest(client):
    user = client.get("/api/me").get_json()["user_id"]
    held = client.get(f"/api/user-roles?user_id={user}").get_json()["data"][0]["id"]
    for answer in (client.patch(f"/api/users/{user}", json={"active": False}), client.delete(f"/api/users/{user}"),
                   client.delete(f"/api/user-roles/{held}")):
        assert answer.status_code == 409 and "last user" in answer.get_json()["detail"]


@pytest.mark.parametrize("loss", LOSSES)
def test_the_last_role_that_may_do_everything_stays(database_url, loss):
    assert refusal(database_url, loss) == CONFLICT


@pytest.mark.parametrize("loss", ["UPDATE roles SET archived_at = now() WHERE name = 'administrator'",
                                  TAKE.replace("%s", "'administrator'")])
def test_another_role_may_take_its_place_in_the_same_transaction(database_url, loss):
    assert refusal(database_url, loss, ANOTHER) is None


def test_other_rights_come_and_go(database_url):
    assert refusal(database_url, "DELETE FROM permissions WHERE entity <> '*'") is None


def test_two_writers_do_not_take_the_last_two_together(database_url):
    assert refusal(database_url, ANOTHER) is None
    with psycopg.connect(database_url) as first, psycopg.connect(database_url) as second:
        first.execute(TAKE, ["manager"])
        second.execute(TAKE, ["administrator"])
        first.commit()
        with pytest.raises(psycopg.Error) as refused:
            second.commit()
    assert refused.value.sqlstate == CONFLICT


def test_the_right_cannot_be_deleted_over_rest(client):
    row = client.get("/api/permissions?entity=*").get_json()["data"][0]
    answer = client.delete(f"/api/permissions/{row['id']}")
    assert answer.status_code == 409 and "last role" in answer.get_json()["detail"]
