"""Who is asking: sessions of people, tokens of programs, and the guard in front of every address."""

import datetime as dt
import os
import secrets
import unicodedata
import uuid
from contextlib import suppress
from pathlib import Path
from tempfile import NamedTemporaryFile

from flask import Flask, Response, after_this_request, g, redirect, request, url_for
from flask import session as flask_session
from flask.sessions import SecureCookieSessionInterface
from flask_login import AnonymousUserMixin, user_logged_in, user_logged_out
from flask_security import Security
from flask_sqlalchemy_lite import SQLAlchemy
from flask_wtf.csrf import CSRFProtect, generate_csrf, validate_csrf
from passlib.hash import argon2
from sqlalchemy import insert, select
from sqlalchemy.orm import Session
from wtforms import ValidationError

from cogniflow.config import Settings
from cogniflow.db.session import Actor, Database, attribute
from cogniflow.domain.accounts.models import Role, User, UserRole
from cogniflow.domain.accounts.rights import Caller, caller_of_session, caller_of_token, token_hash
from cogniflow.domain.accounts.sessions import NOTED_AGAIN, Lifetime, begin_session, end_session, note_use
from cogniflow.domain.accounts.sign_in import refuse_weak
from cogniflow.errors import NotFound, NotSignedIn
from cogniflow.records.kept import Kept
from cogniflow.records.subscriptions import ACCESS_TABLES
from cogniflow.web.front import LOOK
from cogniflow.web.mail import Mail
from cogniflow.web.observe import request_id
from cogniflow.web.problems import wants_json
from cogniflow.web.protection import protect_answers
from cogniflow.web.sign_in import (
    A_YEAR,
    FORMS,
    KNOWN_COOKIE,
    Accounts,
    Codes,
    Passwords,
    SignedInRole,
    SignedInUser,
    make_known,
    sign_in_configuration,
)

CSRF_COOKIE = "XSRF-TOKEN"
SESSION_KEY = "key"
"""What the browser's signed cookie holds of a session: the rest is a row."""

PUBLIC = frozenset({"security.login", "security.two_factor_token_validation", "security.mf_recovery", "security.reset_password",
                    "shell.static", "shell.logo", "site.home", "site.post", "site.picture", "health.healthz", "health.readyz"})
"""Every endpoint that answers without a sign-in, by name."""
PUBLIC_BY_SETTING = frozenset({"health.metrics", "api.openapi_document", "api.docs"})
"""Those that do so where `public_metrics` is set."""
FORGOTTEN = "security.forgot_password"
"""The page that mails a new password's link; public, and there at all, where mail can be sent."""
DOORS = {"api": "rest", "admin": "admin", "dash": "dash", "ws": "socket"}
"""How the change log names the way in, by the first part of the address."""
CALLER_BYTES = 4_000
"""What a caller and its rights take in memory, about."""
BROWSERS = (("Edg/", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari"))
SYSTEMS = (("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("Windows", "Windows"), ("Mac OS", "macOS"),
           ("Linux", "Linux"))


class SecureOverTls(SecureCookieSessionInterface):
    """Sends the session cookie over TLS only, wherever it was given over TLS."""

    def get_cookie_secure(self, app: Flask) -> bool:
        """Whether this request came over TLS."""
        return request.is_secure


def register_auth(app: Flask, database: Database, settings: Settings, kept: Kept) -> None:
    """Give `app` sign-in, tokens, cross-site protection and the guard; `g.caller` and `g.request_id` are set from then on."""
    app.config.update(_configuration(secret_key(settings), settings))
    app.session_interface = SecureOverTls()
    opened = PUBLIC | (PUBLIC_BY_SETTING if settings.public_metrics else frozenset())
    opened |= {FORGOTTEN} if settings.mails_links else frozenset()
    csrf = CSRFProtect(app)
    app.after_request(_hand_out_csrf_token)
    app.after_request(_say_to_wait)
    protect_answers(app)
    app.before_request(lambda: _identify(database, settings, kept))
    app.before_request(lambda: _guard(opened, csrf))
    security = Security(app, Accounts(_sign_in_sessions(app, database), SignedInUser, SignedInRole), totp_cls=Codes,
                        password_util_cls=Passwords, mail_util_cls=Mail, **FORMS)
    # flask-security's own tokens would be a second kind of key, in headers and addresses: there is only ours.
    security.login_manager.request_loader(lambda _: None)
    user_logged_in.connect(_begin_session, app)
    user_logged_out.connect(_end_session, app)


def secret_key(settings: Settings) -> str:
    """The key that signs sessions: the setting, or one generated once into the data folder."""
    if settings.secret_key:
        return settings.secret_key.get_secret_value()
    path = Path(settings.data_dir) / "secret.key"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with NamedTemporaryFile("w", dir=path.parent, prefix="secret-") as draft:
            draft.write(secrets.token_urlsafe(48))
            draft.flush()
            # A link appears whole or not at all, so workers that start together agree on one key.
            with suppress(FileExistsError):
                os.link(draft.name, path)
    return path.read_text()


def create_user(session: Session, email: str, name: str, password: str, roles: list[str]) -> User:
    """Create a user who signs in with `email` and `password` and has the named roles.

    Raises Invalid for a weak password, NotFound for an unknown role.
    """
    user = session.scalars(insert(User).returning(User), {
        "email": email.strip().lower(), "name": name, "password": hashed(password, email, name)}).one()
    for each in roles:
        role = session.scalar(select(Role.id).where(Role.name == each, Role.archived_at.is_(None)))
        if role is None:
            raise NotFound(f"There is no role {each}.")
        session.execute(insert(UserRole), {"user_id": user.id, "role_id": role})
    return user


def set_password(user: User, password: str) -> None:
    """Give the user another password and end every session. Raises Invalid for a weak one."""
    user.password = hashed(password, user.email, user.name)
    user.fs_uniquifier = uuid.uuid4().hex


def hashed(password: str, *known: str) -> str:
    """The argon2id hash that is kept of a password, as the sign-in page checks it; `known` is what anybody knows of its user."""
    refuse_weak(password, known)
    return argon2.hash(unicodedata.normalize("NFKD", password))


def _begin_session(app: Flask, user: SignedInUser) -> None:
    """Whoever has signed in has a session: a row, of which the browser keeps the key, for as long as they chose."""
    settings: Settings = app.extensions["cogniflow"].settings
    stays = flask_session.pop("_remember", None) == "set"  # instead of a second cookie that nobody could end
    longest = dt.timedelta(days=settings.session_days)
    lifetime = Lifetime(longest, longest if stays else _idle(settings))
    session = app.extensions["sqlalchemy"].session
    session.flush()  # another password ends every session, but not the one that it begins
    flask_session.permanent = stays
    flask_session[SESSION_KEY] = begin_session(session, user.id, _device(), request.remote_addr or "", lifetime)

    @after_this_request
    def know_again(answer: Response) -> Response:
        answer.set_cookie(KNOWN_COOKIE, make_known(app, user.email), max_age=A_YEAR, httponly=True, samesite="Lax")
        return answer


def _end_session(app: Flask, user: SignedInUser | AnonymousUserMixin) -> None:
    """Signing out ends this session, wherever a copy of its cookie is: open sockets are closed."""
    flask_session.pop(SESSION_KEY, None)
    if g.get("caller") and g.caller.session_id:
        with app.extensions["cogniflow"].database.transaction(_actor()) as session:
            end_session(session, g.caller.user_id, g.caller.session_id)


def _idle(settings: Settings) -> dt.timedelta:
    return dt.timedelta(minutes=settings.session_idle_minutes)


def _device() -> str:
    """The browser and system, as far as they say."""
    said = request.user_agent.string
    browser, system = (next((name for mark, name in marks if mark in said), "") for marks in (BROWSERS, SYSTEMS))
    return " on ".join(filter(None, (browser, system))) or said


def _configuration(key: str, settings: Settings) -> dict:
    return {
        "SECRET_KEY": key,
        "SESSION_COOKIE_NAME": "cogniflow", "SESSION_COOKIE_HTTPONLY": True, "SESSION_COOKIE_SAMESITE": "Lax",
        "SESSION_REFRESH_EACH_REQUEST": False, "PERMANENT_SESSION_LIFETIME": dt.timedelta(days=settings.session_days),
        "WTF_CSRF_CHECK_DEFAULT": False, "WTF_CSRF_TIME_LIMIT": None,
        "SECURITY_EMAIL_SENDER": settings.smtp_sender, "PUBLIC_URL": settings.public_url,
        **sign_in_configuration(key),
    }


def _sign_in_sessions(app: Flask, database: Database) -> SQLAlchemy:
    """The sessions that flask-security commits itself: on our pool, and naming who acts."""
    class SignInSession(Session):
        """One per app, so that two apps in one process never share a listener."""

    attribute(SignInSession, _actor)
    return SQLAlchemy(app, require_default_engine=False,
                      session_options={"class_": SignInSession, "bind": database.engine, "expire_on_commit": False})


def _actor() -> Actor:
    caller: Caller | None = g.get("caller")
    return caller.actor(g.request_id) if caller else Actor(None, "sign-in", g.get("request_id", ""))


def _identify(database: Database, settings: Settings, kept: Kept) -> None:
    """Say who asks, once, before anything else looks: an Authorization header outweighs every cookie."""
    g.request_id = request_id(request.headers.get("X-Request-Id", ""))
    g.caller = None
    if "Authorization" in request.headers:
        g.caller = _program(database, kept, request.headers["Authorization"])
    elif request.endpoint != "shell.static" and (key := flask_session.get(SESSION_KEY)):
        with database.reading() as session:
            g.caller = caller_of_session(session, key, _door())
    if g.caller is None or g.caller.token_id or request.blueprint != "security":
        # only flask-security's own pages ask for more of a user than the caller; it would hold a connection meanwhile
        g._login_user = AnonymousUserMixin()
    if g.caller and not _is_noted(g.caller):
        with database.transaction(g.caller.actor(g.request_id)) as session:
            note_use(session, g.caller, _idle(settings))


def _is_noted(caller: Caller) -> bool:
    return caller.used_at is not None and dt.datetime.now(dt.UTC) - caller.used_at <= NOTED_AGAIN


def _program(database: Database, kept: Kept, authorization: str) -> Caller:
    kind, _, token = authorization.partition(" ")
    if kind.lower() == "bearer" and token and (caller := _holder(database, kept, token.strip())):
        return caller
    raise NotSignedIn("The token is unknown, expired or revoked.")


def _holder(database: Database, kept: Kept, token: str) -> Caller | None:
    """The program that presents the token, with the rights of now: read anew where they may be others or a use is to be noted."""
    g.look, key = request.environ.get(LOOK) or kept.look(database), (token_hash(token), _door())
    if (entry := kept.get(key)) and _is_noted(entry.value) and not entry.value.has_ended():
        return entry.value
    with database.reading() as session:
        if caller := caller_of_token(session, token, _door()):
            kept.put(g.look, key, caller, ACCESS_TABLES, CALLER_BYTES)
    return caller


def _door() -> str:
    return DOORS.get(request.path.split("/")[1], "shell")


def _guard(opened: frozenset[str], csrf: CSRFProtect) -> Response | None:
    """Let strangers see only what is public, and let a cookie write only with its cross-site token."""
    if request.endpoint == FORGOTTEN not in opened:
        return redirect(url_for("security.login"))
    if g.caller is None and request.endpoint not in opened:
        if wants_json() or request.method not in ("GET", "HEAD"):
            raise NotSignedIn("Sign in, or send a bearer token.")
        return redirect(url_for("security.login", next=request.full_path.rstrip("?")))
    if "Authorization" not in request.headers:
        csrf.protect()
    return None


def _hand_out_csrf_token(answer: Response) -> Response:
    """Give scripts of our own pages the token that a write by cookie must carry in X-CSRFToken."""
    if answer.mimetype == "text/html" and "Authorization" not in request.headers:
        try:
            validate_csrf(request.cookies.get(CSRF_COOKIE))
        except ValidationError:
            answer.set_cookie(CSRF_COOKIE, generate_csrf(), samesite="Lax", secure=request.is_secure)
    answer.headers["X-Request-Id"] = g.get("request_id", "")
    return answer


def _say_to_wait(answer: Response) -> Response:
    """A secret that was not judged, for there were too many wrong ones before: 429, and when to try again."""
    if wait := g.get("wait"):
        answer.status_code, answer.headers["Retry-After"] = 429, str(wait)
    return answer
