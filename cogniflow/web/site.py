"""The public page, for everyone: what is published of features, testimonials and blog posts, in the company's look."""

from hashlib import sha256
from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, Flask, Response, abort, render_template, request
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from cogniflow.db.session import Database
from cogniflow.domain.content.models import BlogPost, Feature, Testimonial
from cogniflow.domain.content.queries import shown
from cogniflow.domain.system.models import SystemSetting
from cogniflow.domain.system.queries import SETTING_TEXT
from cogniflow.web.shell.branding import picture_answer

TEXTS = "site."
"""Settings that begin so are the texts of the public page."""


def register_site(app: Flask) -> None:
    """Serve the public page at /site/ and every published blog post below it."""
    database: Database = app.extensions["cogniflow"].database
    site = Blueprint("site", __name__, url_prefix="/site")

    @site.get("/")
    def home() -> Response:
        """The public page."""
        with database.reading() as session:
            parts = {"features": Feature, "testimonials": Testimonial, "posts": BlogPost}
            return _page(session, "site/home.html", **{name: session.scalars(shown(kind)).all() for name, kind in parts.items()})

    @site.get("/blog/<slug>")
    def post(slug: str) -> Response:
        """A blog post."""
        with database.reading() as session:
            return _page(session, "site/post.html", post=_post(session, slug))

    @site.get("/blog/<slug>/picture")
    def picture(slug: str) -> Response:
        """The picture of a blog post; its address names the version that it is of."""
        with database.reading() as session:
            return picture_answer(_post(session, slug).picture)

    app.register_blueprint(site)


def _post(session: Session, slug: str) -> BlogPost:
    return session.scalar(shown(BlogPost).where(BlogPost.slug == slug)) or abort(404)


def _page(session: Session, template: str, **shown_there: Any) -> Response:
    """The page, or 304 for an open one that shows it already: a visitor has no socket, so open pages ask for themselves."""
    name = func.substr(SystemSetting.key, len(TEXTS) + 1)
    texts = session.execute(select(name, SETTING_TEXT).where(SystemSetting.key.startswith(TEXTS, autoescape=True))).all()
    zone = ZoneInfo(session.scalar(select(func.cogniflow.company_timezone())))
    page = render_template(template, texts=dict(texts), zone=zone, **shown_there)
    seen = sha256(page.encode()).hexdigest()
    # anywhere in the header: compression adds to the tag
    answer = Response(status=304) if seen in request.headers.get("If-None-Match", "") else Response(page)
    answer.headers["ETag"] = f'"{seen}"'
    return answer
