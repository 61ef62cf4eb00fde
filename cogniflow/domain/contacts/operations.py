"""What is done with contacts."""

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from cogniflow.domain.contacts.models import Contact
from cogniflow.errors import Conflict, FieldError, Invalid
from cogniflow.kernel.merging import hand_over
from cogniflow.kernel.operation import operation, record_of

FLAGS = ("is_customer", "is_supplier", "is_carrier")


@operation(Contact, "merge", role="manager")
def merge_contact(session: Session, contact: Contact, *, into: record_of("contacts")) -> Contact:
    """Put a contact away that is another one twice: all that names it names the other one from now on, documents too."""
    if contact.merged_into_id is not None:
        raise Conflict("It is merged into another contact already.")
    kept = session.scalar(select(Contact).where(Contact.id == into, Contact.id != contact.id, Contact.archived_at.is_(None))
                          .with_for_update(key_share=True))
    if kept is None:
        raise Invalid("There is no other contact in use with this number.", [FieldError("into", "is no other contact in use")])
    for flag in FLAGS:
        setattr(kept, flag, getattr(kept, flag) or getattr(contact, flag))
    contact.merged_into_id, contact.archived_at = kept.id, contact.archived_at or func.now()
    session.flush()
    hand_over(session, contact, kept)
    return contact
