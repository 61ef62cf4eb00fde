"""A company's people to attack: employees, their leave and their tasks."""

from typing import Any

from tests.domain.trade import Trade


class Staff:
    """Makes employees, leave and tasks in the database of a trading company."""

    def __init__(self, trade: Trade):
        self.trade = trade
        self.boss = self.user()

    def user(self) -> int:
        """A user who may sign in."""
        return self.trade.insert("users", email=f"{self.trade.name('u').lower()}@example.com", name="User")

    def employee(self, user: int | None = None, **values: Any) -> int:
        """An employee, who signs in where a user is given."""
        return self.trade.insert("employees", code=self.trade.name("E"), name="Employee", user_id=user, **values)

    def kind(self, **values: Any) -> int:
        """A kind of leave."""
        return self.trade.insert("leave_types", code=self.trade.name("L"), name="Leave", **values)

    def leave(self, employee: int, starts_on: str, ends_on: str | None = None, *verbs: str, **values: Any) -> int:
        """A request for leave, taken through its verbs; decided by the boss."""
        kind = values.pop("leave_type_id", None) or self.kind()
        request = self.trade.insert("leave_requests", employee_id=employee, leave_type_id=kind, starts_on=starts_on,
                                    ends_on=ends_on or starts_on, **values)
        for verb in verbs:
            decided = {"approver_id": self.boss} if verb in ("approve", "reject") else {}
            self.trade.do("leave_requests", request, verb, **decided)
        return request

    def days(self, request: int):
        """Working days of a request."""
        return self.trade.one("SELECT days FROM leave_requests WHERE id = %s", request)

    def remaining(self, employee: int):
        """Days in an employee's ledger."""
        return self.trade.one("SELECT coalesce(sum(days), 0) FROM leave_ledger WHERE employee_id = %s", employee)

    def task(self, *verbs: str, after: list[int] | None = None, **values: Any) -> int:
        """A task that waits for others, taken through its verbs."""
        task = self.trade.insert("tasks", **{"title": "Task", **values})
        for before in after or ():
            self.trade.insert("task_dependencies", task_id=task, depends_on_id=before)
        self.trade.do("tasks", task, *verbs)
        return task

    def waits_for(self, task: int) -> int:
        """How many open tasks a task waits for, as it says itself."""
        return self.trade.one("SELECT waits_for FROM tasks WHERE id = %s", task)
