"""Who calls, as one process tells another."""

import datetime as dt

import pytest

from cogniflow.domain.accounts.rights import SYSTEM_CALLER, Caller
from cogniflow.records.subscriptions import read_identity, write_identity

WHO = {"name": "Zoë", "user_id": 7, "door": "rest", "session_id": 12}
PROGRAM = {"name": "till", "token_id": 3, "door": "rest", "expires_at": dt.datetime(2030, 1, 1, 12, tzinfo=dt.UTC)}


@pytest.mark.parametrize("fields", [WHO, PROGRAM])
def test_the_same_caller_arrives_and_no_right_travels(fields):
    told = Caller(**fields, roles=SYSTEM_CALLER.roles, grants=SYSTEM_CALLER.grants)
    assert read_identity(write_identity(told)) == Caller(**fields)
