"""A task waits for those it depends on, never for itself, and one that recurs is followed by exactly one."""

import datetime as dt

import psycopg
import pytest

from tests.domain.staff import Staff
from tests.domain.trade import CONFLICT, DENIED, INVALID, SERIALIZATION, at_once, raised, refusal

TO_DONE = ("start", "review", "complete")
DEPEND = "INSERT INTO task_dependencies (task_id, depends_on_id) VALUES ({}, {})"
MISCOUNTED = """
    SELECT t.id FROM tasks t WHERE (waits_for, dependents) <> (
        (SELECT count(*) FROM task_dependencies d JOIN tasks b ON b.id = d.depends_on_id
         WHERE d.task_id = t.id AND b.status NOT IN ('done', 'cancelled')),
        (SELECT count(*) FROM task_dependencies d WHERE d.depends_on_id = t.id))"""


@pytest.fixture
def staff(trade):
    """People in the database of the module."""
    return Staff(trade)


def start(task: int | str) -> str:
    """SQL that begins a task."""
    return f"UPDATE tasks SET status = 'in_progress' WHERE id = {task}"


@pytest.mark.parametrize("end", [("start", "review", "complete"), ("cancel",)])
def test_a_blocked_task_cannot_start_before_the_other_is_over(staff, trade, end):
    before = staff.task()
    after = staff.task(after=[before])
    assert trade.one("SELECT is_blocked FROM tasks WHERE id = %s", after)
    assert refusal(trade.url, start(after)) == CONFLICT
    trade.do("tasks", before, *end)
    assert refusal(trade.url, start(after)) is None


def test_a_task_that_has_to_wait_later_on_cannot_be_done(staff, trade):
    task = staff.task("start", "review")
    dependency = trade.insert("task_dependencies", task_id=task, depends_on_id=staff.task())
    done = f"UPDATE tasks SET status = 'done' WHERE id = {task}"
    assert refusal(trade.url, done) == CONFLICT
    trade.psql.execute("DELETE FROM task_dependencies WHERE id = %s", (dependency,))
    assert refusal(trade.url, done) is None
    assert trade.one("SELECT progress FROM tasks WHERE id = %s AND done_at IS NOT NULL", task) == 100
    assert refusal(trade.url, DEPEND.format(task, staff.task())) == CONFLICT
    assert refusal(trade.url, DEPEND.format(task, staff.task(*TO_DONE))) is None


def test_what_a_task_waits_for_is_counted_whatever_happens_to_it(staff, trade):
    first, second, last = staff.task(), staff.task(), staff.task()
    both = [trade.insert("task_dependencies", task_id=last, depends_on_id=each) for each in (first, second)]
    assert staff.waits_for(last) == 2
    trade.psql.execute("UPDATE task_dependencies SET task_id = %s WHERE id = %s", (second, both[0]))
    assert (staff.waits_for(last), staff.waits_for(second)) == (1, 1)
    trade.psql.execute("DELETE FROM tasks WHERE id = %s", (last,))
    assert refusal(trade.url, f"DELETE FROM tasks WHERE id = {first}") in ("23001", "23503")
    assert trade.psql.execute(MISCOUNTED).fetchall() == []
    for column in ("waits_for", "is_blocked", "dependents", "follows_id"):
        assert refusal(trade.url, f"UPDATE tasks SET {column} = DEFAULT") == DENIED


def test_no_task_waits_for_itself_or_is_a_part_of_itself(staff, trade):
    first = staff.task()
    second = staff.task(after=[first])
    third = staff.task(after=[second], parent_id=first)
    for waiting, before in ((first, first), (first, second), (first, third)):
        assert refusal(trade.url, DEPEND.format(waiting, before)) == INVALID
    assert refusal(trade.url, f"INSERT INTO task_dependencies (task_id, depends_on_id) VALUES ({first}, {staff.task()}), "
                              f"({first}, {third})") == INVALID
    assert refusal(trade.url, f"UPDATE task_dependencies SET depends_on_id = {third} WHERE task_id = {second}") == INVALID
    assert refusal(trade.url, f"UPDATE tasks SET parent_id = {third} WHERE id = {first}") == INVALID


@pytest.mark.parametrize("isolation", ["READ_COMMITTED", "REPEATABLE_READ"])
def test_writers_at_once_close_no_circle(staff, trade, isolation):
    ring = [staff.task() for _ in range(16)]

    def hang(number: int) -> None:
        with psycopg.connect(trade.url) as connection:
            connection.isolation_level = psycopg.IsolationLevel[isolation]
            connection.execute(DEPEND.format(ring[number], ring[number - 1]))

    refused = raised(at_once(hang))
    assert refused and {error.sqlstate for error in refused} <= {INVALID, SERIALIZATION, "40P01"}
    assert trade.psql.execute(MISCOUNTED).fetchall() == []


def test_an_old_snapshot_closes_no_circle_and_leaves_nobody_waiting(staff, trade):
    one, two, three = staff.task(), staff.task(), staff.task("start", "review")
    for made, late_change in ((DEPEND.format(two, one), DEPEND.format(one, two)),
                              (DEPEND.format(two, three), f"UPDATE tasks SET status = 'done' WHERE id = {three}")):
        with psycopg.connect(trade.url) as late:
            late.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            late.execute("SELECT 1")
            trade.psql.execute(made)
            with pytest.raises(psycopg.Error) as refused:
                late.execute(late_change)
            late.rollback()
        assert refused.value.sqlstate == SERIALIZATION


def test_tasks_that_end_while_others_begin_to_wait_for_them_keep_nobody_waiting(staff, trade):
    before = [staff.task("start", "review") for _ in range(8)]
    waiting = [staff.task() for _ in range(8)]

    def work(number: int) -> None:
        if number % 2:
            trade.do("tasks", before[number // 2], "complete")
        else:
            with psycopg.connect(trade.url) as connection:
                for each in before:
                    connection.execute(DEPEND.format(waiting[number // 2], each))

    assert {getattr(error, "sqlstate", error) for error in raised(at_once(work))} <= {"40P01"}
    assert trade.psql.execute(MISCOUNTED).fetchall() == []


@pytest.mark.parametrize(("every", "unit", "starts_on", "expected"), [
    (1, "month", "2031-01-31", ["2031-01-31", "2031-02-28", "2031-03-31", "2031-04-30"]),
    (2, "week", "2031-03-03", ["2031-03-03", "2031-03-17", "2031-03-31", "2031-04-14"]),
    (10, "day", "2032-02-20", ["2032-02-20", "2032-03-01", "2032-03-11", "2032-03-21"]),
])
def test_a_recurring_task_is_followed_by_the_next(staff, trade, every, unit, starts_on, expected):
    recurrence = trade.insert("task_recurrences", name="Again", every=every, unit=unit, starts_on=starts_on)
    someone, task, days = staff.employee(), staff.task(recurrence_id=recurrence), []
    trade.insert("task_assignees", task_id=task, employee_id=someone)
    for _ in expected:
        days.append(str(trade.one("SELECT due_on FROM tasks WHERE id = %s", task)))
        trade.do("tasks", task, *TO_DONE)
        task = trade.one("SELECT t.id FROM tasks t JOIN task_assignees a ON a.task_id = t.id AND a.employee_id = %s "
                         "WHERE t.follows_id = %s AND t.status = 'todo'", someone, task)
    assert days == expected


def test_a_recurrence_ends_on_its_day_or_when_it_is_put_away(staff, trade):
    ends = trade.insert("task_recurrences", name="Twice", unit="day", starts_on="2031-03-03", ends_on="2031-03-04")
    first = staff.task(*TO_DONE, recurrence_id=ends)
    second = trade.one("SELECT id FROM tasks WHERE follows_id = %s", first)
    assert trade.one("SELECT next_on FROM task_recurrences WHERE id = %s", ends) is None
    trade.do("tasks", second, *TO_DONE)
    assert trade.one("SELECT id FROM tasks WHERE follows_id = %s", second) is None
    trade.psql.execute("UPDATE task_recurrences SET ends_on = NULL WHERE id = %s", (ends,))
    assert trade.one("SELECT next_on FROM task_recurrences WHERE id = %s", ends) == dt.date(2031, 3, 5)
    trade.psql.execute("UPDATE task_recurrences SET archived_at = now() WHERE id = %s", (ends,))
    last = staff.task(*TO_DONE, recurrence_id=ends)
    assert trade.one("SELECT id FROM tasks WHERE follows_id = %s", last) is None


def test_a_recurring_task_done_at_once_by_many_is_followed_once(staff, trade):
    recurrence = trade.insert("task_recurrences", name="Again", starts_on="2031-03-03")
    task = staff.task("start", "review", recurrence_id=recurrence)
    assert len(raised(at_once(lambda _: trade.do("tasks", task, "complete")))) == 15
    assert trade.one("SELECT count(*) FROM tasks WHERE recurrence_id = %s", recurrence) == 2


GUARDED = {
    "a blocked task that starts": (start("{after}"), "TRIGGER cogniflow_40_task ON tasks"),
    "a task that waits for itself": (DEPEND.format("{before}", "{after}"), "TRIGGER cogniflow_dependency ON task_dependencies"),
    "a task that is a part of itself": ("UPDATE tasks SET parent_id = id WHERE id = {after}", "TRIGGER cogniflow_tree ON tasks"),
    "a task that begins as done": (
        "INSERT INTO tasks (title, status) VALUES ('T', 'done')", "TRIGGER cogniflow_20_status ON tasks"),
    "a recurrence with two open tasks": (
        "INSERT INTO tasks (title, recurrence_id) VALUES ('T', {recurrence})", "INDEX uq_tasks_open_recurrence"),
}


@pytest.mark.parametrize("attack", GUARDED)
def test_without_its_guard_an_attack_succeeds(fresh, attack):
    staff = Staff(fresh)
    recurrence = fresh.insert("task_recurrences", name="Again", starts_on="2031-03-03")
    before = staff.task(recurrence_id=recurrence)
    statement, guard = GUARDED[attack]
    statement = statement.format(before=before, after=staff.task(after=[before]), recurrence=recurrence)
    assert refusal(fresh.url, statement) is not None
    with psycopg.connect(fresh.owner_url) as owner:
        owner.execute(f"DROP {guard}")
    assert refusal(fresh.url, statement) is None
