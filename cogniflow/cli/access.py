"""Users and tokens from the command line."""

import json
import secrets
from collections.abc import Sequence
from typing import Any

import click
from rich import box
from rich.console import Console
from rich.table import Table
from sqlalchemy import Row, func, select
from sqlalchemy.orm import Session

from cogniflow.cli.opened import opened_database
from cogniflow.db.session import Actor
from cogniflow.domain.accounts.models import ApiToken, Role, User, UserRole
from cogniflow.domain.accounts.tokens import create_token
from cogniflow.errors import NotFound
from cogniflow.web.auth import create_user, set_password

ACTOR = Actor(door="cli")
password_option = click.option("--password", envvar="COGNIFLOW_USER_PASSWORD", help="Generated and printed once when left out.")
json_option = click.option("--json", "as_json", is_flag=True, help="As JSON.")


@click.group()
def user() -> None:
    """People who sign in: create, list, disable, password."""


@user.command("create")
@click.argument("email")
@click.option("--name", help="Full name; the address when left out.")
@click.option("--role", "roles", multiple=True, default=("viewer",), show_default=True, help="May be given several times.")
@password_option
def create_a_user(email: str, name: str | None, roles: tuple[str, ...], password: str | None) -> None:
    """Create a person who can sign in; prints the generated password alone on standard output."""
    chosen = password or secrets.token_urlsafe(15)
    with opened_database() as database, database.transaction(ACTOR) as session:
        create_user(session, email, name or email, chosen, list(roles))
    _tell_password(password, chosen)
    click.echo(f"{email} can sign in.", err=True)


@user.command("list")
@json_option
def list_users(as_json: bool) -> None:
    """Print who there is, with roles; who is disabled or archived cannot sign in."""
    roles = func.array_remove(func.array_agg(Role.name), None).label("roles")
    with opened_database() as database, database.reading() as session:
        _tell(session.execute(
            select(User.email, User.name, (User.active & User.archived_at.is_(None)).label("active"), roles)
            .outerjoin(UserRole, UserRole.user_id == User.id).outerjoin(Role, Role.id == UserRole.role_id)
            .group_by(User.id).order_by(User.email)).all(), as_json)


@user.command("disable")
@click.argument("email")
def disable_a_user(email: str) -> None:
    """Let a person no longer sign in, and end what they have open."""
    with opened_database() as database, database.transaction(ACTOR) as session:
        _user(session, email).active = False
    click.echo(f"{email} can no longer sign in.", err=True)


@user.command("password")
@click.argument("email")
@password_option
def give_password(email: str, password: str | None) -> None:
    """Give a person another password and end every session; prints a generated one alone on standard output."""
    chosen = password or secrets.token_urlsafe(15)
    with opened_database() as database, database.transaction(ACTOR) as session:
        set_password(_user(session, email), chosen)
    _tell_password(password, chosen)
    click.echo(f"{email} has another password.", err=True)


@click.group()
def token() -> None:
    """Keys of programs: create, list, revoke."""


@token.command("create")
@click.option("--role", required=True, help="Role whose rights the token has, such as integration.")
@click.option("--name", default="command line", show_default=True, help="What it is for.")
@click.option("--expires", "days", type=click.IntRange(1), help="Days until it stops working; never when left out.")
@click.option("--scope", "scopes", multiple=True, default=("*",), show_default=True,
              help="Part of the rights: read, products:read, orders:*.")
def create_a_token(role: str, name: str, days: int | None, scopes: tuple[str, ...]) -> None:
    """Create an API token; prints it alone on standard output, and never again."""
    with opened_database() as database, database.transaction(ACTOR) as session:
        made = create_token(session, role, name, expires_days=days, scopes=scopes)
    click.echo(made)


@token.command("list")
@json_option
def list_tokens(as_json: bool) -> None:
    """Print the tokens there are, never the keys themselves; revoked ones too."""
    with opened_database() as database, database.reading() as session:
        _tell(session.execute(
            select(ApiToken.id, ApiToken.name, Role.name.label("role"), User.email.label("user"), ApiToken.scopes,
                   ApiToken.expires_at, ApiToken.revoked_at)
            .join(Role, Role.id == ApiToken.role_id).outerjoin(User, User.id == ApiToken.user_id)
            .order_by(ApiToken.id)).all(), as_json)


@token.command("revoke")
@click.argument("number", metavar="ID", type=int)
def revoke_a_token(number: int) -> None:
    """Take a token back: it stops working now, and what it has open is ended."""
    with opened_database() as database, database.transaction(ACTOR) as session:
        found = session.get(ApiToken, number)
        if found is None:
            raise NotFound(f"There is no token {number}; see `cogniflow token list`.")
        found.revoked_at = found.revoked_at or func.now()
        name = found.name
    click.echo(f"The token {number} ({name}) is revoked.", err=True)


def _user(session: Session, email: str) -> User:
    found = session.scalar(select(User).where(User.email == email.strip().lower(), User.archived_at.is_(None)))
    if found is None:
        raise NotFound(f"There is no user {email}; see `cogniflow user list`.")
    return found


def _tell_password(given: str | None, chosen: str) -> None:
    if given is None:
        click.echo(chosen)


def _tell(rows: Sequence[Row[Any]], as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps([dict(row._mapping) for row in rows], default=lambda moment: moment.isoformat()))
        return
    table = Table(box=box.SIMPLE_HEAD)
    for name in rows[0]._fields if rows else ():
        table.add_column(name)
    for row in rows:
        table.add_row(*(", ".join(each) if isinstance(each, list) else "" if each is None else str(each) for each in row))
    Console(soft_wrap=True).print(table)
