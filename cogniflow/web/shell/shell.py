"""The frame around every page: brand, navigation, account menu and the feed token the page was made at."""

from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from zoneinfo import ZoneInfo

from flask import Blueprint, Flask, current_app, g, redirect, request, url_for
from sqlalchemy import func, literal, select
from sqlalchemy.orm import Session
from werkzeug.routing import BuildError
from werkzeug.wrappers import Response

from cogniflow.db.session import Database
from cogniflow.domain.accounts.models import User
from cogniflow.domain.accounts.rights import Caller
from cogniflow.domain.notifications.models import Notification, NotificationType
from cogniflow.domain.system.models import SystemModule, SystemSubModule
from cogniflow.errors import Forbidden
from cogniflow.web.problems import wants_json
from cogniflow.web.shell.branding import PRODUCT, brand, logo_answer

START, ADMIN = "/dash/", "/admin/"
STATIC = Path(__file__).parent / "static"
TEMPLATES = Path(__file__).parent / "templates"


@dataclass(frozen=True)
class Entry:
    """One entry of the navigation, and whether it leads to the page being shown."""

    title: str
    icon: str
    url: str
    current: bool
    """Whether the page shown is this one, or below it and below no nearer one."""


def register_shell(app: Flask) -> None:
    """Serve `/` and the static files, and give every template its `shell`."""
    database: Database = app.extensions["cogniflow"].database
    shell = Blueprint("shell", __name__, static_folder="static", static_url_path="/shell")

    @shell.get("/")
    def start() -> Response:
        """Where a signed-in person begins: the overview, or the first page of the navigation where it is not for them."""
        entries = (each for module in g.get("frame", {}).get("modules", ()) for each in module["items"])
        urls = [each.url for each in entries if each.url.startswith("/")]
        return redirect(START if START in urls or not urls else urls[0])

    @shell.get("/shell/logo/<int:version_id>")
    def logo(version_id: int) -> Response:
        """The logo of the published branding."""
        with database.reading() as session:
            return logo_answer(session, version_id)

    @app.before_request
    def remember_position() -> None:
        """Read the frame before the page reads its data: what changes in between comes again through the feed."""
        if request.endpoint not in ("shell.static", "shell.logo") and not wants_json():
            with database.reading() as session:
                g.frame = _frame(session, g.caller) if g.caller else {"brand": brand(session, "/")}
                if g.caller and _is_switched_off(session, request.path):
                    raise Forbidden("This page is switched off.")

    @app.context_processor
    def frame() -> dict:
        return {"shell": g.get("frame") or {"brand": {"name": PRODUCT, "url": "/"}}}

    app.register_blueprint(shell)
    # The app's own folder comes before every blueprint's, so that our sign-in page is not flask-security's.
    app.template_folder = str(TEMPLATES)
    app.jinja_env.globals["asset_version"] = _fingerprint()
    # Addresses of static files carry the fingerprint, so a new version is a new address.
    app.config["SEND_FILE_MAX_AGE_DEFAULT"] = 365 * 24 * 3600


def company_zone() -> ZoneInfo:
    """The time zone in which this page, or a file that a program asks for, shows and takes times: the company's."""
    if "frame" in g:
        return ZoneInfo(g.frame["zone"])
    with current_app.extensions["cogniflow"].database.reading() as session:
        return ZoneInfo(session.scalar(select(func.cogniflow.company_timezone())))


def _frame(session: Session, caller: Caller) -> dict:
    email = select(User.email).where(User.id == caller.user_id).scalar_subquery()
    token, zone, email = session.execute(select(func.cogniflow.token(), func.cogniflow.company_timezone(), email)).one()
    return {
        "token": token,
        "zone": zone,
        "brand": brand(session, "/"),
        "modules": _modules(session, caller),
        "bell": _bell(caller),
        "user": {"id": caller.user_id, "name": caller.name, "email": email or "", "initials": _initials(caller.name)},
        "links": {"account": url_for("account.page"), "logout": url_for("security.logout")} if email else {},
    }


def _bell(caller: Caller) -> str | None:
    """Where a person's notifications are listed; None for a program, and for whoever may not read them."""
    if not caller.user_id or not all(caller.may_open(each.__tablename__) for each in (Notification, NotificationType)):
        return None
    return url_for(f"admin_{Notification.__tablename__}.index_view", user_id=caller.user_id)


def _modules(session: Session, caller: Caller) -> list[dict]:
    rows = session.execute(
        select(SystemModule.title, SystemModule.icon, SystemSubModule)
        .join(SystemSubModule, SystemSubModule.module_id == SystemModule.id)
        .where(SystemModule.enabled, SystemSubModule.enabled)
        .order_by(SystemModule.position, SystemModule.id, SystemSubModule.position, SystemSubModule.id))
    found = [(title, icon, row, url) for title, icon, row in rows if (url := _address(row, caller))]
    nearest = max((url for *_, url in found if request.path.startswith(url)), key=len, default=None)
    modules: dict[str, dict] = {}
    for title, icon, row, url in found:
        module = modules.setdefault(title, {"title": title, "icon": icon, "items": []})
        module["items"].append(Entry(row.title, row.icon, url, url == nearest))
    return list(modules.values())


def _is_switched_off(session: Session, path: str) -> bool:
    """Whether the entry that leads to the page, or to what is nearest above it, or its module is switched off.

    Never of the start or the admin, whose pages are those of entities: nobody locks themselves out.
    """
    if path.startswith(ADMIN):
        return False
    route = SystemSubModule.route
    above = (route != "/") & func.starts_with(literal(f"{path.rstrip('/')}/"), func.concat(func.rtrim(route, "/"), "/"))
    entry = select(func.bool_or(SystemSubModule.enabled & SystemModule.enabled)).join(SystemModule).where(above)
    nearest = entry.group_by(route).order_by(func.length(route).desc()).limit(1)
    return session.scalar(nearest) is False


def _address(row: SystemSubModule, caller: Caller) -> str | None:
    """Where an entry leads; None where the caller may not see it, nothing shows it, or it is no address but a script."""
    if row.route:
        may_see = current_app.extensions["cogniflow"].pages.get(row.route)
        is_shown = row.route.startswith(("/", "https://", "http://")) and (may_see is None or may_see(caller))
        return row.route if is_shown else None
    if not row.entity or not caller.may("read", row.entity):
        return None
    try:
        return url_for(f"admin_{row.entity}.index_view")
    except BuildError:
        return None


def _initials(name: str) -> str:
    words = name.split() or ["?"]
    return (words[0][0] + (words[-1][0] if len(words) > 1 else "")).upper()


def _fingerprint() -> str:
    """Changes whenever a static file does, so that browsers may keep them for ever."""
    digest = sha256()
    for path in sorted(STATIC.rglob("*")):
        if path.is_file():
            digest.update(path.read_bytes())
    return digest.hexdigest()[:12]
