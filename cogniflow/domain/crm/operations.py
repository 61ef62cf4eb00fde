"""What is done with leads, and about them."""

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from cogniflow.domain.contacts.models import Contact
from cogniflow.domain.crm.models import Lead, LeadActivity, PipelineStage
from cogniflow.domain.sales.models import Quotation
from cogniflow.errors import Conflict, FieldError, Invalid
from cogniflow.kernel.fields import Reason
from cogniflow.kernel.operation import operation, record_of
from cogniflow.kernel.usable import Given, refuse_unusable


@operation(Lead, "move", role="sales")
def move_lead(session: Session, lead: Lead, *, stage_id: record_of("pipeline_stages")) -> Lead:
    """Move the lead to another open stage; a lost one is open again."""
    refuse_unusable(session, [Given(Lead, {"stage_id": stage_id})])
    lead.stage_id = stage_id
    return lead


@operation(Lead, "convert", role="sales")
def convert_lead(session: Session, lead: Lead, *, contact_id: record_of("contacts") | None = None,
                 quotation: bool = False) -> Lead:
    """Win the lead: it becomes a customer, known already or new, and a quotation is drafted where one is wanted."""
    if lead.converted_at is not None:
        raise Conflict("The lead is converted already.", [FieldError("converted_at", "is set already")])
    refuse_unusable(session, [Given(Lead, {"contact_id": contact_id or lead.contact_id})])
    contact = _contact(session, lead, contact_id or lead.contact_id)
    contact.is_customer = True
    lead.contact, lead.stage_id, lead.converted_at = contact, _stage(session, "won"), func.now()
    if quotation:
        lead.quotation = Quotation(customer=contact, note=lead.title)
    return lead


@operation(Lead, "lose", role="sales")
def lose_lead(session: Session, lead: Lead, *, reason: Reason) -> Lead:
    """Give the lead up, and say why."""
    lead.stage_id, lead.lost_reason = _stage(session, "lost"), reason
    return lead


@operation(LeadActivity, "complete", role="sales")
def complete_activity(session: Session, activity: LeadActivity) -> LeadActivity:
    """Say that it is done."""
    if activity.done_at is not None:
        raise Conflict("It is done already.", [FieldError("done_at", "is set already")])
    activity.done_at = func.now()
    return activity


def _contact(session: Session, lead: Lead, contact_id: int | None) -> Contact:
    known = select(Contact).where(Contact.archived_at.is_(None)).order_by(Contact.id).limit(1).with_for_update(key_share=True)
    if contact_id is not None:
        found = session.scalar(known.where(Contact.id == contact_id))
        if found is None:
            raise Invalid("The contact does not exist.", [FieldError("contact_id", "refers to a record that does not exist")])
        return found
    found = session.scalar(known.where(func.lower(Contact.email) == lead.email.lower())) if lead.email else None
    return found or Contact(name=lead.company or lead.person or lead.title, person=lead.person if lead.company else None,
                            kind="organisation" if lead.company else "person", email=lead.email, phone=lead.phone)


def _stage(session: Session, kind: str) -> int:
    found = session.scalar(select(PipelineStage.id).where(PipelineStage.kind == kind, PipelineStage.archived_at.is_(None))
                           .order_by(PipelineStage.position, PipelineStage.id).limit(1))
    if found is None:
        raise Conflict(f"No pipeline stage is for leads that are {kind}.")
    return found
