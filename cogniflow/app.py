"""The composition root: every room is told here what it works with."""

from collections.abc import Callable
from dataclasses import dataclass, field
from inspect import iscoroutinefunction
from typing import Any

from flask import Flask
from flask_compress import Compress
from prometheus_client import CollectorRegistry
from werkzeug.middleware.proxy_fix import ProxyFix

from cogniflow.config import Settings
from cogniflow.db.session import Database
from cogniflow.domain.accounts.rights import Caller
from cogniflow.domain.registry import load
from cogniflow.live import app_url, create_feed
from cogniflow.realtime.feed import Feed
from cogniflow.realtime.handover import Handover, SocketTaker
from cogniflow.realtime.hub import Hub
from cogniflow.records.kept import Kept
from cogniflow.records.subscriptions import write_identity
from cogniflow.web.account import register_account
from cogniflow.web.admin.site import register_admin
from cogniflow.web.api import register_api
from cogniflow.web.auth import register_auth
from cogniflow.web.front import Front
from cogniflow.web.health import register_health
from cogniflow.web.observe import Observer, observe_requests
from cogniflow.web.problems import register_problems
from cogniflow.web.routes import LateRule
from cogniflow.web.shell.shell import register_shell
from cogniflow.web.site import register_site
from cogniflow.web.socket import register_socket


@dataclass(frozen=True)
class Context:
    """What every request works with, at `app.extensions["cogniflow"]`."""

    settings: Settings
    database: Database
    feed: Feed | None
    """The feed of this process; None where a realtime process has it."""
    sockets: SocketTaker | None
    """Who serves the sockets; None where the thread of the request does."""
    kept: Kept = field(default_factory=Kept)
    """Pages of lists as they were told, and what programs with a token may do."""

    pages: dict[str, Callable[[Caller], bool]] = field(default_factory=dict)
    """The pages mounted beside those of `web`, by address, each with who may see it."""

    def start(self) -> None:
        """Start what runs in this process beside requests; a second call does nothing."""
        if self.feed:
            self._live.start()

    def stop(self) -> None:
        """Let go of every socket that this process serves; a second call does nothing."""
        if self.feed:
            self._live.stop()

    def close(self) -> None:
        """End the feed and give the connections back."""
        self.stop()
        self.database.close()

    def health(self) -> dict[str, Any]:
        """How the feed and its clients are, wherever they are served. Raises Unavailable when nobody tells."""
        return self._live.health()

    @property
    def _live(self) -> Hub | Handover | Feed:
        return self.sockets or self.feed


def create_app(settings: Settings) -> Flask:
    """The whole web application; it starts no thread and asks no database before the first request."""
    load()
    url = app_url(settings)
    database = Database(url, settings.pool_size)
    context = Context(settings, database, *_live(settings, url, database))
    app, registry = Flask("cogniflow", static_folder=None), CollectorRegistry()
    app.url_rule_class = LateRule
    app.config.update(MAX_CONTENT_LENGTH=settings.max_body_bytes, COMPRESS_ALGORITHM=["br", "gzip"], COMPRESS_BR_LEVEL=5)
    app.extensions["cogniflow"] = context
    observer = Observer(registry)
    app.wsgi_app = Front(app, database, context.kept, observer)
    if hops := settings.proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)
    observe_requests(app, observer)
    register_problems(app)
    register_auth(app, database, settings, context.kept)
    # no session here is asynchronous: to end none, each request would start a thread
    app.teardown_appcontext_funcs = [each for each in app.teardown_appcontext_funcs if not iscoroutinefunction(each)]
    register_shell(app)
    register_site(app)
    register_account(app)
    register_health(app, registry)
    register_api(app)
    register_admin(app)
    register_socket(app, context.sockets or context.feed, settings)
    Compress(app)
    return app


def _live(settings: Settings, url: str, database: Database) -> tuple[Feed | None, SocketTaker | None]:
    """The feed of this process and who serves its sockets: as the settings say, and a realtime process where there is one."""
    if settings.sockets == "hub" and settings.realtime_path:
        return None, Handover(settings.realtime_path, write_identity)
    feed = create_feed(settings, url, database)
    return feed, Hub(feed) if settings.sockets == "hub" else None
