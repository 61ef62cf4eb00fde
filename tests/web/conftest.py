"""REST as a program uses it."""

from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import event
from werkzeug.test import TestResponse

from cogniflow.kernel.entity import Entity, entity_of, rest_path
from cogniflow.records.shape import told_once
from tests.values import Values


class Api:
    """A program with a token; what it makes must succeed, what it asks may not."""

    def __init__(self, client: FlaskClient, token: str):
        self.client = client
        self.token = token
        self.values = Values(self.create, self.operate)

    def ask(self, method: str, path: str, **given: Any) -> TestResponse:
        """The answer to a request with the token."""
        headers = {"Authorization": f"Bearer {self.token}", **given.pop("headers", {})}
        return self.client.open(f"/api/{path}", method=method, headers=headers, **given)

    def get(self, path: str, **given: Any) -> TestResponse:
        """The answer to a GET."""
        return self.ask("GET", path, **given)

    def post(self, path: str, json: Any = None, **given: Any) -> TestResponse:
        """The answer to a POST of JSON."""
        return self.ask("POST", path, json=json, **given)

    def patch(self, path: str, json: Any, **given: Any) -> TestResponse:
        """The answer to a PATCH of JSON."""
        return self.ask("PATCH", path, json=json, **given)

    def put(self, path: str, json: Any, **given: Any) -> TestResponse:
        """The answer to a PUT of JSON."""
        return self.ask("PUT", path, json=json, **given)

    def delete(self, path: str, **given: Any) -> TestResponse:
        """The answer to a DELETE."""
        return self.ask("DELETE", path, **given)

    def create(self, entity: type[Entity], values: dict[str, Any]) -> dict[str, Any]:
        """A record that REST made."""
        answer = self.post(rest_path(entity), values)
        assert answer.status_code == 201, f"{entity.__tablename__} {values}: {answer.text}"
        return answer.json

    def operate(self, entity: type[Entity], number: int, verb: str, **options: Any) -> dict[str, Any]:
        """A record after a verb."""
        answer = self.post(f"{rest_path(entity)}/{number}/{verb}", options)
        assert answer.status_code == 200, f"{verb} {entity.__tablename__}: {answer.text}"
        return answer.json

    def new(self, table: str, **values: Any) -> dict[str, Any]:
        """A new record of a table with these values, and valid ones for the rest."""
        entity = entity_of(table)
        return self.create(entity, self.values.of(entity) | values)


def ever_after(entity: type[Entity], told: dict) -> dict:
    """A record as it is told once the answer to its creation has told its secret."""
    return {name: value for name, value in told.items() if name not in {column.key for column in told_once(entity)}}


@pytest.fixture
def statements_with(app):
    """Gives a list that grows by each statement with these words that the app sends to the database from now on."""
    def heard(words: str = "") -> list[str]:
        found: list[str] = []
        event.listen(app.extensions["cogniflow"].database.engine, "before_cursor_execute",
                     lambda *given: found.append(given[2]) if words in given[2] else None)
        return found
    return heard


@pytest.fixture
def api(app, token) -> Api:
    """REST with an administrator's token."""
    return Api(app.test_client(), token)


@pytest.fixture
def write(app):
    """Does something in a transaction of its own."""
    from cogniflow.db.session import SYSTEM

    def done(work):
        with app.extensions["cogniflow"].database.transaction(SYSTEM) as session:
            return work(session)
    return done


@pytest.fixture
def api_as(app):
    """REST with a token of the role of this name."""
    from cogniflow.db.session import SYSTEM
    from cogniflow.domain.accounts.tokens import create_token

    def opened(role: str) -> Api:
        with app.extensions["cogniflow"].database.transaction(SYSTEM) as session:
            return Api(app.test_client(), create_token(session, role, role))
    return opened


@pytest.fixture
def sign_in(app):
    """Signs a new user with the role of this name in."""
    from cogniflow.db.session import SYSTEM
    from cogniflow.web.auth import create_user
    from tests.conftest import signed_in

    def opened(role: str) -> FlaskClient:
        with app.extensions["cogniflow"].database.transaction(SYSTEM) as session:
            create_user(session, f"{role}@example.com", f"{role} person", "a password of some length", [role])
        return signed_in(app, f"{role}@example.com", "a password of some length")
    return opened


@pytest.fixture
def order(api) -> dict[str, Any]:
    """A draft order with one line."""
    line = api.new("order_items", quantity="3", unit_price="7.5")
    return api.get(f"orders/{line['order_id']}").json
