"""What a product is made of, and how much of it can be made now."""

from cogniflow.analytics.panel import Panel, WholeNumber
from cogniflow.domain.manufacturing.queries import can_build, explosion

BILL = {"bill_of_materials_id": WholeNumber(1, most=99_999_999)}

PANELS = (
    Panel("bom-explosion", "Made of", explosion, unit="units", parameters=BILL | {"quantity": WholeNumber(1, most=1_000_000)},
          labels={"note": "To make {quantity}", "empty": "It has no components yet.", "level": "Level", "name": "Component",
                  "sku": "SKU", "quantity": "Needed", "unit": "Unit", "made": "Made here"}),
    Panel("can-build", "Can be built", can_build, unit="units", parameters=BILL, labels={
        "note": "Of what is available in each warehouse", "empty": "It takes nothing from stock.", "warehouse": "Warehouse",
        "units": "Units", "limited_by": "Limited by"}),
)
