"""A lead goes through stages in any order, is won by its conversion alone and lost for a reason, whatever the door."""

import psycopg
import pytest

from cogniflow.errors import Conflict, Invalid
from cogniflow.realtime.changes import Change
from cogniflow.realtime.topics import EventsByTopic
from cogniflow.records.subscriptions import event_map
from tests.domain.trade import CONFLICT, DENIED, at_once, raised, refusal

HISTORY = """SELECT f.name, t.name, h.reason FROM lead_stage_history h LEFT JOIN pipeline_stages f ON f.id = from_stage_id
             JOIN pipeline_stages t ON t.id = to_stage_id WHERE lead_id = %s ORDER BY h.id"""
STAGE = "SELECT name FROM pipeline_stages p JOIN leads l ON l.stage_id = p.id WHERE l.id = %s"


@pytest.fixture
def stages(trade) -> dict[str, int]:
    """The ids of the stages by name."""
    return dict(trade.psql.execute("SELECT name, id FROM pipeline_stages").fetchall())


def test_every_move_is_kept_whoever_makes_it(trade, stages):
    lead = trade.insert("leads", title="Tea for an office")
    trade.do("leads", lead, "move", stage_id=stages["Negotiation"])
    trade.psql.execute("UPDATE leads SET stage_id = %s WHERE id = %s", (stages["Qualified"], lead))
    trade.do("leads", lead, "lose", reason="Drinks coffee")
    trade.do("leads", lead, "move", stage_id=stages["New"])
    assert trade.psql.execute(HISTORY, (lead,)).fetchall() == [
        (None, "New", None), ("New", "Negotiation", None), ("Negotiation", "Qualified", None),
        ("Qualified", "Lost", "Drinks coffee"), ("Lost", "New", None)]
    assert trade.one("SELECT lost_reason FROM leads WHERE id = %s", lead) is None


def test_the_history_is_written_by_the_database_alone(trade, stages):
    lead = trade.insert("leads", title="Tea")
    for attack in (f"INSERT INTO lead_stage_history (lead_id, to_stage_id) VALUES ({lead}, {stages['New']})",
                   "UPDATE lead_stage_history SET reason = 'x'", "DELETE FROM lead_stage_history"):
        assert refusal(trade.url, attack) == DENIED


@pytest.mark.parametrize("attack", [
    "UPDATE leads SET stage_id = {Won} WHERE id = {lead}",
    "UPDATE leads SET stage_id = {Won}, converted_at = now() WHERE id = {lead}",
    "UPDATE leads SET stage_id = {Won}, contact_id = {contact} WHERE id = {lead}",
    "UPDATE leads SET converted_at = now() WHERE id = {lead}",
    "UPDATE leads SET stage_id = {Lost} WHERE id = {lead}",
    "UPDATE leads SET stage_id = {Lost}, lost_reason = ' ' WHERE id = {lead}",
    "INSERT INTO leads (title, stage_id, contact_id, converted_at) VALUES ('x', {Won}, {contact}, now())",
    "INSERT INTO leads (title, stage_id, lost_reason) VALUES ('x', {Lost}, 'x')",
    "UPDATE pipeline_stages SET kind = 'won' WHERE id = {New}",
])
def test_a_lead_is_neither_won_nor_lost_by_the_way(trade, stages, attack):
    lead = trade.insert("leads", title="Tea")
    refused = refusal(trade.url, attack.format(lead=lead, contact=trade.customer, **stages))
    assert refused == CONFLICT


def test_conversion_makes_a_contact_and_a_quotation_once(trade):
    lead = trade.insert("leads", title="Tea for an office", company="Office Ltd", person="Ada", email="ada@office.example")
    won = trade.do("leads", lead, "convert", quotation=True)
    made = trade.one("SELECT row(name, kind, is_customer, person, email)::text FROM contacts WHERE id = %s", won.contact_id)
    assert made == '("Office Ltd",organisation,t,Ada,ada@office.example)'
    assert trade.one("SELECT customer_id FROM quotations WHERE id = %s", won.quotation_id) == won.contact_id
    assert trade.one(STAGE, lead) == "Won"
    with pytest.raises(Conflict, match="converted already"):
        trade.do("leads", lead, "convert", quotation=True)
    assert trade.one("SELECT count(*) FROM quotations WHERE customer_id = %s", won.contact_id) == 1


def test_conversion_finds_the_contact_there_is(trade):
    known = trade.insert("contacts", name="Known", email="Known@Example.com")
    by_mail = trade.do("leads", trade.insert("leads", title="By mail", email="known@example.com"), "convert")
    said = trade.do("leads", trade.insert("leads", title="As said"), "convert", contact_id=trade.customer)
    assert (by_mail.contact_id, said.contact_id) == (known, trade.customer)
    assert trade.one("SELECT is_customer FROM contacts WHERE id = %s", known)
    with pytest.raises(Invalid):
        trade.do("leads", trade.insert("leads", title="Nobody"), "convert", contact_id=10**12)


def test_sixteen_who_convert_at_once_make_one_customer(trade):
    lead = trade.insert("leads", title="Tea", company="Sixteen Ltd")
    results = at_once(lambda _: trade.do("leads", lead, "convert", quotation=True))
    assert len(raised(results)) == 15 and all(isinstance(each, Conflict) for each in raised(results))
    assert trade.one("SELECT count(*) FROM contacts WHERE name = 'Sixteen Ltd'") == 1


def test_a_won_lead_stays_won(trade, stages):
    lead = trade.insert("leads", title="Tea", company="Won Ltd")
    trade.do("leads", lead, "convert")
    for verb, options in (("move", {"stage_id": stages["New"]}), ("lose", {"reason": "x"})):
        with pytest.raises(Conflict):
            trade.do("leads", lead, verb, **options)
    for attack in ("UPDATE leads SET stage_id = {New}, converted_at = NULL WHERE id = {lead}",
                   "UPDATE leads SET contact_id = {contact} WHERE id = {lead}", "DELETE FROM leads WHERE id = {lead}"):
        assert refusal(trade.url, attack.format(lead=lead, contact=trade.customer, **stages)) == CONFLICT
    trade.psql.execute("UPDATE leads SET note = 'Pays well' WHERE id = %s", (lead,))


def test_a_lost_lead_is_not_moved_to_won_or_lost_by_the_verb_move(trade, stages):
    lead = trade.insert("leads", title="Tea")
    for stage in ("Won", "Lost"):
        with pytest.raises(Conflict):
            trade.do("leads", lead, "move", stage_id=stages[stage])
    with pytest.raises(Invalid):
        trade.do("leads", lead, "lose")


def test_what_is_to_be_done_is_done_once(trade):
    activity = trade.insert("lead_activities", lead_id=trade.insert("leads", title="Tea"), subject="Call")
    assert trade.do("lead_activities", activity, "complete").done_at is not None
    with pytest.raises(Conflict):
        trade.do("lead_activities", activity, "complete")


def test_whoever_is_to_look_after_a_lead_hears_of_it(trade):
    user = trade.insert("users", email=f"{trade.name('u').lower()}@example.com", name="Seller")
    seller = trade.insert("employees", code=trade.name("E"), name="Seller")
    lead = trade.insert("leads", title="Tea")

    def heard(change: str, *values: int) -> list[tuple]:
        before = trade.one("SELECT max(id) FROM cogniflow.change_log")
        trade.psql.execute(change, values)
        changes = [Change(*row) for row in trade.psql.execute(
            "SELECT id, xid::text::bigint, tbl, op, n, ids, cols, routes FROM cogniflow.change_log "
            "WHERE id > %s AND tbl = 'leads' ORDER BY id", (before,))]
        topic = f"user/{user}"
        return [(event.event, event.ids) for event in EventsByTopic(changes, event_map(()), frozenset({topic})).of((topic,))]

    assert heard("UPDATE leads SET assigned_to_id = %s WHERE id = %s", seller, lead) == []
    assert ("leads_updated", [lead]) in heard("UPDATE employees SET user_id = %s WHERE id = %s", user, seller)
    assert heard("UPDATE leads SET note = 'x' WHERE id = %s", lead) == [("leads_updated", [lead])]
    assert heard("UPDATE leads SET assigned_to_id = NULL WHERE id = %s", lead) == [
        ("lead_assigned", [lead]), ("leads_updated", [lead])]
    assert heard("INSERT INTO leads (title, assigned_to_id) VALUES ('Coffee', %s)", seller)[0][0] == "lead_assigned"
    assert trade.one("SELECT title FROM notifications WHERE user_id = %s", user) == "Your lead: Coffee"


def test_without_its_guard_a_lead_would_be_won_by_the_way(fresh):
    lead = fresh.insert("leads", title="Tea")
    attack = f"UPDATE leads SET stage_id = (SELECT id FROM pipeline_stages WHERE kind = 'won') WHERE id = {lead}"
    assert refusal(fresh.url, attack) == CONFLICT
    with psycopg.connect(fresh.owner_url) as owner:
        owner.execute("DROP TRIGGER cogniflow_40_lead ON leads")
    assert refusal(fresh.url, attack) is None
