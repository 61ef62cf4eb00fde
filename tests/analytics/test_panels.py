"""What counts, and what does not: at midnight, at a level, in an empty company."""

import datetime as dt

import orjson
import pytest
from sqlalchemy import func, select

from cogniflow.analytics.panel import Panel
from cogniflow.analytics.registry import default_texts, panel, panels
from cogniflow.domain.accounts.rights import Caller, Grant
from cogniflow.domain.system.models import SystemSetting
from cogniflow.errors import BadRequest, Invalid
from cogniflow.kernel.entity import entities
from tests.analytics.conftest import snapshot

FAR_EAST, FAR_WEST = "Pacific/Kiritimati", "Etc/GMT+12"
"""Twenty-six hours apart: it is never the same day in both."""
TODAY = "cogniflow.company_today()"


def test_an_empty_company_has_noughts_and_empty_lists(rows):
    assert rows("orders-today") == [{"value": 0, "previous": 0}]
    assert rows("revenue-this-month") == [{"value": "0", "previous": "0"}]
    assert rows("low-stock-count") == [{"value": 0, "watched": 0}]
    assert rows("open-deliveries") == [{"value": 0, "overdue": 0}]
    assert rows("low-stock-items") == rows("warehouse-capacity") == rows("delivery-performance") == []
    days = rows("revenue-by-day")
    assert len(days) == 90
    assert {(day["revenue"], day["orders"]) for day in days} == {("0", 0)}


@pytest.mark.parametrize("zone", [FAR_EAST, FAR_WEST])
def test_today_is_the_company_s_day(zone, company_zone, order, rows, sql):
    company_zone(zone)
    order(net=25)
    (today, month), = sql("SELECT d::text, extract(day FROM d)::int FROM (SELECT (now() AT TIME ZONE %s)::date d) t", zone)
    assert rows("orders-today")[0]["value"] == 1
    assert rows("revenue-by-day")[-1] == {"day": today, "revenue": "25", "orders": 1}
    company_zone(FAR_WEST if zone == FAR_EAST else FAR_EAST)
    assert rows("orders-today")[0]["value"] == 0


def test_a_panel_stays_right_until_the_company_s_midnight(company_zone, reader):
    company_zone(FAR_EAST)
    _, _, until = panel("orders-today").compute(reader, {})
    assert until.astimezone(dt.timezone(dt.timedelta(hours=14))).time() == dt.time(0)
    assert dt.timedelta(0) < until - dt.datetime.now(dt.UTC) <= dt.timedelta(days=1)


@pytest.mark.parametrize(("zone", "local", "judged"), [
    ("America/Los_Angeles", "23:30", "on_time"),  # already the next day in UTC
    (FAR_EAST, "23:30", "on_time"),
    (FAR_EAST, "24:30", "late"),                  # still the promised day in UTC
    (FAR_WEST, "24:30", "late"),
])
def test_a_shipment_late_in_the_evening_counts_for_the_company_s_day(zone, local, judged, company_zone, order, shipment, rows):
    company_zone(zone)
    made = order(f"{TODAY} - 9", promised_on=f"{TODAY} - 5", delivered=10, status="delivered")
    shipment(made, f"({TODAY} - 5 + interval '{local}') AT TIME ZONE '{zone}'")
    day, = rows("delivery-performance")
    assert {key: day[key] for key in ("on_time", "late")} == {"on_time": 0, "late": 0} | {judged: 1}


def test_drafts_and_cancelled_orders_are_not_sold(order, rows):
    for status in ("draft", "cancelled"):
        order(status=status, net=100)
    for status in ("confirmed", "on_hold", "closed"):
        order(status=status, net=10)
    assert rows("orders-today")[0]["value"] == 3
    assert rows("revenue-this-month")[0]["value"] == "30"
    assert rows("revenue-by-day")[-1]["revenue"] == "30"


def test_revenue_is_compared_with_last_month_up_to_the_same_day(order, rows, sql):
    (today,), = sql(f"SELECT {TODAY}")
    last_day = today.replace(day=1) - dt.timedelta(days=1)
    order(f"({TODAY} - interval '1 month')::date", net=7)
    order(f"(date_trunc('month', {TODAY}) - interval '1 day')::date", net=100)
    order(f"(date_trunc('month', {TODAY}) - interval '1 month')::date", net=3)
    order(f"(date_trunc('month', {TODAY}) - interval '1 month 1 day')::date", net=1000)
    assert rows("revenue-this-month") == [{"value": "0", "previous": "110" if today.day >= last_day.day else "10"}]


def test_amounts_are_exact_texts_without_trailing_noughts(order, rows, sql):
    made = order(net=1)
    sql("UPDATE orders SET net_total = 12345678901234.5600 WHERE id = %s", made)
    assert rows("revenue-this-month")[0]["value"] == "12345678901234.56"


def test_deliveries_are_open_while_goods_are_to_be_shipped(order, rows):
    order(promised_on=f"{TODAY}")
    order(f"{TODAY} - 3", promised_on=f"{TODAY} - 1", status="partially_delivered", delivered=4)
    order(f"{TODAY} - 3", promised_on=f"{TODAY} - 1", delivered=10)
    for status in ("draft", "on_hold", "delivered", "closed", "cancelled"):
        order(f"{TODAY} - 3", promised_on=f"{TODAY} - 1", status=status)
    assert rows("open-deliveries") == [{"value": 2, "overdue": 1}]


@pytest.mark.parametrize(("status", "delivered", "shipped", "expected"), [
    ("delivered", 10, "- 1", {"on_time": 1, "in_full": 1, "otif": 1}),
    ("delivered", 10, "+ 1", {"in_full": 1, "late": 1}),
    ("closed", 6, "- 1", {"on_time": 1}),
    ("closed", 6, "+ 1", {"late": 1}),
    ("closed", 0, None, {}),
    ("partially_delivered", 6, "- 1", {"overdue_open": 1}),
    ("confirmed", 0, None, {"overdue_open": 1}),
    ("on_hold", 0, None, {"overdue_open": 1}),
])
def test_a_due_order_is_judged_by_its_last_shipment(status, delivered, shipped, expected, order, shipment, rows):
    made = order(f"{TODAY} - 9", promised_on=f"{TODAY} - 5", status=status, delivered=delivered)
    if shipped:
        shipment(made, f"{TODAY} - 5 - 2 + time '12:00'")
        shipment(made, f"{TODAY} - 5 {shipped} + time '12:00'", "delivered")
    shipment(made, f"{TODAY} + time '12:00'", "reversed")
    day, = rows("delivery-performance")
    assert {key: value for key, value in day.items() if key != "due_on" and value} == {"due": 1} | expected


def test_an_order_due_today_is_not_overdue_yet_and_one_due_tomorrow_not_due(order, rows):
    order(promised_on=TODAY)
    order(promised_on=f"{TODAY} + 1")
    day, = rows("delivery-performance")
    assert (day["due"], day["overdue_open"]) == (1, 0)


def test_the_number_of_days_can_be_chosen(order, rows):
    order(f"{TODAY} - 9", promised_on=f"{TODAY} - 6")
    assert len(rows("delivery-performance", days=7)) == 1
    assert rows("delivery-performance", days=6) == []
    assert len(rows("revenue-by-day", days=7)) == 7


@pytest.fixture
def stock(sql):
    """Puts units of the product into the warehouse, watched at a level."""
    def put(units: int | None, level: int) -> None:
        if units is not None:
            sql("INSERT INTO stock_balances (product_id, warehouse_id, on_hand, reserved) "
                "SELECT p.id, w.id, %s, 2 FROM products p, warehouses w WHERE p.sku = 'P' AND w.code = 'W'", units)
        sql("INSERT INTO reorder_rules (product_id, warehouse_id, level, order_quantity) "
            "SELECT p.id, w.id, %s, 1 FROM products p, warehouses w WHERE p.sku = 'P' AND w.code = 'W'", level)
    return put


@pytest.mark.parametrize(("units", "level", "low"), [(13, 10, False), (12, 10, True), (2, 0, True), (None, 0, True)])
def test_stock_is_low_from_the_reorder_level_down(units, level, low, stock, rows):
    stock(units, level)
    assert rows("low-stock-count") == [{"value": int(low), "watched": 1}]
    assert len(rows("low-stock-items")) == int(low)


def test_what_is_low_tells_what_is_promised_and_what_is_coming(stock, rows, sql):
    stock(5, 10)
    sql("INSERT INTO purchase_orders (status, supplier_id, warehouse_id) "
        "SELECT 'confirmed', c.id, w.id FROM contacts c, warehouses w WHERE c.code = 'C' AND w.code = 'W'")
    sql("INSERT INTO purchase_order_items (purchase_order_id, product_id, quantity, received_quantity) "
        "SELECT o.id, p.id, 20.5, 4 FROM purchase_orders o, products p WHERE p.sku = 'P'")
    item, = rows("low-stock-items")
    figures = {key: item[key] for key in ("on_hand", "reserved", "available", "incoming", "projected", "reorder_level")}
    assert figures == {"on_hand": "5", "reserved": "2", "available": "3", "incoming": "16.5", "projected": "19.5",
                       "reorder_level": "10"}


@pytest.mark.parametrize("table", ["products", "warehouses", "reorder_rules"])
def test_what_is_archived_is_not_missed(table, stock, rows, sql):
    stock(2, 10)
    sql(f"UPDATE {table} SET archived_at = now()")
    assert rows("low-stock-items") == []
    assert rows("low-stock-count") == [{"value": 0, "watched": 0}]


@pytest.mark.parametrize(("held", "state", "percent"), [
    (84, "ok", "84"), (85, "warn", "85"), (100, "full", "100"), (125, "full", "125")])
def test_a_warehouse_says_how_full_it_is_in_every_unit_it_is_measured_in(held, state, percent, sql, rows):
    sql("UPDATE warehouses SET capacity_units = 100, capacity_kg = 1000")
    sql("UPDATE products SET weight_kg = 2.5, volume_m3 = 1")
    sql("INSERT INTO stock_balances (product_id, warehouse_id, on_hand) "
        "SELECT p.id, w.id, %s FROM products p, warehouses w", held)
    units, weight = rows("warehouse-capacity")
    assert (units["kind"], units["used"], units["capacity"], units["percent"], units["state"]) == (
        "units", str(held), "100", percent, state)
    assert (weight["kind"], weight["used"], weight["state"]) == ("kg", f"{held * 2.5:g}", "ok")


def test_an_archived_warehouse_has_no_room_to_tell_of(sql, rows):
    sql("UPDATE warehouses SET capacity_units = 100, archived_at = now()")
    assert rows("warehouse-capacity") == []


def test_the_same_rows_are_answered_and_pushed(order, database, reader):
    order(net=5)
    with database.reading() as session:
        for each in panels():
            body, token = each.answer(session, {})
            answered = orjson.loads(body)
            assert answered["data"] == snapshot(reader, each.name)["data"]
            assert answered["token"] == token
            assert dt.datetime.fromisoformat(answered["as_of"]).tzinfo == dt.UTC


def test_a_setting_outweighs_a_declared_text(reader, sql):
    sql("UPDATE system_settings SET value = '\"Bestellungen\"' WHERE key = 'panel.orders-today.title'")
    sql("UPDATE system_settings SET value = '\"Umsatz\"' WHERE key = 'panel.revenue-by-day.revenue'")
    assert snapshot(reader, "orders-today")["title"] == "Bestellungen"
    revenue = snapshot(reader, "revenue-by-day")
    assert (revenue["title"], revenue["labels"]["revenue"], revenue["params"]) == ("Revenue by day", "Umsatz", {"days": 90})


def test_amounts_are_in_the_base_currency(reader, sql):
    sql("UPDATE system_settings SET value = '\"NOK\"' WHERE key = 'company.base_currency'")
    assert snapshot(reader, "revenue-by-day")["unit"] == "NOK"
    assert snapshot(reader, "open-deliveries")["unit"] == "orders"


def test_every_text_can_be_a_setting():
    longest = SystemSetting.__table__.c.key.type.length
    assert [key for key in default_texts() if len(key) > longest] == []


def test_a_panel_reads_all_that_the_database_makes_it_of(reader):
    views = reader.execute(
        "SELECT DISTINCT c.relname FROM pg_depend d JOIN pg_rewrite r ON r.oid = d.objid JOIN pg_class c ON c.oid = d.refobjid "
        "WHERE r.ev_class = 'cogniflow.stock_position'::regclass AND c.relkind = 'r'").fetchall()
    in_query = {"products", "warehouses", "reorder_rules", "system_settings"}
    assert panel("low-stock-items").reads == {name for name, in views} | in_query


def test_every_table_a_panel_reads_is_watched_by_the_feed():
    watched = {each.__tablename__ for each in entities()}
    for each in panels():
        assert each.reads | each.permission <= watched


@pytest.mark.parametrize(("name", "needed"), [
    ("orders-today", {"orders"}), ("revenue-this-month", {"orders"}), ("revenue-by-day", {"orders"}),
    ("low-stock-count", {"products", "warehouses", "reorder_rules", "stock_balances"}),
    ("low-stock-items", {"products", "warehouses", "reorder_rules", "stock_balances"}),
    ("warehouse-capacity", {"products", "warehouses", "stock_balances"}), ("open-deliveries", {"orders", "order_items"}),
    ("delivery-performance", {"orders", "order_items", "goods_delivery_notes"}),
    ("upcoming-leaves", {"leave_requests", "leave_types", "employees", "departments"}),
])
def test_only_who_may_read_all_that_a_panel_shows_may_see_it(name, needed):
    assert panel(name).permission == needed
    assert panel(name).visible_to(reading(needed))
    for missing in needed:
        assert not panel(name).visible_to(reading(needed - {missing}))
        assert not panel(name).visible_to(reading(needed, own={missing}))


def test_a_panel_of_one_s_own_is_computed_for_its_user_and_shown_to_no_program(reader, database):
    own = Panel("who", "Who looks", lambda user: select(user.label("value")), scope="user")
    assert own.scope_of(Caller("anna", 7)) == "7"
    body, _, _ = own.compute(reader, {}, "7")
    with database.reading() as session:
        answered, _ = own.answer(session, {}, "7")
    assert orjson.loads(body)["data"] == orjson.loads(answered)["data"] == [{"value": 7}]
    assert own.visible_to(Caller("anna", 7)) and not own.visible_to(Caller("a program"))
    assert panel("orders-today").scope_of(Caller("anna", 7)) == ""


def test_another_query_or_another_text_is_another_definition():
    first, second = (Panel("a", title, lambda: select(func.count().label("value"))) for title in ("A", "B"))
    other = Panel("a", "A", lambda: select(func.sum(1).label("value")))
    again = Panel("a", "A", lambda: select(func.count().label("value")))
    assert len({first.definition, second.definition, other.definition}) == 3
    assert first.definition == again.definition


def reading(names: set[str], own: set[str] = frozenset()) -> Caller:
    """A caller who may read these entities, of some only their own records."""
    return Caller("test", grants=tuple(Grant(name, frozenset({"read"}), frozenset(), name in own) for name in names))


@pytest.mark.parametrize(("given", "error"), [
    ({"weeks": "3"}, BadRequest), ({"days": "0"}, Invalid), ({"days": "3661"}, Invalid), ({"days": "-1"}, Invalid),
    ({"days": "ten"}, Invalid), ({"days": ""}, Invalid), ({"days": "٣"}, Invalid), ({"days": "9" * 400}, Invalid),
])
def test_a_parameter_that_makes_no_sense_is_refused(given, error):
    performance: Panel = panel("delivery-performance")
    with pytest.raises(error):
        performance.parse(given)
    assert performance.accepts(given) is None


def test_a_parameter_is_written_in_one_way_however_it_was_given():
    assert panel("delivery-performance").accepts({"days": "007"}) == {"days": "7"}
    assert panel("delivery-performance").accepts({}) == {}
