"""Leads, where they come from, the stages they go through, and what is done about them."""

from sqlalchemy import CheckConstraint
from sqlalchemy.orm import Mapped, mapped_column

from cogniflow.kernel.entity import Entity, Happening, Master, Resource, unique_living
from cogniflow.kernel.fields import (
    BY_DATABASE,
    BY_OPERATION,
    Count,
    Day,
    Email,
    Fraction,
    Line,
    Moment,
    Money,
    Name,
    Note,
    choice,
    reference,
)

MENU = "CRM"


class LeadSource(Master, Entity):
    """Where leads come from, such as a trade fair."""

    __tablename__ = "lead_sources"
    __table_args__ = (unique_living("lead_sources", "name"),)
    resource = Resource(menu=MENU, icon="tags", search=("name",), order_by="name")

    name: Mapped[Name] = mapped_column(comment="Name shown to people.")
    description: Mapped[Note | None] = mapped_column(comment="What belongs in it.")


class PipelineStage(Master, Entity):
    """A step on the way from a first contact to a customer, or to none."""

    __tablename__ = "pipeline_stages"
    __table_args__ = (
        unique_living("pipeline_stages", "name"),
        CheckConstraint("probability BETWEEN 0 AND 1", name="probability_is_a_fraction"),
    )
    resource = Resource(menu=MENU, icon="filter", search=("name",), order_by="position")

    name: Mapped[Name] = mapped_column(comment="Name shown to people.")
    kind: Mapped[str] = choice("open", "won", "lost", default="open", comment="Whether a lead in it is open, won or lost.")
    position: Mapped[Count] = mapped_column(server_default="100", comment="Place among the stages, lowest first.")
    probability: Mapped[Fraction] = mapped_column(
        server_default="0", comment="How likely a lead in it becomes an order, as a fraction: 0.25 is 25 %."
    )


class Lead(Entity):
    """Somebody who may become a customer, or a customer who may buy something new."""

    __tablename__ = "leads"
    __table_args__ = (
        CheckConstraint("value >= 0", name="value_not_negative"),
        CheckConstraint("score BETWEEN 0 AND 100", name="score_out_of_a_hundred"),
    )
    resource = Resource(
        menu=MENU, icon="target", search=("title", "company", "person", "email"), order_by="-id", owners=("user_id",),
        happenings=(Happening("lead_assigned", columns=("assigned_to_id",)),), history=True,
    )

    title: Mapped[Name] = mapped_column(comment="What it is about.")
    company: Mapped[Name | None] = mapped_column(comment="Organisation that may buy.")
    person: Mapped[Name | None] = mapped_column(comment="Whom to ask for.")
    email: Mapped[Email | None] = mapped_column(comment="Address for mail.")
    phone: Mapped[Line | None] = mapped_column(comment="Telephone.")
    source_id: Mapped[int | None] = reference("lead_sources", comment="Where it comes from.")
    stage_id: Mapped[int | None] = reference("pipeline_stages", comment="How far it is; the first open stage to begin with.")
    assigned_to_id: Mapped[int | None] = reference("employees", comment="Employee who looks after it.")
    user_id: Mapped[int | None] = reference("users", comment="User that employee signs in as.", **BY_DATABASE)
    value: Mapped[Money] = mapped_column(server_default="0", comment="What it may bring, in base currency.")
    score: Mapped[Count | None] = mapped_column(comment="How promising it is, from 0 to 100.")
    expected_close_on: Mapped[Day | None] = mapped_column(comment="When a decision is expected.")
    contact_id: Mapped[int | None] = reference("contacts", comment="Contact it is about, or became.")
    quotation_id: Mapped[int | None] = reference(
        "quotations", comment="Quotation drafted when it was won.", unique=True, given_by="operation"
    )
    converted_at: Mapped[Moment | None] = mapped_column(comment="When it was won.", info={**BY_OPERATION})
    lost_reason: Mapped[Note | None] = mapped_column(comment="Why it was lost.", info={**BY_OPERATION})
    note: Mapped[Note | None] = mapped_column(comment="Anything else worth knowing.")


class LeadStageHistory(Entity):
    """A move of a lead from one stage to another."""

    __tablename__ = "lead_stage_history"
    resource = Resource(menu=MENU, icon="history", order_by="-id", read_only=True)

    lead_id: Mapped[int] = reference("leads", comment="Lead that moved.", on_delete="CASCADE")
    from_stage_id: Mapped[int | None] = reference("pipeline_stages", comment="Stage it left; empty for a new lead.")
    to_stage_id: Mapped[int] = reference("pipeline_stages", comment="Stage it came to.")
    reason: Mapped[Note | None] = mapped_column(comment="Why it was lost.", info={**BY_DATABASE})


class LeadActivity(Entity):
    """Something that was, or is to be, done about a lead."""

    __tablename__ = "lead_activities"
    resource = Resource(menu=MENU, icon="circle-check", search=("subject",), order_by="-id")

    lead_id: Mapped[int] = reference("leads", comment="Lead it is about.", on_delete="CASCADE")
    kind: Mapped[str] = choice("call", "email", "meeting", "task", "note", default="note", comment="What kind of thing it is.")
    subject: Mapped[Line] = mapped_column(comment="What it is, in a few words.")
    due_on: Mapped[Day | None] = mapped_column(comment="When it is to be done.")
    done_at: Mapped[Moment | None] = mapped_column(comment="When it was done.", info={**BY_OPERATION})
    note: Mapped[Note | None] = mapped_column(comment="What came of it.")
