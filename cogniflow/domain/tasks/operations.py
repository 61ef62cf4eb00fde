"""What is done with tasks; one that waits for another neither starts nor ends, and one that recurs is followed by the next."""

from sqlalchemy.orm import Session

from cogniflow.domain.tasks.models import Task
from cogniflow.kernel.operation import operation

OPEN = ("todo", "in_progress", "review")
"""A task of one of these statuses is still to be done."""


@operation(Task, "start", moves={"todo": "in_progress"}, role="manager")
def start_task(session: Session, task: Task) -> Task:
    """Begin to work on it."""
    return task


@operation(Task, "review", moves={"in_progress": "review"}, role="manager")
def review_task(session: Session, task: Task) -> Task:
    """Say that the work is done and somebody is to look at it."""
    return task


@operation(Task, "rework", moves={"review": "in_progress"}, role="manager")
def rework_task(session: Session, task: Task) -> Task:
    """Give it back: something is still missing."""
    return task


@operation(Task, "complete", moves={"review": "done"}, role="manager")
def complete_task(session: Session, task: Task) -> Task:
    """Accept the work: tasks that wait for it may start, and one that recurs is made anew."""
    return task


@operation(Task, "cancel", moves=dict.fromkeys(OPEN, "cancelled"), role="manager")
def cancel_task(session: Session, task: Task) -> Task:
    """Drop it: nobody waits for it any more, and it does not come again."""
    return task
