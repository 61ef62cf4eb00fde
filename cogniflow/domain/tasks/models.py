"""Tasks: what is to be done, by whom, after what, and how often."""

from sqlalchemy import CheckConstraint, Computed, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from cogniflow.kernel.entity import Entity, Master, Resource, unique_living
from cogniflow.kernel.fields import (
    BY_DATABASE,
    Code,
    Count,
    Day,
    Flag,
    Line,
    Moment,
    Name,
    Note,
    Quantity,
    Status,
    choice,
    given_status,
    reference,
    summed,
)

MENU = "Tasks"


class TaskCategory(Master, Entity):
    """A kind of work."""

    __tablename__ = "task_categories"
    __table_args__ = (unique_living("task_categories", "code"),)
    resource = Resource(menu=MENU, icon="category", search=("name", "code"), order_by="position")

    code: Mapped[Code] = mapped_column(comment="Short name used by programs.")
    name: Mapped[Name] = mapped_column(comment="Full name.")
    position: Mapped[Count] = mapped_column(server_default="100", comment="Place among the others, lowest first.")


class TaskRecurrence(Master, Entity):
    """How often a task comes again: when one is done, the next one is made; never again once it is archived."""

    __tablename__ = "task_recurrences"
    __table_args__ = (
        CheckConstraint("every BETWEEN 1 AND 1000", name="every_sensible"),
        CheckConstraint("ends_on >= starts_on", name="ends_after_it_starts"),
    )
    resource = Resource(menu=MENU, icon="refresh", search=("name",), order_by="next_on")

    name: Mapped[Name] = mapped_column(comment="What comes again, such as Monthly stock count.")
    every: Mapped[Count] = mapped_column(server_default="1", comment="How many days, weeks or months lie between two.")
    unit: Mapped[str] = choice("day", "week", "month", default="week", comment="What is counted.")
    starts_on: Mapped[Day] = mapped_column(comment="Day on which the first one is due; the others are counted from it.")
    ends_on: Mapped[Day | None] = mapped_column(comment="Last day on which one may be due; empty for no end.")
    next_on: Mapped[Day | None] = mapped_column(comment="Day on which the next one will be due.", info={**BY_DATABASE})


class Task(Entity):
    """Something to be done."""

    __tablename__ = "tasks"
    __table_args__ = (
        CheckConstraint("progress BETWEEN 0 AND 100", name="progress_is_a_percentage"),
        CheckConstraint("estimated_hours >= 0", name="estimated_hours_not_negative"),
        CheckConstraint("due_on >= starts_on", name="due_after_it_starts"),
        Index(
            "uq_tasks_open_recurrence", "recurrence_id", unique=True,
            postgresql_where=text("status NOT IN ('done', 'cancelled')"),
        ),
    )
    resource = Resource(menu=MENU, icon="circle-check", search=("title",), order_by="due_on", history=True)

    title: Mapped[Line] = mapped_column(comment="What is to be done.")
    description: Mapped[Note | None] = mapped_column(comment="How, and what it is good for.")
    status: Mapped[Status] = given_status("todo")
    category_id: Mapped[int | None] = reference("task_categories", comment="Kind of work.")
    priority: Mapped[str] = choice("low", "normal", "high", "urgent", default="normal", comment="How pressing it is.")
    parent_id: Mapped[int | None] = reference("tasks", comment="Task of which it is a part.")
    starts_on: Mapped[Day | None] = mapped_column(comment="Day on which to begin.")
    due_on: Mapped[Day | None] = mapped_column(index=True, comment="Day by which it is to be done.")
    estimated_hours: Mapped[Quantity | None] = mapped_column(comment="Hours of work expected.")
    progress: Mapped[Count] = mapped_column(server_default="0", comment="How much of it is done, in percent.")
    waits_for: Mapped[Count] = summed(comment="How many open tasks must be done before.")
    is_blocked: Mapped[Flag] = mapped_column(
        Computed("waits_for > 0"), comment="Whether another task must be done before.", info={**BY_DATABASE}
    )
    dependents: Mapped[Count] = summed(comment="How many tasks must wait until it is done.")
    recurrence_id: Mapped[int | None] = reference("task_recurrences", comment="How often it comes again.")
    follows_id: Mapped[int | None] = reference("tasks", comment="Task that it repeats.", unique=True, **BY_DATABASE)
    done_at: Mapped[Moment | None] = mapped_column(comment="When it was done.", info={**BY_DATABASE})


class TaskAssignee(Entity):
    """An employee who is to do a task, alone or with others."""

    __tablename__ = "task_assignees"
    __table_args__ = (UniqueConstraint("task_id", "employee_id"),)
    resource = Resource(menu=MENU, icon="user-check", order_by="-id", event="task_assigned", owners=("user_id",))

    task_id: Mapped[int] = reference("tasks", comment="Task to be done.", on_delete="CASCADE")
    employee_id: Mapped[int] = reference("employees", comment="Employee who is to do it.")
    user_id: Mapped[int | None] = reference("users", comment="User the employee signs in as.", **BY_DATABASE)


class TaskDependency(Entity):
    """A task that cannot start before another one is done."""

    __tablename__ = "task_dependencies"
    __table_args__ = (UniqueConstraint("task_id", "depends_on_id"),)
    resource = Resource(menu=MENU, icon="stack-2", order_by="-id")

    task_id: Mapped[int] = reference("tasks", comment="Task that waits.", on_delete="CASCADE")
    depends_on_id: Mapped[int] = reference("tasks", comment="Task that must be done before.")
