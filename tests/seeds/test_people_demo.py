"""The demonstration's people are away and have things to do on any day it is loaded."""

import pytest

from tests.seeds.conftest import one

FACTS = {
    "SELECT count(*) FROM leave_requests WHERE status = 'approved'": 6,
    "SELECT count(*) FROM leave_requests WHERE status = 'submitted'": 2,
    "SELECT count(*) FROM leave_requests WHERE status = 'approved' AND CURRENT_DATE BETWEEN starts_on AND ends_on": 1,
    "SELECT count(*) FROM employees WHERE user_id IS NULL": 0,
    "SELECT count(*) FROM tasks": 14,
    "SELECT count(*) FROM tasks WHERE is_blocked": 3,
    "SELECT count(*) FROM tasks WHERE status = 'done'": 1,
    "SELECT count(*) FROM tasks WHERE due_on < CURRENT_DATE AND status = 'review'": 1,
    "SELECT count(*) FROM tasks WHERE recurrence_id IS NOT NULL AND due_on IS NOT NULL": 2,
    "SELECT count(*) FROM users WHERE password IS NOT NULL": 0,
}


@pytest.mark.parametrize("query", FACTS)
def test_the_facts_of_its_people_hold(demo_url, query):
    assert one(demo_url, query) == FACTS[query]
