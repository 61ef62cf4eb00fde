"""The Overview: how the company is doing now."""

from dash_apps.cards import Row, chart, number, rows
from dash_apps.charts import DELIVERY_PERFORMANCE, REVENUE_BY_DAY, WAREHOUSE_CAPACITY

LOW_STOCK_COLUMNS = {"name": "item sku warehouse", "available": "number", "reorder_level": "number", "incoming": "number",
                     "cover": "meter available/reorder_level"}


def cards() -> list[Row]:
    """The rows of cards."""
    return [
        ("cf-grid cf-grid-4", [number("orders-today", records="orders"), number("revenue-this-month", records="orders"),
                               number("low-stock-count", records="reorder_rules"), number("open-deliveries", records="orders")]),
        ("cf-grid cf-grid-3", [chart(REVENUE_BY_DAY, wide=True), chart(WAREHOUSE_CAPACITY)]),
        ("cf-grid cf-grid-2", [rows("low-stock-items", LOW_STOCK_COLUMNS, height=335), chart(DELIVERY_PERFORMANCE)]),
    ]
