"""What is done with the content of the public page."""

from pydantic import AwareDatetime
from sqlalchemy import func
from sqlalchemy.orm import Session

from cogniflow.domain.content.models import BlogPost, Feature, Testimonial
from cogniflow.kernel.operation import operation

Content = Testimonial | BlogPost | Feature


def publish_content(session: Session, content: Content, *, at: AwareDatetime | None = None) -> Content:
    """Show it on the public page, now or from the moment given."""
    content.published_at = at or func.now()
    return content


def archive_content(session: Session, content: Content) -> Content:
    """Take it off the public page; it is kept."""
    return content


for each in (Testimonial, BlogPost, Feature):
    operation(each, "publish", moves={"draft": "published"}, role="manager")(publish_content)
    operation(each, "archive", moves={"published": "archived"}, role="manager")(archive_content)
