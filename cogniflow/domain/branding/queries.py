"""How the company looks now."""

from sqlalchemy import ScalarSelect, Select, func, select

from cogniflow.domain.branding.models import BrandingTemplateVersion
from cogniflow.domain.system.models import SystemSetting
from cogniflow.domain.system.queries import SETTING_TEXT

IS_PUBLISHED = BrandingTemplateVersion.status == "published"


def published_branding() -> Select:
    """The one published version, without the bytes of its logo."""
    version = BrandingTemplateVersion
    return select(version.id, version.logo.is_not(None).label("has_logo"), version.colour, version.text_colour,
                  version.dark_colour, version.dark_text_colour, version.font, version.heading_font).where(IS_PUBLISHED)


def published_logo(version_id: int) -> Select:
    """The logo of the published version, if it is this one."""
    return select(BrandingTemplateVersion.logo).where(IS_PUBLISHED, BrandingTemplateVersion.id == version_id)


def shown_name() -> ScalarSelect[str]:
    """The name on every page: the published version's, else the company's."""
    branded = select(BrandingTemplateVersion.name).where(IS_PUBLISHED).scalar_subquery()
    company = select(SETTING_TEXT).where(SystemSetting.key == "company.name").scalar_subquery()
    return select(func.coalesce(branded, company)).scalar_subquery()
