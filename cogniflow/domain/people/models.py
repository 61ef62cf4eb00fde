"""Departments, employees and their leave."""

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ExcludeConstraint
from sqlalchemy.orm import Mapped, mapped_column

from cogniflow.kernel.entity import Entity, Master, Resource, unique_living
from cogniflow.kernel.fields import (
    BY_DATABASE,
    BY_OPERATION,
    TODAY,
    Code,
    Day,
    Email,
    Flag,
    Line,
    Moment,
    Name,
    Note,
    Quantity,
    RecordId,
    Status,
    choice,
    given_status,
    reference,
    summed,
)

MENU = "People"
SPAN = """int8range((starts_on - date '2000-01-01') * 2::bigint + CASE starts_at WHEN 'noon' THEN 1 ELSE 0 END,
(ends_on - date '2000-01-01') * 2::bigint + CASE ends_at WHEN 'noon' THEN 1 ELSE 2 END)"""
"""The half days of a leave, counted from the first of 2000."""



class Department(Master, Entity):
    """A part of the company that people work in."""

    __tablename__ = "departments"
    __table_args__ = (unique_living("departments", "code"),)
    resource = Resource(menu=MENU, icon="building", search=("name", "code"), order_by="name")

    code: Mapped[Code] = mapped_column(comment="Short name.")
    name: Mapped[Name] = mapped_column(comment="Full name.")


class Employee(Master, Entity):
    """A person who works for the company."""

    __tablename__ = "employees"
    __table_args__ = (unique_living("employees", "code"),)
    resource = Resource(
        menu=MENU, icon="users", search=("name", "code", "email"), order_by="name", owners=("user_id",), history=True
    )

    code: Mapped[Code] = mapped_column(comment="Personnel number.")
    name: Mapped[Name] = mapped_column(comment="Full name.")
    job_title: Mapped[Line | None] = mapped_column(comment="What the person does.")
    department_id: Mapped[int | None] = reference("departments", comment="Department the person works in.")
    manager_id: Mapped[int | None] = reference("employees", comment="Employee the person reports to.")
    user_id: Mapped[int | None] = reference("users", comment="User the person signs in as.", unique=True)
    email: Mapped[Email | None] = mapped_column(comment="Address at work.")
    phone: Mapped[Line | None] = mapped_column(comment="Telephone at work.")
    hired_on: Mapped[Day | None] = mapped_column(comment="First day at work.")
    note: Mapped[Note | None] = mapped_column(comment="Anything else worth knowing.")


class Holiday(Entity):
    """A day on which nobody works."""

    __tablename__ = "holidays"
    __table_args__ = (UniqueConstraint("day"),)
    resource = Resource(menu=MENU, icon="sun", search=("name",), order_by="-day")

    day: Mapped[Day] = mapped_column(comment="The day.")
    name: Mapped[Name] = mapped_column(comment="What is celebrated.")


class LeaveType(Master, Entity):
    """A reason to be away, and whether there is a limit to it."""

    __tablename__ = "leave_types"
    __table_args__ = (unique_living("leave_types", "code"),)
    resource = Resource(menu=MENU, icon="category", search=("name", "code"), order_by="name")

    code: Mapped[Code] = mapped_column(comment="Short name used by programs.")
    name: Mapped[Name] = mapped_column(comment="Full name.")
    is_paid: Mapped[Flag] = mapped_column(server_default="true", comment="Whether the days are paid.")
    is_limited: Mapped[Flag] = mapped_column(server_default="false", comment="Whether only allocated days can be taken.")


class LeaveAllocation(Entity):
    """Days of leave that an employee is granted; when it is deleted they are taken back."""

    __tablename__ = "leave_allocations"
    __table_args__ = (CheckConstraint("days <> 0", name="days_not_zero"),)
    resource = Resource(menu=MENU, icon="plus", order_by="-granted_on", owners=("user_id",))

    employee_id: Mapped[int] = reference("employees", comment="Employee to whom they are granted.")
    leave_type_id: Mapped[int] = reference("leave_types", comment="Kind of leave.")
    days: Mapped[Quantity] = mapped_column(comment="Working days granted; negative to take some back.")
    granted_on: Mapped[Day] = mapped_column(server_default=TODAY, comment="Day of the grant.")
    note: Mapped[Note | None] = mapped_column(comment="What they are for.")
    user_id: Mapped[int | None] = reference("users", comment="User the employee signs in as.", **BY_DATABASE)


class LeaveRequest(Entity):
    """A time that an employee asks to be away."""

    __tablename__ = "leave_requests"
    __table_args__ = (
        CheckConstraint(
            "starts_on < ends_on OR starts_on = ends_on AND (starts_at, ends_at) <> ('noon', 'noon')", name="ends_after_it_starts"
        ),
        # a range of one number stands for the number, so that no extension is needed
        ExcludeConstraint(
            (text("int8range(employee_id, employee_id, '[]')"), "&&"),
            (text(SPAN), "&&"),
            name="ex_leave_requests_leave_of_an_employee_does_not_overlap",
            where=text("status NOT IN ('rejected', 'cancelled')"),
        ),
        Index("ix_leave_requests_days", "ends_on", "starts_on"),
    )
    resource = Resource(
        menu=MENU, icon="calendar", order_by="-starts_on", event="leave_updated", owners=("user_id",), history=True
    )

    status: Mapped[Status] = given_status("draft")
    employee_id: Mapped[int] = reference("employees", comment="Employee who is to be away.")
    leave_type_id: Mapped[int] = reference("leave_types", comment="Kind of leave.")
    starts_on: Mapped[Day] = mapped_column(comment="First day away.")
    starts_at: Mapped[str] = choice("noon", "morning", default="morning", comment="Whether the first day is a whole one.")
    ends_on: Mapped[Day] = mapped_column(comment="Last day away.")
    ends_at: Mapped[str] = choice("noon", "evening", default="evening", comment="Whether the last day is a whole one.")
    days: Mapped[Quantity] = summed(comment="Working days in it, without weekends and holidays.")
    note: Mapped[Note | None] = mapped_column(comment="Why, and who stands in.")
    approver_id: Mapped[int | None] = reference("users", comment="Who approved or rejected it.", given_by="operation")
    decided_at: Mapped[Moment | None] = mapped_column(comment="When it was approved or rejected.", info={**BY_DATABASE})
    answer: Mapped[Note | None] = mapped_column(comment="What was said to it.", info={**BY_OPERATION})
    user_id: Mapped[int | None] = reference("users", comment="User the employee signs in as.", **BY_DATABASE)


class LeaveEntry(Entity):
    """Days of leave that an employee was granted, took, or got back; what is left is their sum."""

    __tablename__ = "leave_ledger"
    __table_args__ = (
        CheckConstraint("num_nonnulls(leave_allocation_id, leave_request_id) = 1", name="of_one_record"),
        Index("uq_leave_ledger_request", "leave_request_id", unique=True, postgresql_where=text("reverses_id IS NULL")),
        Index("uq_leave_ledger_allocation", "leave_allocation_id", unique=True, postgresql_where=text("reverses_id IS NULL")),
        Index("ix_leave_ledger_balance", "employee_id", "leave_type_id"),
    )
    resource = Resource(menu=MENU, icon="history", order_by="-id", owners=("user_id",), read_only=True)

    employee_id: Mapped[int] = reference("employees", comment="Employee whose leave it is.")
    leave_type_id: Mapped[int] = reference("leave_types", comment="Kind of leave.")
    days: Mapped[Quantity] = mapped_column(comment="Working days granted or got back; negative for days taken.")
    leave_allocation_id: Mapped[RecordId | None] = mapped_column(comment="Allocation that granted them; it may be gone.")
    leave_request_id: Mapped[int | None] = reference("leave_requests", comment="Request that took them.")
    reverses_id: Mapped[int | None] = reference("leave_ledger", comment="Entry that it takes back.", unique=True)
    user_id: Mapped[int | None] = reference("users", comment="User the employee signs in as.", **BY_DATABASE)
