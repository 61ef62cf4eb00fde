"""A forgotten password, replaced through mail that a real server takes."""

import re
import socketserver
import threading
from collections.abc import Iterator
from queue import Queue

import psycopg
import pytest

from cogniflow.app import create_app
from cogniflow.db.session import SYSTEM
from cogniflow.web.auth import create_user

EMAIL, OLD, NEW = "cora@example.com", "cora's own long password", "another long password"
WITHIN = 30


class Letterbox(socketserver.StreamRequestHandler):
    """Takes one mail as RFC 5321 says, and puts its text into the server's queue."""

    def handle(self) -> None:
        self.wfile.write(b"220 here\r\n")
        while line := self.rfile.readline():
            if line.upper().startswith(b"DATA"):
                self.wfile.write(b"354 go on\r\n")
                text = b"".join(iter(self.rfile.readline, b".\r\n"))
                self.server.taken.put(text.decode().replace("=\r\n", "").replace("=3D", "="))
            self.wfile.write(b"221 bye\r\n" if line.upper().startswith(b"QUIT") else b"250 so be it\r\n")


@pytest.fixture
def letters() -> Iterator[tuple[int, Queue]]:
    """The port of a mail server, and what it has taken."""
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Letterbox) as server:
        server.taken, server.daemon_threads = Queue(), True
        serving = threading.Thread(target=server.serve_forever)
        serving.start()
        yield server.server_address[1], server.taken
        server.shutdown()
        serving.join()


@pytest.fixture
def mailing(settings, letters) -> Iterator:
    """A browser of an installation that sends mail; `send` posts with the cross-site token."""
    app = create_app(settings.model_copy(update={
        "smtp_host": "127.0.0.1", "smtp_port": letters[0], "smtp_security": "none", "public_url": "https://erp.example.com"}))
    with app.extensions["cogniflow"].database.transaction(SYSTEM) as session:
        create_user(session, EMAIL, "Cora", OLD, ["viewer"])
    client = app.test_client()
    client.get("/login")
    client.send = lambda path, headers=None, **form: client.post(path, headers=headers, data={
        **form, "csrf_token": client.get_cookie("XSRF-TOKEN").value})
    yield client
    app.extensions["cogniflow"].close()


def test_a_forgotten_password_is_replaced_through_a_mailed_link(mailing, letters):
    assert "Forgot the password?" in mailing.get("/login").text
    told = mailing.send("/reset", email=EMAIL, headers={"Host": "localhost", "X-Forwarded-Host": "evil.example"})
    assert told.status_code == 200
    mail = letters[1].get(timeout=WITHIN)
    assert f"To: {EMAIL}" in mail and "evil.example" not in mail
    path = re.search(r"https://erp\.example\.com(/reset/[\w.-]+)", mail).group(1)
    assert mailing.send(path, password=NEW, password_confirm=NEW).status_code == 302
    assert mailing.send("/login", email=EMAIL, password=OLD).status_code == 200
    assert mailing.send("/login", email=EMAIL, password=NEW).status_code == 302
    assert mailing.get("/api/me").json["name"] == "Cora"


def test_nobody_learns_from_the_page_whom_mail_was_sent_to(mailing, letters):
    pages = [re.sub(rf"{email}|(?<=value=\")[\w.-]{{60,}}", "", mailing.send("/reset", email=email).text)
             for email in (EMAIL, "nobody@example.com")]
    assert pages[0] == pages[1]
    letters[1].get(timeout=WITHIN)
    assert letters[1].empty()


def test_nobodys_letterbox_is_filled(mailing, owner_url):
    assert mailing.send("/reset", email=EMAIL).status_code == 200
    with psycopg.connect(owner_url, autocommit=True) as connection:
        connection.execute("UPDATE cogniflow.sign_in_failures SET failures = 20, open_at = now()")
    assert [mailing.send("/reset", email=EMAIL).status_code for _ in range(2)] == [200, 429]
