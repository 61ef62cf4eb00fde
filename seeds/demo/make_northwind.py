"""Writes the demonstration's SQL files from its templates and Microsoft's Northwind: `python seeds/demo/make_northwind.py`."""

import csv
import math
import re
from collections import Counter, defaultdict
from datetime import date, timedelta
from pathlib import Path

HERE = Path(__file__).parent
HEADER = """\
-- {name}: made by make_northwind.py from templates/{name} and northwind/*.csv; change those, not this file.
-- The data is Microsoft's Northwind under the Microsoft Public License (Ms-PL), see northwind/LICENSE.txt.
"""
PLACE = re.compile(r"\{\{(\w+): ([\w, ]+)\}\}")
NUMBER = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?")

COST_SHARE = {1: 0.55, 2: 0.58, 3: 0.52, 4: 0.66, 5: 0.60, 6: 0.70, 7: 0.62, 8: 0.68}
"""Cost as a share of the list price, by category."""
CHILLED = {4, 6, 8}
"""Categories whose reserve is kept cold: dairy products, meat, seafood."""
KILOGRAMS = {"kg": 1, "k": 1, "g": 0.001, "l": 1, "cl": 0.01, "ml": 0.001, "cc": 0.001, "oz": 0.02835, "lb": 0.4536}
SIZE = re.compile(rf"(?:(\d+) - )?([\d.]+) ?({'|'.join(KILOGRAMS)})\b")
OPENING = date(1996, 7, 1)
PURCHASE_LEAD = timedelta(days=21)

Rows = list[dict]


def main() -> None:
    """Write every file of the demonstration."""
    for name, text in files().items():
        (HERE / name).write_text(text, "utf-8")


def files() -> dict[str, str]:
    """The text of every file of the demonstration, by name."""
    tables = northwind()
    return {template.name: HEADER.format(name=template.name)
            + PLACE.sub(lambda place: _values(tables[place[1]], place[2].split(", ")), template.read_text("utf-8"))
            for template in sorted((HERE / "templates").glob("*.sql"))}


def northwind() -> dict[str, Rows]:
    """Northwind's tables, and what a company with these sales must have bought and stored."""
    tables = {file.stem: _read(file) for file in sorted((HERE / "northwind").glob("*.csv"))}
    orders = {row["order_id"]: row for row in tables["orders"]}
    shipped, unshipped = defaultdict(Counter), Counter()
    for line in tables["order_details"]:
        line["discount"] = round(line["discount"], 4)
        when = orders[line["order_id"]]["shipped_date"]
        if when:
            shipped[_quarter(date.fromisoformat(when))][line["product_id"]] += line["quantity"]
        else:
            unshipped[line["product_id"]] += line["quantity"]
    for product in tables["products"]:
        product.update(_derived(product, unshipped[product["product_id"]]))
    for employee in tables["employees"]:
        employee["team"] = "SALES-EU" if employee["country"] == "UK" else "SALES-NA" if employee["reports_to"] else "BOARD"
    tables["reordered_products"] = [each for each in tables["products"] if each["reorder_level"] and not each["discontinued"]]
    tables["deliveries"] = [order for order in tables["orders"] if order["shipped_date"]]
    opening, tables["opening_items"] = _opening(tables["products"], shipped.pop(OPENING))
    tables["purchases"], tables["purchase_items"] = _purchases(tables["products"], shipped)
    received = [{**purchase, "warehouse": "MAIN"} for purchase in tables["purchases"] if purchase["received_on"]]
    tables["receipts"] = [{**receipt, "receipt": number} for number, receipt in enumerate(opening + received, 1)]
    return tables


def _read(file: Path) -> Rows:
    with file.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    for column in rows[0]:
        values = [row[column].replace("\\n", ", ") for row in rows]
        numbers = all(NUMBER.fullmatch(value) for value in values if value)
        for row, value in zip(rows, values, strict=True):
            row[column] = None if value == "" else float(value) if numbers and "." in value else int(value) if numbers else value
    return rows


def _derived(product: dict, unshipped: int) -> dict:
    """What Northwind does not say of a product: cost, size, barcode, and where its stock lies."""
    size = SIZE.search(product["quantity_per_unit"])
    weight = 1.1 * int(size[1] or 1) * float(size[2]) * KILOGRAMS[size[3]] if size else 5
    stock, level = product["units_in_stock"], product["reorder_level"]
    # the picking shelves keep what open orders need, and above the level beyond that, where the stock is enough
    picking = stock if stock <= level else min(stock, max(level + 1 + unshipped, math.ceil(0.6 * stock)))
    return {
        "sku": f"NW-{product['product_id']:03}",
        "cost": round(product["unit_price"] * COST_SHARE[product["category_id"]], 2),
        "weight_kg": round(weight, 2), "volume_m3": round(weight * 0.0018, 4),
        "barcode": _ean13(f"2000000{product['product_id']:05}"),
        "picking": picking, "reserve": stock - picking,
        "reserve_warehouse": "COLD" if product["category_id"] in CHILLED else "RESERVE",
        "order_quantity": max(product["units_on_order"], 2 * product["reorder_level"], 10),
    }


def _ean13(digits: str) -> str:
    """The number with its check digit (GS1 General Specifications, 7.9)."""
    weighted = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(digits))
    return f"{digits}{-weighted % 10}"


def _quarter(day: date) -> date:
    return date(day.year, (day.month - 1) // 3 * 3 + 1, 1)


def _opening(products: Rows, first_quarter: Counter) -> tuple[Rows, Rows]:
    """The stock before the first order: what stays to the end, and what the first quarter sells."""
    rows = [row for product in products for row in (
        {**product, "warehouse": "MAIN", "quantity": product["picking"] + first_quarter[product["product_id"]]},
        {**product, "warehouse": product["reserve_warehouse"], "quantity": product["reserve"]})]
    rows = sorted((row for row in rows if row["quantity"]), key=lambda row: (row["warehouse"], row["supplier_id"]))
    heads = sorted({(row["warehouse"], row["supplier_id"]) for row in rows})
    items = [{**row, "receipt": 1 + heads.index((row["warehouse"], row["supplier_id"]))} for row in rows]
    return [{"warehouse": warehouse, "supplier_id": supplier, "received_on": OPENING, "purchase": None}
            for warehouse, supplier in heads], items


def _purchases(products: Rows, shipped: dict[date, Counter]) -> tuple[Rows, Rows]:
    """Every quarter's sales were bought before it; the units on order are still to come (`received_on` is None)."""
    bought = [({"ordered_on": quarter - PURCHASE_LEAD, "received_on": quarter}, shipped[quarter]) for quarter in sorted(shipped)]
    bought.append(({"ordered_on": date(1998, 4, 27), "received_on": None},
                   Counter({product["product_id"]: product["units_on_order"] for product in products})))
    heads, items = [], []
    for head, quantities in bought:
        for supplier in sorted({product["supplier_id"] for product in products}):
            wanted = [product["product_id"] for product in products
                      if product["supplier_id"] == supplier and quantities[product["product_id"]]]
            if wanted:
                heads.append({**head, "purchase": len(heads) + 1, "supplier_id": supplier})
                items += [{"purchase": len(heads), "product_id": each, "quantity": quantities[each]} for each in wanted]
    return heads, items


def _values(rows: Rows, columns: list[str]) -> str:
    lines = ",\n".join(f"    ({', '.join(_literal(row[column]) for column in columns)})" for row in rows)
    return f"(VALUES\n{lines}\n) AS v ({', '.join(columns)})"


def _literal(value: object) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, int | float):
        return str(value)
    return "'" + str(value).replace("'", "''") + "'"


if __name__ == "__main__":
    main()
