"""Which events a change is, and on which topics."""

import pytest

from cogniflow.realtime.changes import Change
from cogniflow.realtime.protocol import Event
from cogniflow.realtime.topics import EventsByTopic, canonical, conflated, panel_of
from tests.realtime.conftest import EVENTS


def change(table: str, op: str = "U", xid: int = 1, **given) -> Change:
    told = {"id": 1, "xid": xid, "tbl": table, "op": op, "n": 1, "ids": [7], "cols": ["price"], "routes": None, **given}
    return Change(**told)


def events(topics: list[str], *changes: Change) -> list[Event]:
    return EventsByTopic(changes, EVENTS, frozenset(topics)).of(topics)


class Sales:
    """A panel whose parameters are whole numbers."""

    def accepts(self, params):
        """Each without noughts before it."""
        return {name: str(int(value)) for name, value in params.items()} if all(map(str.isdigit, params.values())) else None


@pytest.mark.parametrize(("given", "topic"), [
    ("notes", "notes"), ("note-items", "note_items"), ("note-items/07", "note_items/7"), ("user/5", "user/5"),
    ("dashboard/stock", "dashboard/stock"), ("panel/sales?b=2&a=1", "panel/sales?a=1&b=2"), ("panel/sales", "panel/sales"),
    ("panel/sales?a=07", "panel/sales?a=7"), ("panel/sales?a=x", None),
    ("nothing", None), ("notes/x", None), ("notes/", None), ("notes/1/2", None), ("user", None), ("user/anna", None),
    ("dashboard/none", None), ("panel/none", None), ("", None), ("/", None), ("notes/" + "9" * 30, None), ("assignments", None)])
def test_topics_are_written_one_way_and_unknown_ones_refused(given, topic):
    assert canonical(given, EVENTS, {"sales": Sales()}) == topic


def test_a_panels_parameters_are_read_from_its_topic():
    assert panel_of("panel/sales?days=30&unit=") == ("sales", {"days": "30", "unit": ""})


def test_when_nobody_said_which_records_changed_every_one_of_them_may_have():
    event, = events(["notes/3"], change("notes", ids=None, n=500))
    assert (event.topic, event.ids) == ("notes/3", None)
    assert events(["notes/3"], change("notes")) == []


def test_a_dashboard_hears_of_every_table_it_is_made_of_without_ids():
    found = events(["dashboard/stock"], change("note_items"), change("balances"), change("notes"))
    assert [(event.event, event.n, event.ids) for event in found] == [("stock_updated", 2, None)]


def test_a_users_topic_tells_of_what_concerns_the_user():
    one, both = change("notes", routes=[5]), change("notes", routes=[5, 6], xid=2)
    assert [(event.event, event.ids) for event in events(["user/5"], one)] == [("notes_updated", [7])]
    # whose record is whose is not for each of them to know
    assert [event.ids for event in events(["user/6"], both)] == [None]
    assert events(["user/9"], one, both) == []


def test_an_assignment_counts_when_the_owner_changed():
    assigned = [change("notes", cols=["owner"], routes=[5]), change("notes", "I", cols=None, routes=[5], xid=2)]
    assert [event.event for event in events(["user/5"], *assigned)].count("note_assigned") == 2
    unrelated = [change("notes", routes=[5]), change("notes", "D", cols=None, routes=[5]), change("notes", "I", cols=None)]
    assert "note_assigned" not in [event.event for event in events(["user/5"], *unrelated)]


def test_changes_of_one_kind_in_one_batch_are_one_event():
    event, = events(["notes"], change("notes", ids=[1]), change("notes", ids=[2, 1], cols=["number"], xid=2))
    assert (event.n, event.ids, event.cols, event.xids) == (2, [1, 2], ["price", "number"], ["1", "2"])


def test_too_many_ids_become_null():
    event, = events(["notes"], *(change("notes", ids=[number], xid=number) for number in range(201)))
    assert (event.n, event.ids, event.xids) == (201, None, None)


def test_events_of_many_frames_become_one_per_topic_event_and_operation():
    told = events(["notes"], change("notes", ids=[1])) + events(["notes"], change("notes", ids=[2])) + \
        events(["notes"], change("notes", "D", ids=[3]))
    assert [(event.op, event.ids) for event in conflated(told)] == [("U", [1, 2]), ("D", [3])]
    assert [event.ids for event in conflated(told, drop_ids=True)] == [None, None]
