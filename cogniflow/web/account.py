"""The account page: what people look after themselves, and the link with which an administrator lets them choose a password."""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, Flask, current_app, flash, g, redirect, render_template, request, url_for
from flask import session as flask_session
from flask_security.recoverable import generate_reset_link
from sqlalchemy import select, update
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from cogniflow.db.session import Database
from cogniflow.db.tables import token_uses
from cogniflow.domain.accounts.delegation import refuse_more_rights
from cogniflow.domain.accounts.models import ApiToken, Role, User
from cogniflow.domain.accounts.sessions import end_other_sessions, end_session, sessions_of
from cogniflow.domain.accounts.tokens import create_token, revoke_token
from cogniflow.errors import CogniFlowError, Forbidden, NotFound
from cogniflow.records.authorise import require
from cogniflow.records.parse import parse
from cogniflow.web.shell.shell import company_zone
from cogniflow.web.sign_in import SignedInUser

NEW_TOKEN = "new_token"
"""Where the browser keeps a token between its making and its only showing."""
MOST_DAYS = 3650


account = Blueprint("account", __name__, url_prefix="/account")


def register_account(app: Flask) -> None:
    """Serve the caller's own account at /account, and what an administrator does for the accounts of others."""
    app.register_blueprint(account)


@account.before_request
def only_people() -> None:
    """Refuse programs: Forbidden."""
    if g.caller.user_id is None or g.caller.token_id is not None:
        raise Forbidden("An account page is a person's; a program has none.")


@account.get("")
def page() -> str:
    """Everything that is the caller's own."""
    with _database().reading() as session:
        return render_template("shell/account.html", zone=company_zone(), new_token=flask_session.pop(NEW_TOKEN, None),
                               **_account(session))


@account.post("/name")
def name() -> Response:
    """Another name."""
    return _done("Saved.", lambda session: session.execute(update(User).where(User.id == g.caller.user_id).values(
        parse(User, "patch", {"name": request.form.get("name", "")}))))


@account.post("/sessions/<int:key>/end")
def end(key: int) -> Response:
    """Sign out somewhere else."""
    return _done("Signed out there.", lambda session: end_session(session, g.caller.user_id, key))


@account.post("/sessions/end-others")
def end_others() -> Response:
    """Sign out everywhere else."""
    return _done("Signed out everywhere else.", lambda session: end_other_sessions(
        session, g.caller.user_id, g.caller.session_id))


@account.post("/tokens")
def make_token() -> Response:
    """A token that acts for the caller in one of their roles; shown once."""
    return _done("The token is made.", _make_token)


@account.post("/tokens/<int:key>/revoke")
def revoke(key: int) -> Response:
    """Take an own token back."""
    return _done("The token is revoked.", lambda session: revoke_token(session, g.caller.user_id, key))


@account.post("/reset-link/<int:key>")
def reset_link(key: int) -> Response:
    """The link with which somebody else chooses a new password; shown once, to whoever could do all that they can."""
    require(g.caller, "update", User)
    with _database().reading() as session:
        user = session.scalar(select(SignedInUser).where(SignedInUser.id == key, SignedInUser.archived_at.is_(None)))
        if user is None or (g.caller.only_own("update", "users") and key != g.caller.user_id):
            raise NotFound("There is no such user.")
        refuse_more_rights(session, g.caller, user)
        flash(f"Give {user.name} this link. It works once, for a day, and is not shown again: {generate_reset_link(user)[0]}",
              "success")
    return redirect(url_for("admin_users.details_view", id=key))


def _database() -> Database:
    return current_app.extensions["cogniflow"].database


def _done(said: str, work: Callable[[Session], Any]) -> Response:
    try:
        _database().write(g.caller.actor(g.request_id), work)
        flash(said, "success")
    except CogniFlowError as error:
        flash(" ".join([error.detail, *(f"{each.field.capitalize()} {each.message}." for each in error.errors)]), "error")
    return redirect(url_for("account.page"))


def _make_token(session: Session) -> None:
    form = request.form
    if form.get("role") not in g.caller.roles:
        raise Forbidden("A token of yours has one of your roles.")
    days = min(int(form["days"]), MOST_DAYS) if form.get("days", "").isdecimal() else None
    scopes = tuple(form.get("scopes", "").replace(",", " ").split()) or ("*",)
    flask_session[NEW_TOKEN] = create_token(session, form["role"], form.get("name", "").strip()[:200] or "My token",
                                            expires_days=days, scopes=scopes, user_id=g.caller.user_id)


def _account(session: Session) -> dict[str, Any]:
    me = session.execute(select(User.name, User.email, User.second_factor, User.recovery_codes).where(
        User.id == g.caller.user_id)).one()
    tokens = session.execute(
        select(ApiToken.id, ApiToken.name, ApiToken.scopes, ApiToken.expires_at, Role.title, token_uses.c.last_used_at)
        .join(Role, Role.id == ApiToken.role_id).outerjoin(token_uses, token_uses.c.token_id == ApiToken.id)
        .where(ApiToken.user_id == g.caller.user_id, ApiToken.revoked_at.is_(None)).order_by(ApiToken.name, ApiToken.id)).all()
    roles = session.execute(select(Role.name, Role.title).where(
        Role.name.in_(g.caller.roles), Role.archived_at.is_(None)).order_by(Role.title)).all()
    return {"me": me, "sessions": sessions_of(session, g.caller.user_id), "here": g.caller.session_id,
            "tokens": tokens, "roles": roles, "topic": f"user/{g.caller.user_id}"}
