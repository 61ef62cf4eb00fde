"""People and programs, from the command line: made, listed, locked out."""

import json

import pytest

from tests.cli.installed import PASSWORD, Command, Installation


@pytest.fixture(scope="module")
def company(made: Installation) -> Command:
    """The demonstration, up for all tests of this file."""
    running = made.up()
    yield running
    assert running.stop() == 0


def people(cogniflow: Installation) -> dict[str, dict]:
    """Who there is, by address."""
    return {each["email"]: each for each in json.loads(cogniflow.result("user", "list", "--json"))}


def test_a_person_is_listed_given_a_password_and_locked_out(made, company):
    assert made.result("user", "create", "carl@example.com", "--role", "sales", COGNIFLOW_USER_PASSWORD=PASSWORD) == ""
    assert people(made)["carl@example.com"] == {
        "email": "carl@example.com", "name": "carl@example.com", "active": True, "roles": ["sales"]}
    other = made.result("user", "password", "Carl@example.com")
    assert len(other) > 12 and company.signs_in("carl@example.com", other)
    assert not company.signs_in("carl@example.com", PASSWORD)
    assert made.result("user", "disable", "carl@example.com") == ""
    assert not people(made)["carl@example.com"]["active"] and not company.signs_in("carl@example.com", other)
    assert "carl@example.com" in made.result("user", "list")


def test_nobody_locks_out_the_last_administrator_or_somebody_who_is_not_there(made, company):
    for words, said in ((["disable", "admin@example.com"], "last user who may do everything"),
                        (["disable", "nobody@example.com"], "There is no user"),
                        (["password", "nobody@example.com"], "There is no user"),
                        (["password", "admin@example.com", "--password", "short"], "Invalid")):
        refused = made.run("user", *words)
        assert (refused.returncode, refused.stdout) == (1, "") and said in refused.stderr, refused
    assert company.signs_in("admin@example.com", PASSWORD)


def test_a_token_is_listed_without_its_key_and_stops_working_when_revoked(made, company):
    key = made.result("token", "create", "--role", "viewer", "--name", "till 7", "--scope", "products:read")
    listed = made.result("token", "list", "--json")
    (told,) = [each for each in json.loads(listed) if each["name"] == "till 7"]
    assert told | {"id": 0} == {"id": 0, "name": "till 7", "role": "viewer", "user": None, "scopes": ["products:read"],
                                "expires_at": None, "revoked_at": None}
    assert key not in listed and "till 7" in made.result("token", "list")
    assert company.get("/api/products?limit=1", key)[0] == 200
    assert made.result("token", "revoke", str(told["id"])) == ""
    assert company.get("/api/products?limit=1", key)[0] == 401
    assert made.run("token", "revoke", "99999").returncode == 1 and made.run("token", "revoke", "x").returncode == 2
