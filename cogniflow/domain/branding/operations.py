"""What is done with versions of branding templates."""

from sqlalchemy.orm import Session

from cogniflow.domain.branding.models import BrandingTemplateVersion
from cogniflow.kernel.entity import writable
from cogniflow.kernel.lifecycle import derived_moves
from cogniflow.kernel.operation import operation

derived_moves(BrandingTemplateVersion, ("published", "retired"))


@operation(BrandingTemplateVersion, "publish", moves={"draft": "published"}, role="manager")
def publish_branding(session: Session, version: BrandingTemplateVersion) -> BrandingTemplateVersion:
    """Let every page look like this from now on; the version is fixed, and the one published so far is retired."""
    return version


@operation(BrandingTemplateVersion, "revise", moves={"published": "published", "retired": "retired"}, role="manager")
def revise_branding(session: Session, version: BrandingTemplateVersion) -> BrandingTemplateVersion:
    """Draft a version that begins as this one is; this one stays as it is."""
    session.add(BrandingTemplateVersion(**{
        column.key: getattr(version, column.key) for column in writable(BrandingTemplateVersion)}))
    return version
