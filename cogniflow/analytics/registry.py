"""Every panel of the product."""

from cogniflow.analytics import delivery, inventory, manufacturing, people, sales
from cogniflow.analytics.panel import Panel


def panels() -> tuple[Panel, ...]:
    """Every panel, those of the Overview first, in its order."""
    return sales.PANELS + inventory.PANELS + delivery.PANELS + people.PANELS + manufacturing.PANELS


def panel(name: str) -> Panel:
    """The panel of this name, such as `low-stock-items`. Raises KeyError when there is none."""
    return {each.name: each for each in panels()}[name]


def default_texts() -> dict[str, str]:
    """Every text of every panel by the key of the setting that outweighs it, such as `panel.orders-today.title`."""
    return {f"panel.{each.name}.{key}": text for each in panels() for key, text in each.texts.items() if text is not None}
