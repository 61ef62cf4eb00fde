"""What browsers are told to refuse, and that no page of ours needs it."""

import re
from collections.abc import Iterator

import pytest
from passlib.totp import TOTP
from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser

PASSWORD = "a password of some length"
PAGES = ("/dash/", "/admin/", "/admin/products/", "/admin/products/?q=nothing+like+this", "/admin/orders/", "/admin/orders/new/",
         "/admin/orders/edit/?id=1", "/admin/orders/details/?id=1", "/admin/users/details/?id=1", "/docs/api", "/password",
         "/account", "/tf-setup", "/mf-recovery-codes", "/verify", "/nowhere")


@pytest.fixture
def person(browser: Browser, sign_in, live_server: str) -> Iterator[Page]:
    """A browser of its own, signed in; `person.refused` is what the policy has refused so far, `person.failed` what went wrong.

    A request to any other host is refused, too.
    """
    page = browser.new_page()
    page.refused, page.failed = [], []
    page.on("console", lambda said: page.failed.append(said.text) if said.type == "error" and "404" not in said.text else None)
    page.on("pageerror", lambda error: page.failed.append(str(error)))
    page.on("request", lambda asked: page.refused.append(asked.url) if not asked.url.startswith((live_server, "data:", "blob:"))
            else None)
    page.expose_function("tell", lambda what: page.refused.append(what))
    page.add_init_script("document.addEventListener('securitypolicyviolation', "
                         "each => tell(`${each.violatedDirective} ${each.blockedURI} ${location.pathname}`))")
    sign_in(page)
    yield page
    page.context.close()


def test_no_page_needs_what_its_policy_forbids(person, live_server):
    for path in PAGES:
        person.goto(f"{live_server}{path}", wait_until="networkidle")
    person.goto(f"{live_server}/docs/api")
    person.locator(".opblock-tag").first.click()
    person.locator(".opblock-summary").first.click()
    person.locator(".opblock-body").first.wait_for()
    person.goto(f"{live_server}/dash/")
    person.locator("#react-entry-point .js-plotly-plot:has(.bars) .nsewdrag").first.hover()
    person.goto(f"{live_server}/admin/orders/new/")
    person.get_by_role("combobox").first.click()
    person.locator(".cf-options [role=option]").first.click()
    assert (person.refused, person.failed) == ([], [])


def test_a_new_colleague_chooses_a_password_and_a_second_step(person, live_server, rest):
    user = rest("POST", "users", json={"email": "cora@example.com", "name": "Cora"}).json()
    role = rest("GET", "roles?name=viewer").json()["data"][0]
    rest("POST", "user-roles", json={"user_id": user["id"], "role_id": role["id"]})
    person.goto(f"{live_server}/admin/users/details/?id={user['id']}")
    person.get_by_role("button", name="New password").click()
    person.get_by_role("button", name="Make the link").click()
    link = re.search(r"http://\S+/reset/[\w.-]+", person.locator(".cf-alert").inner_text()).group(0)
    _sign_out(person)
    person.goto(link)
    for name in ("password", "password_confirm"):
        person.fill(f"[name={name}]", PASSWORD)
    person.get_by_role("button", name="Save the password").click()
    _sign_in(person)
    person.goto(f"{live_server}/account")
    person.get_by_role("link", name="Set up").click()
    person.get_by_role("button", name="Set up").click()
    totp = TOTP(person.locator("code").inner_text().replace("-", ""))
    person.fill("[name=code]", totp.generate().token)
    person.get_by_role("button", name="Turn on").click()
    person.get_by_role("link", name="Make new ones").click()
    person.get_by_role("button", name="Make new codes").click()
    code = person.locator("li code").first.inner_text()
    _sign_out(person)
    _sign_in(person)
    person.get_by_role("link", name="Use a recovery code instead").click()
    person.fill("[name=code]", code)
    person.get_by_role("button", name="Sign in").click()
    person.goto(f"{live_server}/account")
    assert "7 left" in person.locator("main").inner_text()
    assert (person.refused, person.failed) == ([], [])


def _sign_in(page: Page) -> None:
    page.fill("[name=email]", "cora@example.com")
    page.fill("[name=password]", PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(lambda address: "/login" not in address)


def _sign_out(page: Page) -> None:
    page.locator("summary:has(.cf-avatar)").click()
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/login**")


@pytest.mark.parametrize("path", ["/admin/products/", "/dash/"])
def test_a_script_that_is_not_ours_does_not_run(person, live_server, path):
    person.goto(f"{live_server}{path}")
    with person.expect_console_message(lambda said: "Content Security Policy" in said.text):
        person.evaluate("document.body.append(Object.assign(document.createElement('script'), {textContent: 'window.ran = 1'}))")
    assert person.evaluate("window.ran") is None


def test_the_back_button_shows_nothing_after_signing_out(person, live_server):
    person.goto(f"{live_server}/admin/products/")
    person.locator("summary:has(.cf-avatar)").click()
    person.get_by_role("button", name="Sign out").click()
    person.wait_for_url("**/login**")
    person.go_back()
    person.wait_for_url("**/login**")
    assert person.locator("table").count() == 0
