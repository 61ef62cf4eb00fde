"""Valid values for a new record of any entity, made from its columns: for REST bodies and admin forms alike."""

import datetime as dt
from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

from sqlalchemy import Boolean, Column, Date, DateTime, Integer, Numeric
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from cogniflow.kernel.entity import Entity, entity_of, references, writable
from cogniflow.kernel.fields import SLUG
from cogniflow.records.parse import is_required

Create = Callable[[type[Entity], dict[str, Any]], dict[str, Any]]
Operate = Callable[[type[Entity], int, str], dict[str, Any]]


class Values:
    """Makes values that no other record has; `create` writes what is referred to, `operate` does its verbs.

    Both return the record as REST tells it.
    """

    def __init__(self, create: Create, operate: Operate):
        self._create, self._operate = create, operate
        self._numbers: Iterator[int] = count(1)

    def of(self, entity: type[Entity], *, optional: bool = False) -> dict[str, Any]:
        """Values for what a new record must have; with `optional` also for what it may have."""
        agreeing = self._agreeing(entity)
        return agreeing | {column.key: self.value(entity, column) for column in writable(entity)
                           if column.key not in agreeing and (is_required(column) or (optional and not column.foreign_keys))}

    def value(self, entity: type[Entity], column: Column) -> Any:
        """One value for a column, as JSON has it; a reference is to a record made for it."""
        kind, number = column.type, next(self._numbers)
        if column.foreign_keys:
            target = references(entity)[column.key.removesuffix("_id")]
            needed = {needs: True} if (needs := column.info.get("needs")) else {}
            return self._create(target, self.of(target) | needed)["id"]
        if choices := column.info.get("choices"):
            return choices[-1]
        if shape := column.info.get("shape"):
            return f"{shape.example}-{number}" if shape is SLUG else shape.example
        if column.key == "email":
            return f"person.{number}@example.com"
        if column.key == "day":
            return str(dt.date(2024, 2, 29) + dt.timedelta(number))
        if column.key == "channels":
            return ["bell"]
        if column.key == "topics":
            return ["currencies"]
        if column.key == "events":
            return ["currencies_updated"]
        if column.key == "arguments":
            return f"q={number}"
        if column.key == "entity":
            return f"table_{number}"
        for each, value in ((Boolean, True), (Integer, 1), (Numeric, "1"), (Date, "2024-02-29"), (JSONB, {"number": number}),
                            (DateTime, "2024-02-29T12:30:00.123456Z"), (ARRAY, ["read"])):
            if isinstance(kind, each):
                return value
        return f"{column.key.replace('_', ' ')} {number} ü€"[:getattr(kind, "length", None) or 200]

    def _agreeing(self, entity: type[Entity]) -> dict[str, Any]:
        """What the database wants to agree: what is of a record names one, an assembly is by an active bill, text is read on its
        colour, a delivery note is of a confirmed order, its lines are of that order's."""
        if entity.resource.of_record:
            record = entity_of("currencies")
            return {"entity": record.__tablename__, "record_id": self._create(record, self.of(record))["id"]}
        if entity.__tablename__ == "notification_rules":
            return {"recipient_column": "user_id"}
        if entity.__tablename__ == "assembly_orders":
            bills, lines = map(entity_of, ("bill_of_materials", "bom_items"))
            line = self._create(lines, self.of(lines))
            return {"bill_of_materials_id": self._operate(bills, line["bill_of_materials_id"], "activate")["id"]}
        if entity.__tablename__ == "branding_template_versions":
            return {"colour": "#123456", "text_colour": "#ffffff", "dark_colour": "#ffe066", "dark_text_colour": "#000000"}
        if entity.__tablename__ not in ("goods_delivery_notes", "gdn_items"):
            return {}
        orders, lines, notes = map(entity_of, ("orders", "order_items", "goods_delivery_notes"))
        order = self._create(orders, self.of(orders))
        line = self._create(lines, self.of(lines) | {"order_id": order["id"]})
        self._operate(orders, order["id"], "confirm")
        of_order = {"order_id": order["id"], "warehouse_id": order["warehouse_id"]}
        if entity is notes:
            return of_order
        return {"goods_delivery_note_id": self._create(notes, of_order)["id"], "order_item_id": line["id"],
                "product_id": line["product_id"]}
