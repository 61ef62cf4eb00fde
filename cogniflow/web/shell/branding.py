"""The published branding as the shell draws it: name, logo, and the tokens that it sets anew in the style sheet."""

import base64

from flask import Response, abort
from markupsafe import Markup
from sqlalchemy import select
from sqlalchemy.orm import Session

from cogniflow.domain.branding.queries import published_branding, published_logo, shown_name
from cogniflow.domain.system.models import SystemSetting

PRODUCT = "CogniFlow"
FONTS = {
    "inter": '"Inter Variable", "Inter Fallback", system-ui, sans-serif',
    "system": "system-ui, -apple-system, \"Segoe UI\", Roboto, sans-serif",
    "serif": "Georgia, \"Times New Roman\", \"Liberation Serif\", serif",
    "typewriter": "ui-monospace, Menlo, Consolas, \"Liberation Mono\", monospace",
}
"""What each font of a branding is drawn with: only what we serve or what a machine has."""
SKIN = Markup(
    ":root, [data-bs-theme=light] {{ --cf-brand: {colour}; --cf-on-brand: {text_colour}; }} "
    "[data-bs-theme=dark] {{ --cf-brand: {dark_colour}; --cf-on-brand: {dark_text_colour}; }} "
    ":root, [data-bs-theme=light], [data-bs-theme=dark] {{ --cf-font: {font}; --cf-heading-font: {heading_font}; }}")


def brand(session: Session, url: str) -> dict:
    """What a page says and shows of the company, and the topic that tells when its name changes; `url` is where it leads."""
    setting = select(SystemSetting.id).where(SystemSetting.key == "company.name").scalar_subquery()
    name, key = session.execute(select(shown_name(), setting)).one()
    look = session.execute(published_branding()).one_or_none()
    return {"url": url, "name": name or PRODUCT, "topic": key and f"system_settings/{key}",
            "skin": look and _skin(look._asdict()), "logo": look and look.has_logo and look.id}


def logo_answer(session: Session, version_id: int) -> Response:
    """The logo of the published branding; a published version never changes, so it may be kept."""
    return picture_answer(session.scalar(published_logo(version_id)))


def picture_answer(picture: str | None) -> Response:
    """A stored picture as browsers load it, to be kept under its address. Answers 404 for none."""
    if not picture:
        abort(404)
    kind, _, data = picture.removeprefix("data:").partition(";base64,")
    return Response(base64.b64decode(data), content_type=kind, headers={"Cache-Control": "public, max-age=31536000, immutable"})


def _skin(look: dict) -> Markup:
    # not escaped: a style sheet is no HTML, and the database lets only colours and names of fonts in
    fonts = {name: Markup(FONTS[look[name]]) for name in ("font", "heading_font")}
    return SKIN.format(**look | fonts)
