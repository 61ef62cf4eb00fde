"""Testimonials, blog posts and features: what the public page is made of."""

from sqlalchemy import UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from cogniflow.kernel.entity import Entity, Resource
from cogniflow.kernel.fields import (
    BY_OPERATION,
    Code,
    Count,
    Line,
    Moment,
    Name,
    Note,
    Picture,
    Slug,
    Status,
    given_status,
)

MENU = "Website"


class Published:
    """Something that the public page shows from a moment on, until it is archived."""

    status: Mapped[Status] = given_status("draft")
    published_at: Mapped[Moment | None] = mapped_column(comment="From when the public page shows it.", info={**BY_OPERATION})


class Testimonial(Published, Entity):
    """What a customer says of us."""

    __tablename__ = "testimonials"
    resource = Resource(menu=MENU, icon="quote", search=("author",), order_by="position", history=True)

    author: Mapped[Name] = mapped_column(comment="Who says it.")
    position: Mapped[Count] = mapped_column(server_default="100", comment="Place on the page, lowest first.")
    company: Mapped[Line | None] = mapped_column(comment="For whom they work, and as what.")
    quote: Mapped[Note] = mapped_column(comment="What they say.")


class BlogPost(Published, Entity):
    """An article on the public page."""

    __tablename__ = "blog_posts"
    __table_args__ = (UniqueConstraint("slug"),)
    resource = Resource(menu=MENU, icon="news", search=("title", "slug"), order_by="-published_at", key="slug")

    title: Mapped[Name] = mapped_column(comment="Heading of the article.")
    slug: Mapped[Slug] = mapped_column(comment="Its address below /site/blog/.")
    author: Mapped[Name | None] = mapped_column(comment="Who wrote it.")
    summary: Mapped[Line | None] = mapped_column(comment="What it is about, in a sentence.")
    picture: Mapped[Picture | None] = mapped_column(comment="Picture above the text.")
    body: Mapped[Note] = mapped_column(comment="Its text; an empty line begins a paragraph.")


class Feature(Published, Entity):
    """Something that the company is good at."""

    __tablename__ = "features"
    __table_args__ = (UniqueConstraint("slug"),)
    resource = Resource(menu=MENU, icon="sparkles", search=("title", "slug"), order_by="position", key="slug", history=True)

    title: Mapped[Name] = mapped_column(comment="What it is.")
    slug: Mapped[Slug] = mapped_column(comment="Its place on the public page, as in /site/#slug.")
    position: Mapped[Count] = mapped_column(server_default="100", comment="Place on the page, lowest first.")
    icon: Mapped[Code] = mapped_column(server_default="sparkles", comment="Icon shown beside it.")
    text: Mapped[Note] = mapped_column(comment="What customers have of it.")
