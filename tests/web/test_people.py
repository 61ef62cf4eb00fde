"""Leave and tasks over REST and in the admin, as those who work for the company use them."""

import pytest
from sqlalchemy import func, select

from cogniflow.db.tables import change_log
from cogniflow.domain.accounts.models import ApiToken, Role, User
from cogniflow.domain.accounts.rights import token_hash
from cogniflow.domain.people.models import Employee
from cogniflow.kernel.entity import entity_of, event_name
from tests.conftest import ADMIN_EMAIL
from tests.web.conftest import Api


@pytest.fixture
def member(app, write):
    """REST as an employee who has a role and signs in; the ids are `member.user_id` and `member.employee_id`."""
    def opened(name: str, role: str) -> Api:
        opened = Api(app.test_client(), name)

        def make(session):
            user = User(email=f"{name}@example.com", name=name)
            session.add(user)
            session.flush()
            employee = Employee(code=name, name=name, user_id=user.id)
            role_id = session.scalar(select(Role.id).where(Role.name == role))
            session.add_all([employee, ApiToken(name=name, role_id=role_id, user_id=user.id, token_hash=token_hash(name))])
            session.flush()
            opened.user_id, opened.employee_id = user.id, employee.id
        write(make)
        return opened
    return opened


def ask(member: Api, kind: int, day: str, **values) -> dict:
    """A request for leave of one day that the member made for itself and submitted."""
    made = member.post("leave-requests", {"employee_id": member.employee_id, "leave_type_id": kind, "starts_on": day,
                                          "ends_on": day, **values})
    assert made.status_code == 201, made.text
    return member.post(f"leave-requests/{made.json['id']}/submit").json


def test_an_employee_asks_for_leave_and_somebody_else_grants_it(api, member):
    alice, bob, boss = member("alice", "employee"), member("bob", "sales"), member("boss", "hr")
    kind = api.new("leave_types")["id"]
    mine = ask(alice, kind, "2031-03-04", starts_at="noon")
    assert (mine["status"], mine["days"], mine["user_id"]) == ("submitted", "0.5", alice.user_id)
    strange = {"employee_id": alice.employee_id, "leave_type_id": kind, "starts_on": "2031-04-01", "ends_on": "2031-04-01"}
    assert bob.post("leave-requests", strange).status_code == 403
    assert bob.get(f"leave-requests/{mine['id']}").status_code == 404
    assert bob.post(f"leave-requests/{mine['id']}/cancel").status_code == 404
    assert alice.post(f"leave-requests/{mine['id']}/approve").status_code == 403
    granted = boss.post(f"leave-requests/{mine['id']}/approve", {"answer": "Enjoy it."})
    assert (granted.json["status"], granted.json["approver_id"]) == ("approved", boss.user_id)
    assert [entry["days"] for entry in alice.get("leave-ledger").json["data"]] == ["-0.5"]
    assert bob.get("leave-ledger").json["data"] == []
    assert alice.post(f"leave-requests/{mine['id']}/cancel").json["status"] == "cancelled"


def test_nobody_grants_leave_to_themselves(api, member):
    boss = member("boss", "hr")
    own = ask(boss, api.new("leave_types")["id"], "2031-03-04")
    for options in ({}, {"approver_id": boss.user_id + 1000}):
        refused = boss.post(f"leave-requests/{own['id']}/approve", options)
        assert refused.status_code in (409, 422), refused.text
    assert refused.json["errors"][0]["field"] == "approver_id"
    assert api.post(f"leave-requests/{own['id']}/approve").status_code == 422


def test_the_admin_grants_leave_of_others_alone(client, api, write):
    me = write(lambda session: session.scalar(select(User.id).where(User.email == ADMIN_EMAIL)))
    for employee, status, approver in ((api.new("employees", user_id=me), "submitted", None),
                                       (api.new("employees"), "approved", me)):
        asked = api.new("leave_requests", employee_id=employee["id"])
        api.post(f"leave-requests/{asked['id']}/submit")
        client.post("/admin/leave-requests/operate/approve/", data={"id": asked["id"]})
        told = api.get(f"leave-requests/{asked['id']}").json
        assert (told["status"], told["approver_id"]) == (status, approver)


def test_leave_that_overlaps_is_refused_in_words(api):
    first = api.new("leave_requests")
    again = api.post("leave-requests", {name: first[name] for name in ("employee_id", "leave_type_id", "starts_on", "ends_on")})
    assert (again.status_code, again.json["detail"]) == (409, "A rule is broken: leave of an employee does not overlap.")


def test_the_dashboard_tells_who_will_be_away(api, member, write):
    alice, viewer = member("alice", "employee"), member("viewer", "viewer")
    kind = api.new("leave_types", name="Annual leave")["id"]
    today = write(lambda session: session.scalar(select(func.cogniflow.company_today())))
    soon, later = (str(today.fromordinal(today.toordinal() - today.weekday() + days)) for days in (14, 42))
    for day in (soon, later):
        ask_for = ask(alice, kind, day)
        assert api.post(f"leave-requests/{ask_for['id']}/approve", {"approver_id": viewer.user_id}).status_code == 200
    assert alice.get("dashboard/upcoming-leaves").status_code == 404
    told = viewer.get("dashboard/upcoming-leaves?days=30").json
    assert told["data"] == [{
        "employee_id": alice.employee_id, "name": "alice", "department": None, "leave_type": "Annual leave", "starts_on": soon,
        "starts_at": "morning", "ends_on": soon, "ends_at": "evening", "days": "1"}]
    assert {"as_of", "token"} <= told.keys()
    assert len(viewer.get("dashboard/upcoming-leaves?days=60").json["data"]) == 2


def test_whoever_is_given_a_task_hears_of_it(api, member, write):
    alice = member("alice", "employee")
    task = api.new("tasks", title="Count")
    api.new("task_assignees", task_id=task["id"], employee_id=alice.employee_id)
    routes = write(lambda session: session.scalar(select(change_log.c.routes).where(change_log.c.tbl == "task_assignees")))
    assert routes == [alice.user_id]
    assert event_name(entity_of("task_assignees")) == "task_assigned"
    assert alice.post(f"tasks/{task['id']}/start").json["status"] == "in_progress"


def test_a_blocked_task_says_why_it_cannot_start(api):
    before, after = api.new("tasks"), api.new("tasks")
    api.new("task_dependencies", task_id=after["id"], depends_on_id=before["id"])
    refused = api.post(f"tasks/{after['id']}/start")
    assert (refused.status_code, refused.json["detail"]) == (409, "It is blocked: another task must be done before.")
    assert api.get(f"tasks?is_blocked=true&id={after['id']}").json["page"]["total"] == 1
    assert api.patch(f"tasks/{after['id']}", {"status": "in_progress"}).status_code == 422
    circle = api.post("task-dependencies", {"task_id": before["id"], "depends_on_id": after["id"]})
    assert (circle.status_code, circle.json["errors"][0]["field"]) == (422, "depends_on_id")
