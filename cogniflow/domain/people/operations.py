"""What is done with leave requests; the days are booked by the database, in the same transaction."""

from sqlalchemy.orm import Session

from cogniflow.domain.people.models import LeaveRequest
from cogniflow.kernel.operation import operation, record_of


@operation(LeaveRequest, "submit", moves={"draft": "submitted"}, role="hr")
def submit_leave(session: Session, leave: LeaveRequest) -> LeaveRequest:
    """Ask for the leave: its days are fixed until it is decided."""
    return leave


@operation(LeaveRequest, "approve", moves={"submitted": "approved"}, role="hr")
def approve_leave(session: Session, leave: LeaveRequest, *, approver_id: record_of("users") | None = None,
                  answer: str | None = None) -> LeaveRequest:
    """Grant the leave and take its days; by whoever is signed in, where a program does not name the approver."""
    return _answered(leave, approver_id, answer)


@operation(LeaveRequest, "reject", moves={"submitted": "rejected"}, role="hr")
def reject_leave(session: Session, leave: LeaveRequest, *, approver_id: record_of("users") | None = None,
                 answer: str | None = None) -> LeaveRequest:
    """Refuse the leave; no days are taken."""
    return _answered(leave, approver_id, answer)


@operation(LeaveRequest, "cancel", moves={"submitted": "cancelled", "approved": "cancelled"}, role="hr")
def cancel_leave(session: Session, leave: LeaveRequest) -> LeaveRequest:
    """Call the leave off; days that were taken are given back."""
    return leave


def _answered(leave: LeaveRequest, approver_id: int | None, answer: str | None) -> LeaveRequest:
    leave.approver_id, leave.answer = approver_id, answer
    return leave
