"""Sessions that are rows, attempts that wait, passwords that hold, and the second step."""

import datetime as dt
import re

import psycopg
import pytest
from passlib.totp import TOTP
from sqlalchemy import delete, select, update

from cogniflow.app import create_app
from cogniflow.db.tables import session_uses
from cogniflow.domain.accounts.models import ApiToken, User, UserRole, UserSession
from cogniflow.domain.accounts.sign_in import Attempts, forgive_attempts, refuse_weak, take_attempt
from cogniflow.errors import Invalid
from cogniflow.web.auth import create_user
from tests.conftest import ADMIN_EMAIL, ADMIN_PASSWORD, signed_in

NEW = "another long password"
PHONE = {"User-Agent": "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1 Version/18.0 Safari/604.1"}


@pytest.fixture
def browser(app):
    """Opens a browser in which nobody is signed in; `send` posts with the cross-site token, from an address if one is given."""
    def opened(address: str = "203.0.113.7"):
        client = app.test_client()
        client.environ_base["REMOTE_ADDR"] = address
        client.get("/login")
        client.send = lambda path, **form: client.post(path, data={
            **form, "csrf_token": client.get_cookie("XSRF-TOKEN").value})
        client.sign_in = lambda password=ADMIN_PASSWORD, email=ADMIN_EMAIL, **form: client.send(
            "/login", email=email, password=password, **form)
        return client
    return opened


@pytest.fixture
def much_guessed(owner_url):
    """Makes every attempt counted so far the thirtieth, and the next one possible now."""
    def aged():
        with psycopg.connect(owner_url, autocommit=True) as connection:
            connection.execute("UPDATE cogniflow.sign_in_failures SET failures = 30, open_at = now()")
    return aged


def test_a_session_is_listed_with_its_device_and_ended_from_another(app, client, browser, api):
    phone = browser()
    phone.environ_base["HTTP_USER_AGENT"] = PHONE["User-Agent"]
    assert phone.sign_in().status_code == 302
    page = client.get("/account").text
    assert "Safari on iPhone" in page and "203.0.113.7" in page and "This browser" in page
    there = api.get("user-sessions?device=Safari+on+iPhone").json["data"][0]
    assert client.post(f"/account/sessions/{there['id']}/end").status_code == 302
    assert (phone.get("/api/me").status_code, client.get("/api/me").status_code) == (401, 200)


def test_nobody_ends_another_users_session_from_their_own_account(client, sign_in, api):
    viewer = sign_in("viewer")
    mine = api.get("user-sessions?sort=id").json["data"][0]
    viewer.post(f"/account/sessions/{mine['id']}/end")
    viewer.post("/account/sessions/end-others")
    assert client.get("/api/me").status_code == 200
    assert viewer.get("/api/user-sessions").status_code == 404


def test_signing_out_everywhere_else_leaves_this_browser_alone(client, browser):
    others = [browser(), browser()]
    assert {each.sign_in().status_code for each in others} == {302}
    client.post("/account/sessions/end-others")
    assert [each.get("/api/me").status_code for each in (client, *others)] == [200, 401, 401]


def test_an_administrator_ends_a_session_as_a_record_and_makes_none(client, browser, api):
    other = browser()
    other.sign_in()
    last = api.get("user-sessions?sort=-id").json["data"][0]
    assert "key_hash" not in last
    assert api.delete(f"user-sessions/{last['id']}").status_code == 204
    assert (other.get("/api/me").status_code, client.get("/api/me").status_code) == (401, 200)
    assert api.post("user-sessions", {"user_id": 1}).status_code == 405


def test_sessions_survive_a_restart_and_serve_every_worker(app, client, settings):
    again = create_app(settings)
    other = again.test_client()
    other.set_cookie("cogniflow", client.get_cookie("cogniflow").value)
    assert other.get("/api/me").status_code == 200
    client.post("/logout")
    assert other.get("/api/me").status_code == 401
    again.extensions["cogniflow"].close()


@pytest.mark.parametrize("ends", [
    update(UserSession).values(expires_at=dt.datetime(2024, 1, 1, tzinfo=dt.UTC)),
    update(session_uses).values(idle_at=dt.datetime(2024, 1, 1, tzinfo=dt.UTC))], ids=["too old", "unused"])
def test_a_session_that_is_too_old_or_was_not_used_has_ended(client, write, ends):
    assert client.get("/api/me").status_code == 200
    write(lambda session: session.execute(ends))
    assert client.get("/api/me").status_code == 401


def test_a_used_session_lives_on_and_one_that_stays_outlives_the_browser(client, browser, write):
    early = dt.datetime.now(dt.UTC) + dt.timedelta(minutes=10)
    write(lambda session: session.execute(update(session_uses).values(
        last_used_at=early - dt.timedelta(hours=1), idle_at=early)))
    assert client.get("/api/me").status_code == 200
    assert write(lambda session: session.scalar(select(session_uses.c.idle_at))) > early
    cookies = {stays: next(each for each in browser().sign_in(**form).headers.getlist("Set-Cookie")
                           if each.startswith("cogniflow=")) for stays, form in ((True, {"remember": "y"}), (False, {}))}
    assert ("Expires=" in cookies[True], "Expires=" in cookies[False]) == (True, False)


def test_wrong_passwords_wait_and_the_page_says_how_long(browser, much_guessed):
    guesser = browser()
    assert {guesser.sign_in("wrong password").status_code for _ in range(10)} == {200}
    much_guessed()
    assert guesser.sign_in("wrong password").status_code == 200
    refused = guesser.sign_in()
    assert refused.status_code == 429
    assert 1 <= int(refused.headers["Retry-After"]) <= 60
    assert "Too many attempts. Try again in" in refused.text


def test_guessing_shuts_nobody_out_who_has_signed_in_from_their_browser_before(browser, much_guessed):
    owner = browser("198.51.100.9")
    assert owner.sign_in().status_code == 302
    owner.send("/logout")
    owner.get("/login")
    browser("203.0.113.1").sign_in("wrong password")
    much_guessed()
    browser("203.0.113.2").sign_in("wrong password")
    assert browser("203.0.113.99").sign_in().status_code == 429
    assert owner.sign_in().status_code == 302


def test_attempts_are_counted_together_by_every_process_and_forgiven_by_success(write, much_guessed):
    account, address = Attempts("account:x", free=10, longest=60), Attempts("address:y", free=50, longest=900)
    assert write(lambda session: take_attempt(session, [account, address])) == 0
    much_guessed()
    assert write(lambda session: take_attempt(session, [account, address])) == 0
    assert 0 < write(lambda session: take_attempt(session, [account, address])) <= 60
    assert write(lambda session: take_attempt(session, [address])) == 0
    write(lambda session: forgive_attempts(session, [account, address]))
    assert write(lambda session: take_attempt(session, [account, address])) == 0


@pytest.mark.parametrize(("password", "known"), [
    ("short", ()), ("passwordpassword", ()), ("qwertyuiop12", ()), ("aaaaaaaaaaaaaaaa", ()),
    ("ada.lovelace@example.com", ("ada.lovelace@example.com", "Ada"))])
def test_a_weak_password_is_refused_with_the_reason(password, known):
    with pytest.raises(Invalid) as refused:
        refuse_weak(password, known)
    assert [each.field for each in refused.value.errors] == ["password"]


def test_a_weak_password_is_refused_beside_its_field_on_the_page(client):
    refused = client.post("/password", data={
        "password": ADMIN_PASSWORD, "new_password": "passwordpassword", "new_password_confirm": "passwordpassword"})
    assert refused.status_code == 200 and "would be guessed too easily" in refused.text


@pytest.fixture
def second_factor(client):
    """The administrator's authenticator, set up on the page; gives the code of a moment."""
    page = client.post("/tf-setup", data={"setup": "authenticator"}).text
    key = re.search(r"Key: <code>([^<]+)</code>", page).group(1)
    where = re.search(r'action="(/tf-setup/[^"]+)"', page).group(1)
    totp = TOTP(key.replace(" ", "").replace("-", ""))
    assert client.post(where, data={"code": totp.generate().token}).status_code == 302
    return lambda seconds=0: totp.generate(dt.datetime.now(dt.UTC) + dt.timedelta(seconds=seconds)).token


def test_the_second_step_is_asked_for_and_no_code_works_twice(second_factor, browser):
    person = browser()
    led = person.sign_in()
    assert led.status_code == 302 and "/tf-validate" in led.headers["Location"]
    assert person.get("/api/me").status_code == 401
    code = second_factor(30)
    assert person.send("/tf-validate", code="000000").status_code == 200
    assert person.send("/tf-validate", code=code).status_code == 302
    assert person.get("/api/me").status_code == 200
    other = browser()
    other.sign_in()
    assert other.send("/tf-validate", code=code).status_code == 200
    assert other.get("/api/me").status_code == 401


def test_codes_are_not_guessed_either_whoever_knows_the_password(second_factor, browser, much_guessed):
    guesser = browser()
    guesser.sign_in()
    assert guesser.send("/tf-validate", code="000000").status_code == 200
    much_guessed()
    assert guesser.send("/tf-validate", code="000000").status_code == 200
    assert browser().sign_in().status_code == 302
    assert guesser.send("/tf-validate", code=second_factor(30)).status_code == 429


def test_a_recovery_code_works_once(second_factor, client, browser, api):
    page = client.post("/mf-recovery-codes", data={"generate_new_codes": "1"}).text
    codes = re.findall(r"<li><code>([^<]+)</code>", page)
    assert len(codes) == 8
    for expected in (200, 401):
        person = browser()
        person.sign_in()
        person.send("/mf-recovery", code=codes[0])
        assert person.get("/api/me").status_code == expected
    assert "recovery_codes" not in api.get("users").text and codes[1] not in api.get("users").text


def test_an_administrator_takes_a_lost_second_factor_away(second_factor, api, browser):
    user = api.get(f"users?email={ADMIN_EMAIL}").json["data"][0]
    assert user["second_factor"] == "authenticator"
    assert api.post(f"users/{user['id']}/remove_second_factor").json["second_factor"] is None
    assert api.post(f"users/{user['id']}/remove_second_factor").status_code == 409
    person = browser()
    person.sign_in()
    assert person.get("/api/me").status_code == 200


def test_an_administrators_link_lets_a_user_choose_a_password_once(client, sign_in, browser, api):
    viewer = sign_in("viewer")
    user = api.get("users?email=viewer@example.com").json["data"][0]
    page = client.post(f"/account/reset-link/{user['id']}", follow_redirects=True).text
    path = re.search(r"http://localhost(/reset/[\w.-]+)", page).group(1)
    stranger = browser()
    assert stranger.get(path).status_code == 200
    assert stranger.send(path, password=NEW, password_confirm=NEW).status_code == 302
    assert viewer.get("/api/me").status_code == 401
    stranger.sign_in(NEW, "viewer@example.com")
    assert stranger.get("/api/me").json["name"] == "viewer person"
    late = browser()
    late.send(path, password="a third long password", password_confirm="a third long password")
    late.sign_in("a third long password", "viewer@example.com")
    assert late.get("/api/me").status_code == 401
    assert "/reset/" not in client.get(f"/admin/users/details/?id={user['id']}").text


def test_nobody_takes_over_an_account_that_may_do_more_than_theirs(client, sign_in, api, write):
    clerk = sign_in("viewer")
    viewer = api.get("roles?name=viewer").json["data"][0]["id"]
    api.new("permissions", role_id=viewer, entity="users", can_read=True, can_update=True, operate=["remove_second_factor"])
    admin = api.get(f"users?email={ADMIN_EMAIL}").json["data"][0]["id"]
    write(lambda session: session.execute(update(User).where(User.id == admin).values(second_factor="authenticator")))
    assert clerk.post(f"/account/reset-link/{admin}").status_code == 403
    assert clerk.patch(f"/api/users/{admin}", json={"email": "clerk@example.com"}).status_code == 403
    assert clerk.post(f"/api/users/{admin}/remove_second_factor", json={}).status_code == 403


def test_without_a_mail_server_no_mail_is_offered(browser):
    stranger = browser()
    assert "Forgot" not in stranger.get("/login").text
    assert stranger.get("/reset").headers["Location"] == "/login"


def test_an_own_token_has_one_of_the_callers_roles_is_shown_once_and_ends_with_the_role(client, write, app):
    client.post("/account/tokens", data={"name": "mine", "role": "administrator", "scopes": "products:read", "days": "5"})
    made = re.search(r"cf_[\w-]+", client.get("/account").text).group(0)
    assert "cf_" not in re.sub(r'class="[^"]*"', "", client.get("/account").text)
    asked = {"headers": {"Authorization": f"Bearer {made}"}}
    program = app.test_client()
    assert (program.get("/api/products", **asked).status_code, program.get("/api/orders", **asked).status_code) == (200, 404)
    assert program.get("/account", **asked).status_code == 403
    client.post("/account/tokens", data={"name": "not mine", "role": "viewer", "scopes": "*"})
    assert write(lambda session: session.scalars(select(ApiToken.name)).all()) == ["mine"]
    write(lambda session: create_user(session, "other@example.com", "Other", "a password of some length", ["administrator"]))
    write(lambda session: session.execute(delete(UserRole).where(UserRole.user_id == select(User.id).where(
        User.email == ADMIN_EMAIL).scalar_subquery())))
    assert program.get("/api/products", **asked).status_code == 401


def test_people_name_themselves(client):
    client.post("/account/name", data={"name": "Ada King"})
    assert client.get("/api/me").json["name"] == "Ada King"
    client.post("/account/name", data={"name": " "})
    assert client.get("/api/me").json["name"] == "Ada King"


def test_a_remembered_cookie_of_another_kind_signs_nobody_in(app, client, browser):
    stranger = browser()
    stranger.set_cookie("remember_token", "1|made-up")
    assert stranger.get("/api/me").status_code == 401
    assert signed_in(app, ADMIN_EMAIL, ADMIN_PASSWORD).get("/api/me").status_code == 200
