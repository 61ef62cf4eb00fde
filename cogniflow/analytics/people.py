"""Who is away."""

from sqlalchemy import BindParameter, Select, select

from cogniflow.analytics.panel import Panel, WholeNumber, today
from cogniflow.domain.people.models import Department, Employee, LeaveRequest, LeaveType


def upcoming_leaves(days: BindParameter[int]) -> Select:
    """The approved leaves of the next days, those under way too."""
    return select(
        LeaveRequest.employee_id, Employee.name, Department.name.label("department"), LeaveType.name.label("leave_type"),
        LeaveRequest.starts_on, LeaveRequest.starts_at, LeaveRequest.ends_on, LeaveRequest.ends_at, LeaveRequest.days,
    ).select_from(LeaveRequest).join(LeaveRequest.employee).join(LeaveRequest.leave_type).outerjoin(Employee.department).where(
        LeaveRequest.status == "approved", LeaveRequest.ends_on >= today, LeaveRequest.starts_on <= today + days,
    ).order_by(LeaveRequest.starts_on, LeaveRequest.id)


PANELS = (
    Panel("upcoming-leaves", "Upcoming leaves", upcoming_leaves, unit="days", parameters={"days": WholeNumber(30)},
          labels={"note": "Approved for the next {days} days", "empty": "Nobody is away in this time.", "name": "Employee",
                  "department": "Department", "leave_type": "Kind of leave", "starts_on": "From", "starts_at": "From time",
                  "ends_on": "To", "ends_at": "To time", "days": "Working days", "morning": "morning", "noon": "noon",
                  "evening": "evening"}),
)
