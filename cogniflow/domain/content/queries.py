"""What the public page shows at this moment."""

from typing import TypeVar

from sqlalchemy import Select, func, select

from cogniflow.domain.content.models import BlogPost, Feature, Testimonial

Shown = TypeVar("Shown", BlogPost, Feature, Testimonial)


def shown(kind: type[Shown]) -> Select:
    """What is published of a kind and whose moment has come, in the order of the page."""
    order = (kind.published_at.desc(), kind.id.desc()) if kind is BlogPost else (kind.position, kind.id)
    return select(kind).where(kind.status == "published", kind.published_at <= func.now()).order_by(*order)
