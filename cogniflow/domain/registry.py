"""Every area of the business, loaded so that all entities, operations and settings are known."""

from importlib import import_module
from pkgutil import iter_modules

AREAS = ("accounts", "system", "webhooks", "workspace", "people", "contacts", "catalog", "inventory", "purchasing", "sales",
         "manufacturing", "replenishment", "crm", "tasks", "branding", "content", "notifications")
"""The areas from the lowest floor to the highest."""


def load() -> None:
    """Import every room of every area: all entities, operations and settings."""
    for area in AREAS:
        package = import_module(f"cogniflow.domain.{area}")
        for room in iter_modules(package.__path__):
            import_module(f"{package.__name__}.{room.name}")
