"""Sign-in, sessions and the guard, as an attacker tries them."""

import datetime as dt
import re
import stat
import threading
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urljoin, urlsplit

import psycopg
import pytest
from flask import g
from sqlalchemy import update

from cogniflow.app import create_app
from cogniflow.domain.accounts.models import User
from cogniflow.errors import Invalid, NotFound
from cogniflow.web.auth import create_user, secret_key, set_password
from cogniflow.web.sign_in import WRONG
from tests.conftest import ADMIN_EMAIL, ADMIN_PASSWORD, signed_in

DEPARTMENT = {"code": "X", "name": "X"}
OTHER = ("sam@example.com", "sam's own long password")


@pytest.fixture
def viewer(app, write):
    """A user who may only look, signed in."""
    write(lambda session: create_user(session, OTHER[0], "Sam Viewer", OTHER[1], ["viewer"]))
    return signed_in(app, *OTHER)


def test_a_stranger_is_led_to_the_sign_in_page_and_back(app):
    stranger = app.test_client()
    answer = stranger.get("/admin/products/?q=tea")
    assert (answer.status_code, answer.headers["Location"]) == (302, "/login?next=/admin/products/?q%3Dtea")
    stranger.get("/login")
    done = stranger.post(answer.headers["Location"], data={
        "email": ADMIN_EMAIL, "password": ADMIN_PASSWORD, "csrf_token": stranger.get_cookie("XSRF-TOKEN").value})
    assert done.headers["Location"] == "/admin/products/?q=tea"


@pytest.mark.parametrize("path", ["/api/products", "/dash/_dash-layout", "/openapi.json", "/metrics"])
def test_a_program_without_a_token_gets_401(app, path):
    answer = app.test_client().get(path)
    assert (answer.status_code, answer.json["title"]) == (401, "Not signed in")
    assert answer.content_type.startswith("application/problem+json")


def test_health_is_public(app):
    assert app.test_client().get("/healthz").json == {"status": "ok"}


def test_metrics_and_documentation_are_public_only_by_setting(settings):
    opened = create_app(settings.model_copy(update={"public_metrics": True}))
    stranger = opened.test_client()
    assert {path: stranger.get(path).status_code for path in ("/metrics", "/openapi.json", "/docs/api", "/api/products")} == {
        "/metrics": 200, "/openapi.json": 200, "/docs/api": 200, "/api/products": 401}
    opened.extensions["cogniflow"].close()


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example/", "/\\evil.example", "///evil.example",
                                    "javascript:alert(1)"])
def test_sign_in_leads_to_no_other_site(app, target):
    client = app.test_client()
    client.get("/login")
    answer = client.post("/login", query_string={"next": target}, data={
        "email": ADMIN_EMAIL, "password": ADMIN_PASSWORD, "csrf_token": client.get_cookie("XSRF-TOKEN").value})
    led_to = urljoin("http://localhost/login", answer.headers.get("Location", ""))
    assert urlsplit(led_to).netloc == "localhost"


def test_nobody_learns_which_addresses_exist(app):
    client = app.test_client()
    client.get("/login")
    pages = [re.sub(rf"{email}|(?<=value=\")[\w.-]{{60,}}", "", client.post("/login", data={
        "email": email, "password": "not the password", "csrf_token": client.get_cookie("XSRF-TOKEN").value}).text)
             for email in (ADMIN_EMAIL, "nobody@example.com")]
    assert pages[0] == pages[1]
    assert WRONG in pages[0]


def test_sign_in_without_the_cross_site_token_is_refused(app):
    client = app.test_client()
    client.get("/login")
    assert client.post("/login", data={"email": ADMIN_EMAIL, "password": ADMIN_PASSWORD}).status_code == 400
    assert client.get("/api/products").status_code == 401


@pytest.mark.parametrize("path", ["/api/departments", "/admin/departments/new/", "/admin/departments/action/", "/logout",
                                  "/password"])
def test_a_write_by_cookie_needs_the_cross_site_token(client, path):
    del client.environ_base["HTTP_X_CSRFTOKEN"]
    assert client.post(path, json=DEPARTMENT if path.startswith("/api") else None).status_code == 400
    assert client.get("/api/departments").json["page"]["total"] == 0


def test_a_made_up_cross_site_token_is_refused(client):
    assert client.post("/api/departments", json=DEPARTMENT, headers={"X-CSRFToken": "made up"}).status_code == 400


def test_a_token_needs_no_cross_site_token(app, token):
    answer = app.test_client().post("/api/departments", json=DEPARTMENT, headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 201
    assert "Set-Cookie" not in answer.headers


def test_a_token_outweighs_the_cookie_beside_it(viewer, token):
    with_token = {"Authorization": f"Bearer {token}"}
    assert viewer.post("/api/departments", json=DEPARTMENT).status_code == 403
    assert viewer.post("/api/departments", json=DEPARTMENT, headers=with_token).status_code == 201


@pytest.mark.parametrize("authorization", ["Bearer made-up", "Bearer ", "Bearer", "Basic YWRtaW46YWRtaW4=", "made-up"])
def test_a_wrong_authorization_is_401_whatever_the_cookie_says(client, authorization):
    for path in ("/api/departments", "/admin/departments/", "/", "/password"):
        assert client.get(path, headers={"Authorization": authorization}).status_code == 401, path
    del client.environ_base["HTTP_X_CSRFTOKEN"]
    assert client.post("/api/departments", json=DEPARTMENT, headers={"Authorization": authorization}).status_code == 401


def test_a_password_change_ends_every_other_session(app, client):
    elsewhere = signed_in(app, ADMIN_EMAIL, ADMIN_PASSWORD)
    changed = client.post("/password", data={
        "password": ADMIN_PASSWORD, "new_password": "another long password", "new_password_confirm": "another long password"})
    assert changed.status_code == 302, changed.text
    assert client.get("/api/products").status_code == 200
    assert elsewhere.get("/api/products").status_code == 401
    assert signed_in(app, ADMIN_EMAIL, "another long password").get("/api/products").status_code == 200


def test_a_password_change_is_attributed_to_who_made_it(app, client, owner_url):
    client.post("/password", data={
        "password": ADMIN_PASSWORD, "new_password": "another long password", "new_password_confirm": "another long password"})
    with psycopg.connect(owner_url) as connection:
        found = connection.execute("SELECT u.updated_by = u.id, l.actor = u.id FROM users u, cogniflow.change_log l "
                                   "WHERE l.tbl = 'users' AND l.op = 'U'").fetchall()
    assert found == [(True, True)]


def test_a_new_password_must_be_long(client):
    refused = client.post("/password", data={
        "password": ADMIN_PASSWORD, "new_password": "short", "new_password_confirm": "short"})
    assert refused.status_code == 200
    assert "cf-error" in refused.text


def test_a_deactivated_or_archived_user_is_signed_out_at_once(app, viewer, write):
    for off, on in (({"active": False}, {"active": True}),
                    ({"archived_at": dt.datetime.now(dt.UTC)}, {"archived_at": None})):
        viewer = signed_in(app, *OTHER)
        assert viewer.get("/api/products").status_code == 200
        write(lambda session, off=off: session.execute(update(User).where(User.email == OTHER[0]).values(**off)))
        assert viewer.get("/api/products").status_code == 401
        with pytest.raises(AssertionError):
            signed_in(app, *OTHER)
        write(lambda session, on=on: session.execute(update(User).where(User.email == OTHER[0]).values(**on)))
        assert viewer.get("/api/products").status_code == 401
    assert signed_in(app, *OTHER).get("/api/products").status_code == 200


def test_signing_out_ends_the_session_whoever_has_its_cookie_and_no_other(app, client, viewer):
    stolen, elsewhere = app.test_client(), signed_in(app, ADMIN_EMAIL, ADMIN_PASSWORD)
    stolen.set_cookie("cogniflow", client.get_cookie("cogniflow").value)
    assert stolen.get("/api/products").status_code == 200
    assert client.post("/logout").status_code == 302
    assert (client.get("/api/products").status_code, stolen.get("/api/products").status_code) == (401, 401)
    assert (elsewhere.get("/api/products").status_code, viewer.get("/api/products").status_code) == (200, 200)
    assert signed_in(app, ADMIN_EMAIL, ADMIN_PASSWORD).get("/api/products").status_code == 200


def test_signing_out_is_attributed_to_who_did(client, owner_url):
    client.post("/logout")
    with psycopg.connect(owner_url) as connection:
        assert connection.execute("SELECT l.actor = u.id FROM users u, cogniflow.change_log l "
                                  "WHERE l.tbl = 'user_sessions' AND l.op = 'D'").fetchall() == [(True,)]


@pytest.mark.parametrize("end", [
    lambda client: client.post("/logout"),
    lambda client: client.post("/password", data={"password": ADMIN_PASSWORD, "new_password": "another long password",
                                                  "new_password_confirm": "another long password"})],
    ids=["sign-out", "another password"])
def test_whatever_ends_the_sessions_closes_their_sockets(app, client, end):
    feed, closed = app.extensions["cogniflow"].feed, threading.Event()
    with app.test_request_context("/ws", headers={"Cookie": f"cogniflow={client.get_cookie('cogniflow').value}"}):
        app.preprocess_request()
        caller = g.caller
    feed.start()
    opened = feed.connect(caller, closed.set)
    end(client)
    assert closed.wait(10) and opened.closing[0] == 4001


def test_an_address_once_archived_can_be_given_again(app, viewer, write):
    write(lambda session: session.execute(update(User).where(User.email == OTHER[0]).values(archived_at=dt.datetime.now(dt.UTC))))
    write(lambda session: create_user(session, OTHER[0].upper(), "Sam Again", "a quite different password", ["viewer"]))
    assert signed_in(app, OTHER[0], "a quite different password").get("/api/products").status_code == 200


def test_cookies_are_kept_from_scripts_other_sites_and_plain_connections(app):
    client = app.test_client()
    page = client.get("/login", base_url="https://localhost")
    cookies = {each.split("=")[0]: each for each in page.headers.getlist("Set-Cookie")}
    assert {"cogniflow", "XSRF-TOKEN"} <= cookies.keys()
    assert "HttpOnly" in cookies["cogniflow"]
    assert all("SameSite=Lax" in each and "Secure" in each for each in cookies.values())
    plain = app.test_client().get("/login")
    assert not any("Secure" in each for each in plain.headers.getlist("Set-Cookie"))


def test_every_answer_says_what_a_browser_must_not_do(client):
    for path in ("/login", "/admin/departments/", "/api/departments", "/nowhere", "/healthz", "/shell/theme.js"):
        headers = client.get(path).headers
        assert (headers["X-Content-Type-Options"], headers["X-Frame-Options"], headers["Referrer-Policy"]) == (
            "nosniff", "DENY", "same-origin"), path
        assert "camera=()" in headers["Permissions-Policy"] and "Strict-Transport-Security" not in headers
    policy = client.get("/admin/departments/").headers["Content-Security-Policy"]
    for part in ("script-src 'self';", "connect-src 'self'", "base-uri 'none'", "form-action 'self'", "frame-ancestors 'none'"):
        assert part in policy
    over_tls = client.get("/login", base_url="https://localhost").headers
    assert (over_tls["Strict-Transport-Security"], over_tls["Cross-Origin-Opener-Policy"]) == ("max-age=31536000", "same-origin")


def test_nothing_that_needs_a_sign_in_is_kept_by_a_cache(client):
    for path in ("/admin/departments/", "/admin/departments/export/csv/", "/admin/departments/export/xlsx/", "/openapi.json",
                 "/metrics", "/password"):
        answer = client.get(path)
        assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-store"), path
    assert client.get("/api/departments").headers["Cache-Control"] == "private, no-cache"
    assert "max-age" in client.get("/shell/theme.js").headers["Cache-Control"]


def test_the_generated_key_is_kept_and_ours_alone(settings):
    first = secret_key(settings)
    assert len(first) >= 48
    assert secret_key(settings) == first
    assert stat.S_IMODE((settings.data_dir / "secret.key").stat().st_mode) == 0o600
    assert [path.name for path in settings.data_dir.iterdir()] == ["secret.key"]


def test_a_user_needs_a_long_password_and_known_roles(write):
    with pytest.raises(Invalid, match="at least 12"):
        write(lambda session: create_user(session, "x@example.com", "X", "short", []))
    with pytest.raises(NotFound, match="no role emperor"):
        write(lambda session: create_user(session, "x@example.com", "X", "long enough for this", ["emperor"]))


def test_a_password_set_by_an_administrator_ends_sessions(app, viewer, write):
    write(lambda session: set_password(session.query(User).filter_by(email=OTHER[0]).one(), "given by an administrator"))
    assert viewer.get("/api/products").status_code == 401
    assert signed_in(app, OTHER[0], "given by an administrator").get("/api/products").status_code == 200


def test_a_request_id_is_taken_over_only_when_harmless(client):
    assert client.get("/healthz", headers={"X-Request-Id": "trace-1.a"}).headers["X-Request-Id"] == "trace-1.a"
    assert len(client.get("/healthz", headers={"X-Request-Id": "<script>" * 20}).headers["X-Request-Id"]) == 32


def test_many_requests_at_once_need_one_connection_each(app, client):
    pool = app.extensions["cogniflow"].database.engine.pool
    cookie = client.get_cookie("cogniflow")

    def ask(_):
        one = app.test_client()
        one.set_cookie("cogniflow", cookie.value)
        return one.get("/admin/products/").status_code

    with ThreadPoolExecutor(2 * pool.size()) as threads:
        assert set(threads.map(ask, range(4 * pool.size()))) == {200}
    assert pool.checkedout() == 0
