"""What a program may do is kept with its token, and read again as soon as anything that it hangs on has changed."""

import datetime as dt
import threading

import psycopg
import pytest

from cogniflow.app import create_app
from tests.web.conftest import Api

TIMES = 25


@pytest.fixture
def rights_read(statements_with) -> list[str]:
    """Grows by each statement that really reads what a token may do."""
    return statements_with("api_tokens.token_hash =")


def test_rights_are_read_once_as_long_as_nothing_of_them_changes(api, rights_read):
    made = api.new("products")
    del rights_read[:]
    for _ in range(3):
        assert api.get(f"products/{made['id']}").status_code == 200
    api.patch(f"products/{made['id']}", {"name": "Another"})
    assert len(rights_read) == 0


@pytest.mark.parametrize("statement", [
    "UPDATE api_tokens SET revoked_at = now() WHERE name = 'viewer'",
    "UPDATE roles SET archived_at = now() WHERE name = 'viewer'",
    "DELETE FROM permissions p USING roles r WHERE r.id = p.role_id AND r.name = 'viewer' AND p.entity = 'products'",
    "UPDATE permissions SET can_read = false FROM roles r WHERE r.id = role_id AND r.name = 'viewer' AND entity = 'products'",
    "UPDATE system_sub_modules SET enabled = false WHERE entity = 'products'",
])
def test_whatever_takes_a_right_away_in_psql_holds_from_the_next_request_on(api_as, owner_url, statement):
    viewer = api_as("viewer")
    assert [viewer.get("products").status_code for _ in range(2)] == [200, 200]
    with psycopg.connect(owner_url) as connection:
        assert connection.execute(statement).rowcount == 1
    assert viewer.get("products").status_code in (401, 403, 404)


def test_a_token_ends_at_its_time_though_nothing_changes(api_as, write, app):
    from cogniflow.domain.accounts.models import ApiToken
    viewer = api_as("viewer")
    soon = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=4)
    write(lambda session: session.query(ApiToken).filter_by(name="viewer").update({"expires_at": soon}))
    assert [viewer.get("products").status_code for _ in range(2)] == [200, 200]
    ended = threading.Event()
    threading.Timer((soon - dt.datetime.now(dt.UTC)).total_seconds(), ended.set).start()
    assert ended.wait(10)
    assert viewer.get("products").status_code == 401


def test_what_another_process_has_taken_away_is_not_given_once_it_was_acknowledged(app, settings, api, api_as):
    other = create_app(settings)
    administrator, viewer = Api(other.test_client(), api.token), api_as("viewer")
    role = api.get("roles?name=viewer").json["data"][0]["id"]
    right = api.get(f"permissions?role_id={role}&entity=products").json["data"][0]["id"]
    allowed, over, wrong = [(0, True)], threading.Event(), []

    def follow() -> None:
        reader = Api(app.test_client(), viewer.token)
        while not over.is_set():
            before = allowed[0]
            status = reader.get("products?limit=1").status_code
            if before == allowed[0] and (status == 200) is not before[1] is not None:
                wrong.append((before, status))

    readers = [threading.Thread(target=follow) for _ in range(3)]
    for each in readers:
        each.start()
    for turn in range(TIMES):
        allowed[0] = turn, None  # while it is under way, either may be
        assert administrator.patch(f"permissions/{right}", {"can_read": bool(turn % 2)}).status_code == 200
        allowed[0] = turn, bool(turn % 2)
        if (viewer.get("products?limit=1").status_code == 200) is not bool(turn % 2):
            wrong.append(allowed[0])
    over.set()
    for each in readers:
        each.join()
    other.extensions["cogniflow"].close()
    assert wrong == []
