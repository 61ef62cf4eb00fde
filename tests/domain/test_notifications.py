"""What rules say is told, in the transaction that makes the change, whoever makes it; nothing else can be named by a rule."""

import threading

import psycopg
import pytest

from tests.domain.trade import INVALID, refusal


@pytest.fixture
def ear(trade):
    """Makes a user with a role, and tells what that user has been told."""
    def made(role: str, **values):
        user = trade.insert("users", email=f"{trade.name('u').lower()}@example.com", name="Somebody", **values)
        trade.insert("user_roles", user_id=user, role_id=trade.one("SELECT id FROM roles WHERE name = %s", role))
        return user, lambda: [row[0] for row in trade.psql.execute(
            "SELECT title FROM notifications WHERE user_id = %s ORDER BY id", (user,))]
    return made


@pytest.fixture
def rule(trade):
    """A rule on warehouses that tells what its title says."""
    def made(**values):
        given = {"type_id": trade.one("SELECT id FROM notification_types WHERE code = 'announcement'"), "entity": "warehouses",
                 "op": "update", "title": "{code} is {name}", "recipient_column": "created_by"} | values
        return trade.insert("notification_rules", **given)
    return made


def test_who_sells_is_told_when_stock_that_was_promised_is_not_found(trade, ear):
    _, told = ear("sales")
    product = trade.product(10)
    trade.order({product: 8}, "confirm")
    for missing in (-2, -5):
        found = trade.insert("stock_adjustments", warehouse_id=trade.warehouse, reason="damaged")
        trade.insert("stock_adjustment_items", stock_adjustment_id=found, product_id=product, quantity=missing)
        trade.do("stock_adjustments", found, "post")
    name = trade.one("SELECT name FROM products WHERE id = %s", product)
    assert [each for each in told() if "short" in each] == [f"{name} is short in Main warehouse"]


def test_who_keeps_the_store_is_told_of_an_order_and_of_what_runs_low(trade, ear):
    _, told = ear("storekeeper")
    _, nobody = ear("viewer")
    product = trade.product(10)
    trade.insert("reorder_rules", product_id=product, warehouse_id=trade.warehouse, level=5, order_quantity=20)
    order = trade.order({product: 8}, "confirm")
    trade.delivery(order, None, "pick", "pack", "ship")
    name = trade.one("SELECT name FROM products WHERE id = %s", product)
    number = trade.one("SELECT number FROM orders WHERE id = %s", order)
    assert sorted(told()) == sorted([f"Order {number} is confirmed", f"Low stock: {name}"])
    body, entity, record = trade.psql.execute(
        "SELECT body, entity, record_id FROM notifications WHERE entity = 'orders' ORDER BY id DESC LIMIT 1").fetchone()
    assert (body, entity, record) == ("For Customer, from Main warehouse.", "orders", order)
    assert nobody() == []


def test_what_is_undone_was_never_told(trade, ear):
    _, told = ear("storekeeper")
    order = trade.order({trade.product(10): 1})
    with psycopg.connect(trade.url) as psql:
        psql.execute("SAVEPOINT before")
        psql.execute("UPDATE orders SET status = 'confirmed' WHERE id = %s", (order,))
        psql.execute("ROLLBACK TO before")
    assert told() == []


def test_only_the_change_that_a_rule_names_is_told(trade, ear, rule):
    _, told = ear("hr")
    role = trade.one("SELECT id FROM roles WHERE name = 'hr'")
    made = rule(changed=["name"], condition_column="hard_limit", condition_value="true", recipient_role_id=role,
                recipient_column=None)
    house = trade.insert("warehouses", code=trade.name("W"), name="One")
    update = "UPDATE warehouses SET {} WHERE id = " + str(house)
    trade.psql.execute(update.format("name = 'Two'"))
    trade.psql.execute(update.format("hard_limit = true"))
    assert told() == []
    trade.psql.execute(update.format("name = 'Three'"))
    assert [each.split(" is ")[1] for each in told()] == ["Three"]
    trade.psql.execute("UPDATE notifications SET read_at = now() WHERE read_at IS NULL")
    trade.psql.execute("UPDATE notification_rules SET enabled = false WHERE id = %s", (made,))
    trade.psql.execute(update.format("name = 'Four'"))
    assert len(told()) == 1


def test_many_records_in_one_statement_are_told_one_by_one(fresh):
    role = fresh.one("SELECT id FROM roles WHERE name = 'hr'")
    user = fresh.insert("users", email="many@example.com", name="Many")
    fresh.insert("user_roles", user_id=user, role_id=role)
    kind = fresh.one("SELECT id FROM notification_types WHERE code = 'announcement'")
    for op in ("insert", "update", "delete"):
        fresh.insert("notification_rules", type_id=kind, entity="warehouses", op=op, title=op + " {code}", recipient_role_id=role)
    fresh.psql.execute("INSERT INTO warehouses (code, name) SELECT 'M' || n, 'Many' FROM generate_series(1, 2100) n")
    fresh.psql.execute("UPDATE notifications SET read_at = now()")
    fresh.psql.execute("UPDATE warehouses SET name = 'More' WHERE name = 'Many'")
    fresh.psql.execute("UPDATE notifications SET read_at = now()")
    fresh.psql.execute("DELETE FROM warehouses WHERE name = 'More'")
    told = dict(fresh.psql.execute("SELECT split_part(title, ' ', 1), count(*) FROM notifications GROUP BY 1").fetchall())
    assert told == {"insert": 2100, "update": 2100, "delete": 2100}
    assert fresh.one("SELECT count(*) FROM notifications WHERE starts_with(title, 'delete') AND record_id IS NOT NULL") == 0


def test_whoever_a_column_names_is_told_even_through_a_reference(trade, ear, rule):
    user, told = ear("viewer")
    rule(entity="employees", op="update", title="{name} was changed", recipient_column="manager.user_id")
    boss = trade.insert("employees", code=trade.name("E"), name="Boss", user_id=user)
    trade.insert("employees", code=trade.name("E"), name="Nobody's")
    one = trade.insert("employees", code=trade.name("E"), name="One", manager_id=boss)
    trade.psql.execute("UPDATE employees SET phone = '1' WHERE id IN (%s, %s)", (one, boss))
    assert told() == ["One was changed"]


def test_what_nobody_else_would_hear_is_told_to_whoever_may_do_everything(fresh):
    user = fresh.insert("users", email="all@example.com", name="All")
    fresh.insert("user_roles", user_id=user, role_id=fresh.one("SELECT id FROM roles WHERE name = 'administrator'"))
    fresh.order({fresh.product(10): 1}, "confirm")
    assert fresh.one("SELECT array_agg(user_id) FROM notifications") == [user]
    keeper = fresh.insert("users", email="keeper@example.com", name="Keeper")
    fresh.insert("user_roles", user_id=keeper, role_id=fresh.one("SELECT id FROM roles WHERE name = 'storekeeper'"))
    fresh.order({fresh.product(10): 1}, "confirm")
    assert fresh.one("SELECT array_agg(user_id ORDER BY id) FROM notifications") == [user, keeper]


def test_the_same_is_not_told_twice_before_it_is_read(trade, ear):
    user, told = ear("storekeeper")
    order = trade.order({trade.product(10): 1}, "confirm", "hold", "resume")
    assert len(told()) == 1
    trade.psql.execute("UPDATE notifications SET read_at = now() WHERE user_id = %s", (user,))
    trade.do("orders", order, "hold", "resume")
    assert len(told()) == 2


def test_who_has_muted_a_kind_or_may_not_sign_in_is_not_told(trade, ear):
    muted, quiet = ear("storekeeper")
    kind = trade.one("SELECT id FROM notification_types WHERE code = 'order_confirmed'")
    trade.insert("notification_preferences", user_id=muted, type_id=kind)
    _, gone = ear("storekeeper", active=False)
    _, told = ear("storekeeper")
    trade.order({trade.product(10): 1}, "confirm")
    assert (quiet(), gone(), len(told())) == ([], [], 1)


def test_many_writers_at_once_tell_each_user_everything_once(trade, ear):
    _, told = ear("storekeeper")
    product = trade.product(100)
    orders = [trade.order({product: 1}) for _ in range(16)]
    threads = [threading.Thread(target=trade.do, args=("orders", order, "confirm")) for order in orders]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    confirmed = trade.one("SELECT count(*) FROM orders WHERE id = ANY(%s) AND status = 'confirmed'", orders)
    assert len(told()) == len(set(told())) == confirmed == 16


@pytest.mark.parametrize(("column", "value"), [
    ("title", "{nothing}"), ("title", "{code} {customer.name}"), ("body", "{password}"), ("condition_column", "colour"),
    ("recipient_column", "owner"), ("changed", "{{size}}"), ("entity", "notifications")])
def test_a_rule_names_only_what_there_is(trade, rule, column, value):
    made = rule()
    others = ", condition_value = 'x'" if column == "condition_column" else ""
    attack = f"UPDATE notification_rules SET {column} = '{value.replace('{{', '{').replace('}}', '}')}'{others} WHERE id = {made}"
    assert refusal(trade.url, attack) == INVALID


def test_a_rule_never_tells_a_secret(trade, rule):
    made = rule(entity="users", title="{name}", recipient_column="id")
    assert refusal(trade.url, f"UPDATE notification_rules SET title = '{{password}}' WHERE id = {made}") == INVALID
    assert refusal(trade.url, f"UPDATE notification_rules SET condition_column = 'fs_uniquifier', condition_value = 'x' "
                              f"WHERE id = {made}") == INVALID


def test_a_rule_of_records_to_come_is_kept(trade, rule):
    assert rule(entity="spaceships", title="{name} has landed", recipient_column="pilot_id")
