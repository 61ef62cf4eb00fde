"""What a token is for and when it ends."""

import datetime as dt
import threading

import pytest
from flask import g
from sqlalchemy import update

from cogniflow.domain.accounts.models import ApiToken
from cogniflow.domain.accounts.rights import token_hash
from cogniflow.domain.accounts.tokens import create_token
from cogniflow.errors import Invalid

DEPARTMENT = {"code": "X", "name": "X"}


@pytest.mark.parametrize("change", [
    {"revoked_at": dt.datetime(2024, 1, 1, tzinfo=dt.UTC)}, {"expires_at": dt.datetime(2024, 1, 1, tzinfo=dt.UTC)}],
    ids=["revoked", "expired"])
def test_a_token_that_ended_is_401(app, token, write, change):
    headers = {"Authorization": f"Bearer {token}"}
    assert app.test_client().get("/api/products", headers=headers).status_code == 200
    write(lambda session: session.execute(update(ApiToken).where(ApiToken.token_hash == token_hash(token)).values(**change)))
    assert app.test_client().get("/api/products", headers=headers).status_code == 401


def test_a_token_that_runs_out_takes_its_sockets_with_it(app, token, write):
    feed, closed = app.extensions["cogniflow"].feed, threading.Event()
    until = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=3)
    write(lambda session: session.execute(update(ApiToken).values(expires_at=until)))
    with app.test_request_context("/ws", headers={"Authorization": f"Bearer {token}"}):
        app.preprocess_request()
        opened = feed.connect(g.caller, closed.set)
    feed.start()
    assert closed.wait(10) and opened.closing[0] == 4001
    assert until <= dt.datetime.now(dt.UTC) < until + dt.timedelta(seconds=5)


def test_a_scoped_token_does_only_what_its_scopes_say(app, write):
    token = write(lambda session: create_token(session, "administrator", "scoped", scopes=("departments:*", "read")))
    ask = {"headers": {"Authorization": f"Bearer {token}"}}
    client = app.test_client()
    assert client.post("/api/departments", json=DEPARTMENT, **ask).status_code == 201
    assert client.get("/api/products", **ask).status_code == 200
    assert client.post("/api/product-categories", json={"name": "X"}, **ask).status_code == 403


@pytest.mark.parametrize("scope", ["nope", "", ":read", "products:", "products:nope", "nope:read", "products:confirm", "*:read",
                                   "orders:confirm:x", " read"])
def test_a_token_for_what_there_is_not_is_refused(write, scope):
    with pytest.raises(Invalid) as refused:
        write(lambda session: create_token(session, "administrator", "wrong", scopes=("read", scope)))
    assert [each.field for each in refused.value.errors] == ["scopes"]


@pytest.mark.parametrize(("role", "scopes", "rights"), [
    ("administrator", ("*",), [("*", ["create", "delete", "read", "update"], ["*"])]),
    ("administrator", ("read",), [("*", ["read"], [])]),
    ("administrator", ("read", "orders:confirm", "orders:update", "products:*"), [
        ("*", ["read"], []), ("orders", ["read", "update"], ["confirm"]),
        ("products", ["create", "delete", "read", "update"], ["*"])]),
    ("viewer", ("products:read", "products:delete"), [("products", ["read"], [])]),
    ("viewer", ("orders:create",), [])])
def test_the_rights_a_token_is_told_are_those_it_has(app, write, role, scopes, rights):
    token = write(lambda session: create_token(session, role, "narrow", scopes=scopes))
    told = app.test_client().get("/api/me", headers={"Authorization": f"Bearer {token}"}).json["rights"]
    assert [(each["entity"], each["actions"], each["verbs"]) for each in told] == rights
