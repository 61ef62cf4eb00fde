"""Branding templates and their versions: one version is published, and the company looks like it."""

from sqlalchemy import Index, text
from sqlalchemy.orm import Mapped, mapped_column

from cogniflow.kernel.entity import Entity, Master, Resource, unique_living
from cogniflow.kernel.fields import (
    BY_DATABASE,
    Colour,
    Line,
    Moment,
    Name,
    Note,
    Picture,
    Status,
    choice,
    given_status,
    reference,
)

MENU = "Website"
FONTS = ("inter", "system", "serif", "typewriter")


class BrandingTemplate(Master, Entity):
    """A look of the company, kept in versions."""

    __tablename__ = "branding_templates"
    __table_args__ = (unique_living("branding_templates", "name"),)
    resource = Resource(menu=MENU, icon="palette", search=("name",), order_by="name", history=True)

    name: Mapped[Name] = mapped_column(comment="Name of the template.")
    description: Mapped[Note | None] = mapped_column(comment="What it is for.")


class BrandingTemplateVersion(Entity):
    """A version of a branding template; the published one shows on every page."""

    __tablename__ = "branding_template_versions"
    __table_args__ = (
        Index("uq_branding_template_versions_published", "status", unique=True, postgresql_where=text("status = 'published'")),
    )
    resource = Resource(menu=MENU, icon="versions", search=("title",), order_by="-id", event="branding_templates_updated")

    branding_template_id: Mapped[int] = reference("branding_templates", comment="Template it is a version of.")
    title: Mapped[Line] = mapped_column(comment="What the version is called.")
    status: Mapped[Status] = given_status("draft")
    name: Mapped[Name | None] = mapped_column(comment="Name shown on every page; that of the company where it is empty.")
    logo: Mapped[Picture | None] = mapped_column(comment="Picture shown beside the name.")
    colour: Mapped[Colour] = mapped_column(server_default="#4263eb", comment="Colour of buttons and links.")
    text_colour: Mapped[Colour] = mapped_column(server_default="#ffffff", comment="Colour of text on that.")
    dark_colour: Mapped[Colour] = mapped_column(server_default="#748ffc", comment="Colour of buttons and links where it is dark.")
    dark_text_colour: Mapped[Colour] = mapped_column(server_default="#0b1020", comment="Colour of text on that.")
    font: Mapped[str] = choice(*FONTS, default="inter", comment="Font of texts.")
    heading_font: Mapped[str] = choice(*FONTS, default="inter", comment="Font of headings.")
    published_at: Mapped[Moment | None] = mapped_column(comment="When it was published.", info={**BY_DATABASE})
