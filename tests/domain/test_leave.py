"""Leave of one employee never overlaps, is approved by somebody else, and its ledger is right, whoever writes."""

from decimal import Decimal

import psycopg
import pytest

from tests.domain.staff import Staff
from tests.domain.trade import CONFLICT, DENIED, INVALID, SERIALIZATION, at_once, raised, refusal

OVERLAP = "23P01"
MONDAY, TUESDAY, FRIDAY, NEXT_MONDAY = "2031-03-03", "2031-03-04", "2031-03-07", "2031-03-10"
REQUEST = "INSERT INTO leave_requests (employee_id, leave_type_id, starts_on, starts_at, ends_on, ends_at) VALUES "
APPROVE = "UPDATE leave_requests SET status = 'approved', approver_id = {boss} WHERE id = {asked}"


@pytest.fixture
def staff(trade):
    """People in the database of the module."""
    return Staff(trade)


def test_leave_of_one_employee_never_overlaps_by_half_days(staff, trade):
    someone, other, kind = staff.employee(), staff.employee(), staff.kind()
    staff.leave(someone, MONDAY, TUESDAY, ends_at="noon")
    for employee, days, expected in (
        (someone, f"'{TUESDAY}', 'morning', '{TUESDAY}', 'noon'", OVERLAP),
        (someone, f"'{MONDAY}', 'noon', '{MONDAY}', 'evening'", OVERLAP),
        (someone, f"'2031-02-01', 'morning', '{FRIDAY}', 'evening'", OVERLAP),
        (someone, f"'{TUESDAY}', 'noon', '{FRIDAY}', 'evening'", None),
        (other, f"'{MONDAY}', 'morning', '{TUESDAY}', 'evening'", None),
        (other, f"'{FRIDAY}', 'noon', '{FRIDAY}', 'noon'", "23514"),
        (other, f"'{FRIDAY}', 'morning', '{TUESDAY}', 'evening'", "23514"),
    ):
        assert refusal(trade.url, f"{REQUEST} ({employee}, {kind}, {days})") == expected, days


@pytest.mark.parametrize("end", ["reject", "cancel"])
def test_leave_that_does_not_take_place_is_in_nobodys_way(staff, end):
    someone = staff.employee()
    staff.leave(someone, MONDAY, FRIDAY, "submit", end)
    assert staff.leave(someone, MONDAY, FRIDAY, "submit", "approve")


def test_of_writers_at_once_one_gets_the_days(staff, trade):
    someone, kind = staff.employee(), staff.kind()

    def ask(number: int) -> None:
        with psycopg.connect(trade.url) as connection:
            connection.execute(f"{REQUEST} ({someone}, {kind}, '{MONDAY}', 'morning', '2031-03-{10 + number}', 'evening')")

    assert len(raised(at_once(ask))) == 15


def test_only_working_days_are_counted(staff, trade):
    trade.insert("holidays", day="2031-06-05", name="Feast")
    for last, expected in (("2031-06-08", 4), ("2031-06-09", 5), ("2031-06-05", 3)):
        assert staff.days(staff.leave(staff.employee(), "2031-06-02", last)) == expected
    half = {"starts_at": "noon", "ends_at": "noon"}
    assert staff.days(staff.leave(staff.employee(), "2031-06-02", "2031-06-03", **half)) == 1
    assert staff.days(staff.leave(staff.employee(), "2031-06-02", starts_at="noon")) == Decimal("0.5")
    assert staff.days(staff.leave(staff.employee(), "2031-06-05", "2031-06-06", **half)) == Decimal("0.5")


def test_a_new_holiday_counts_for_what_is_not_decided(staff, trade):
    decided = staff.leave(staff.employee(), "2031-07-07", "2031-07-11", "submit", "approve")
    asked = staff.leave(staff.employee(), "2031-07-07", "2031-07-11", "submit")
    trade.insert("holidays", day="2031-07-09", name="Feast")
    assert (staff.days(decided), staff.days(asked)) == (5, 4)


def test_nobody_asks_for_days_on_which_nobody_works(staff, trade):
    weekend = staff.leave(staff.employee(), "2031-03-08", "2031-03-09")
    assert refusal(trade.url, f"UPDATE leave_requests SET status = 'submitted' WHERE id = {weekend}") == INVALID


def test_approved_leave_has_its_ledger_row_and_gives_it_back_once(staff, trade):
    someone = staff.employee()
    request = staff.leave(someone, MONDAY, FRIDAY, "submit", "approve")
    assert staff.remaining(someone) == -5
    trade.do("leave_requests", request, "cancel")
    assert staff.remaining(someone) == 0
    rows = f"SELECT days, reverses_id IS NULL FROM leave_ledger WHERE leave_request_id = {request} ORDER BY id"
    assert trade.psql.execute(rows).fetchall() == [(-5, True), (5, False)]
    assert refusal(trade.url, f"UPDATE leave_requests SET status = 'approved' WHERE id = {request}") == CONFLICT


def test_cancelling_at_once_gives_back_once(staff, trade):
    someone = staff.employee()
    request = staff.leave(someone, MONDAY, FRIDAY, "submit", "approve")
    assert len(raised(at_once(lambda _: trade.do("leave_requests", request, "cancel")))) == 15
    assert staff.remaining(someone) == 0


def test_nobody_decides_on_leave_of_their_own_and_somebody_must(staff, trade):
    me = staff.user()
    request = staff.leave(staff.employee(me), MONDAY, FRIDAY, "submit")
    approve = f"UPDATE leave_requests SET status = 'approved'{{}} WHERE id = {request}"
    assert refusal(trade.url, approve.format("")) == INVALID
    assert refusal(trade.url, approve.format(f", approver_id = {me}")) == CONFLICT
    assert refusal(trade.url, f"SET LOCAL cogniflow.actor = {me}", approve.format("")) == CONFLICT
    assert refusal(trade.url, f"SET LOCAL cogniflow.actor = {me}", approve.format(f", approver_id = {staff.boss}")) == INVALID
    assert refusal(trade.url, f"UPDATE leave_requests SET approver_id = {staff.boss} WHERE id = {request}") == CONFLICT
    assert refusal(trade.url, f"SET LOCAL cogniflow.actor = {staff.boss}", approve.format("")) is None
    assert trade.one("SELECT approver_id FROM leave_requests WHERE id = %s", request) == staff.boss
    assert refusal(trade.url, f"UPDATE leave_requests SET approver_id = {me} WHERE id = {request}") == CONFLICT


def test_no_door_lets_leave_begin_approved_or_skip_being_asked_for(staff, trade):
    someone, kind = staff.employee(), staff.kind()
    draft = staff.leave(someone, MONDAY)
    begin = ("INSERT INTO leave_requests (employee_id, leave_type_id, starts_on, ends_on, status, approver_id) "
             f"VALUES ({someone}, {kind}, '{FRIDAY}', '{FRIDAY}', 'approved', {staff.boss})")
    for statement in (begin, f"UPDATE leave_requests SET status = 'approved', approver_id = {staff.boss} WHERE id = {draft}"):
        assert refusal(trade.url, statement) == CONFLICT
    for statement in ("UPDATE leave_ledger SET days = 9", "DELETE FROM leave_ledger", "UPDATE leave_requests SET days = 0",
                      f"INSERT INTO leave_ledger (employee_id, leave_type_id, days) VALUES ({someone}, {kind}, 9)"):
        assert refusal(trade.url, statement) == DENIED


def test_nobody_takes_more_limited_leave_than_is_left(staff, trade):
    someone, kind = staff.employee(), staff.kind(is_limited=True)
    trade.insert("leave_allocations", employee_id=someone, leave_type_id=kind, days=5)
    requests = [staff.leave(someone, f"2031-09-{day:02}", None, "submit", leave_type_id=kind)
                for day in (1, 2, 3, 4, 5, 8, 9, 10, 11, 12, 15, 16, 17, 18, 19, 22)]
    refused = raised(at_once(lambda number: trade.do("leave_requests", requests[number], "approve", approver_id=staff.boss)))
    assert len(refused) == 11
    assert staff.remaining(someone) == 0
    back = f"INSERT INTO leave_allocations (employee_id, leave_type_id, days) VALUES ({someone}, {kind}, -1)"
    assert refusal(trade.url, back) == CONFLICT


def test_an_allocation_that_is_deleted_takes_its_days_back_unless_they_are_gone(staff, trade):
    someone, kind = staff.employee(), staff.kind(is_limited=True)
    first, second = (trade.insert("leave_allocations", employee_id=someone, leave_type_id=kind, days=days) for days in (1, 2))
    staff.leave(someone, MONDAY, TUESDAY, "submit", "approve", leave_type_id=kind)
    assert refusal(trade.url, f"DELETE FROM leave_allocations WHERE id = {second}") == CONFLICT
    assert refusal(trade.url, f"DELETE FROM leave_allocations WHERE id = {first}") is None
    assert staff.remaining(someone) == 0


def test_an_old_snapshot_takes_no_days_that_are_gone(staff, trade):
    someone, kind = staff.employee(), staff.kind(is_limited=True)
    trade.insert("leave_allocations", employee_id=someone, leave_type_id=kind, days=1)
    first, second = (staff.leave(someone, day, None, "submit", leave_type_id=kind) for day in (MONDAY, TUESDAY))
    with psycopg.connect(trade.url) as late:
        late.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        late.execute("SELECT 1")
        trade.psql.execute(APPROVE.format(boss=staff.boss, asked=first))
        with pytest.raises(psycopg.Error) as refused:
            late.execute(APPROVE.format(boss=staff.boss, asked=second))
        late.rollback()
    assert refused.value.sqlstate == SERIALIZATION


def test_what_an_employee_has_follows_the_sign_in(staff, trade):
    someone = staff.employee()
    request = staff.leave(someone, MONDAY, None, "submit", "approve")
    task = trade.insert("task_assignees", task_id=staff.task(), employee_id=someone)
    user = staff.user()
    trade.psql.execute("UPDATE employees SET user_id = %s WHERE id = %s", (user, someone))
    assert trade.one("SELECT user_id FROM leave_requests WHERE id = %s", request) == user
    assert trade.one("SELECT user_id FROM leave_ledger WHERE leave_request_id = %s", request) == user
    assert trade.one("SELECT user_id FROM task_assignees WHERE id = %s", task) == user


GUARDED = {
    "leave that nobody approved": (
        "UPDATE leave_requests SET status = 'approved' WHERE id = {asked}",
        ["TRIGGER cogniflow_45_leave ON leave_requests", "TRIGGER cogniflow_effects ON leave_requests",
         "TRIGGER cogniflow_effects ON leave_ledger"]),
    "leave that is moved when it is asked for": (
        "UPDATE leave_requests SET ends_on = ends_on + 7 WHERE id = {asked}",
        ["TRIGGER cogniflow_40_document ON leave_requests"]),
    "more leave than is left": (APPROVE, ["TRIGGER cogniflow_balance ON leave_ledger"]),
    "a ledger that forgets": ("OWNER DELETE FROM leave_ledger", ["TRIGGER cogniflow_append_only ON leave_ledger"]),
    "an allocation that becomes another": (
        "UPDATE leave_allocations SET days = days + 1", ["TRIGGER cogniflow_45_allocation ON leave_allocations"]),
    "a ledger row of a request that is not approved": (
        "OWNER INSERT INTO leave_ledger (employee_id, leave_type_id, days, leave_request_id) "
        "SELECT employee_id, leave_type_id, 1, id FROM leave_requests WHERE id = {asked}",
        ["TRIGGER cogniflow_effects ON leave_ledger"]),
    "leave that overlaps": (
        "INSERT INTO leave_requests (employee_id, leave_type_id, starts_on, ends_on) "
        "SELECT employee_id, leave_type_id, starts_on, ends_on FROM leave_requests WHERE id = {asked}",
        ["CONSTRAINT ex_leave_requests_leave_of_an_employee_does_not_overlap ON leave_requests"]),
}


def _drop(guard: str) -> str:
    kind, name, _, table = guard.split()
    return f"DROP TRIGGER {name} ON {table}" if kind == "TRIGGER" else f"ALTER TABLE {table} DROP CONSTRAINT {name}"


@pytest.mark.parametrize("attack", GUARDED)
def test_without_its_guard_an_attack_succeeds(fresh, attack):
    staff = Staff(fresh)
    someone, kind = staff.employee(), staff.kind(is_limited=True)
    fresh.insert("leave_allocations", employee_id=someone, leave_type_id=kind, days=5 if "nobody" in attack else 1)
    keys = {"asked": staff.leave(someone, MONDAY, FRIDAY, "submit", leave_type_id=kind), "boss": staff.boss}
    statement, guards = GUARDED[attack]
    url = fresh.owner_url if statement.startswith("OWNER ") else fresh.url
    statement = statement.removeprefix("OWNER ").format(**keys)
    assert refusal(url, statement) is not None
    with psycopg.connect(fresh.owner_url) as owner:
        for guard in guards:
            owner.execute(_drop(guard))
    assert refusal(url, statement) is None


def test_leave_that_is_not_booked_is_not_approved(fresh):
    staff = Staff(fresh)
    approve = APPROVE.format(boss=staff.boss, asked=staff.leave(staff.employee(), MONDAY, FRIDAY, "submit"))
    with psycopg.connect(fresh.owner_url) as owner:
        owner.execute("DROP TRIGGER cogniflow_ledger ON leave_requests")
    assert refusal(fresh.url, approve) == CONFLICT
    with psycopg.connect(fresh.owner_url) as owner:
        owner.execute("DROP TRIGGER cogniflow_effects ON leave_requests")
    assert refusal(fresh.url, approve) is None
