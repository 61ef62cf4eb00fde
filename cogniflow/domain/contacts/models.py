"""Contacts and their addresses."""

from sqlalchemy import CheckConstraint
from sqlalchemy.orm import Mapped, mapped_column

from cogniflow.kernel.entity import Entity, Master, Resource, unique_living
from cogniflow.kernel.fields import Code, Email, Flag, Line, Money, Name, Note, choice, reference

MENU = "Contacts"


class Contact(Master, Entity):
    """A person or organisation the company deals with."""

    __tablename__ = "contacts"
    __table_args__ = (
        unique_living("contacts", "code"),
        CheckConstraint("merged_into_id <> id", name="not_merged_into_itself"),
        CheckConstraint("merged_into_id IS NULL OR archived_at IS NOT NULL", name="archived_when_merged"),
        CheckConstraint("credit_limit >= 0", name="credit_not_negative"),
    )
    resource = Resource(menu=MENU, icon="address-book", search=("name", "code", "email", "city"), order_by="name", history=True)

    code: Mapped[Code | None] = mapped_column(comment="Short name on documents.")
    name: Mapped[Name] = mapped_column(comment="Full name.")
    kind: Mapped[str] = choice("organisation", "person", default="organisation", comment="Person or organisation.")
    is_customer: Mapped[Flag] = mapped_column(server_default="false", comment="Buys from us.")
    is_supplier: Mapped[Flag] = mapped_column(server_default="false", comment="Sells to us.")
    is_carrier: Mapped[Flag] = mapped_column(server_default="false", comment="Carries our goods.")
    person: Mapped[Name | None] = mapped_column(comment="Whom to ask for.")
    job_title: Mapped[Line | None] = mapped_column(comment="What that person does.")
    email: Mapped[Email | None] = mapped_column(comment="Address for mail.")
    phone: Mapped[Line | None] = mapped_column(comment="Telephone.")
    city: Mapped[Line | None] = mapped_column(comment="Town of the main address.")
    country: Mapped[Line | None] = mapped_column(comment="Country of the main address.")
    credit_limit: Mapped[Money | None] = mapped_column(
        comment="Most that its open orders may come to, in base currency; empty for no limit."
    )
    note: Mapped[Note | None] = mapped_column(comment="Anything else worth knowing.")
    merged_into_id: Mapped[int | None] = reference("contacts", comment="Contact that replaces it.", given_by="operation")


class ContactAddress(Entity):
    """An address of a contact."""

    __tablename__ = "contact_addresses"
    resource = Resource(menu=MENU, icon="map-pin", search=("street", "city", "postal_code"), order_by="id")

    contact_id: Mapped[int] = reference("contacts", comment="Contact who has it.", on_delete="CASCADE")
    kind: Mapped[str] = choice("main", "delivery", "invoice", default="main", comment="What it is used for.")
    street: Mapped[Line] = mapped_column(comment="Street and number.")
    city: Mapped[Line] = mapped_column(comment="Town.")
    region: Mapped[Line | None] = mapped_column(comment="State or province.")
    postal_code: Mapped[Code | None] = mapped_column(comment="Postal code.")
    country: Mapped[Line] = mapped_column(comment="Country.")
