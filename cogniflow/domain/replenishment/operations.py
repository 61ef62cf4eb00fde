"""What is done with replenishment suggestions."""

import datetime as dt

from sqlalchemy import Date, func, select
from sqlalchemy.orm import Session

from cogniflow.domain.catalog.models import Product, ProductSupplier
from cogniflow.domain.purchasing.models import PurchaseOrder, PurchaseOrderItem
from cogniflow.domain.replenishment.models import ReorderRule, ReplenishmentSuggestion
from cogniflow.errors import Conflict
from cogniflow.kernel.lifecycle import derived_moves
from cogniflow.kernel.operation import operation

derived_moves(ReplenishmentSuggestion, ("open", "resolved"))


@operation(ReplenishmentSuggestion, "accept", moves={"open": "accepted"}, role="manager")
def accept_suggestion(session: Session, suggestion: ReplenishmentSuggestion) -> ReplenishmentSuggestion:
    """Draft a purchase order of what is suggested, with the rule's supplier or the product's preferred one."""
    rule = session.get_one(ReorderRule, suggestion.reorder_rule_id)
    offer = _preferred_offer(session, rule)
    supplier_id = rule.supplier_id or (offer and offer.supplier_id)
    if supplier_id is None:
        raise Conflict("Neither the reorder rule nor the product names a supplier.")
    today = session.scalar(select(func.cogniflow.company_today(type_=Date)))
    order = PurchaseOrder(supplier_id=supplier_id, warehouse_id=rule.warehouse_id,
                          expected_on=today + dt.timedelta(days=offer.lead_days) if offer else None)
    quantity = max(suggestion.quantity, offer.minimum_quantity) if offer else suggestion.quantity
    cost = offer.price if offer else session.get_one(Product, rule.product_id).cost
    session.add(order)
    session.add(PurchaseOrderItem(purchase_order=order, position=1, product_id=rule.product_id, quantity=quantity,
                                  unit_cost=cost))
    suggestion.purchase_order = order
    return suggestion


@operation(ReplenishmentSuggestion, "dismiss", moves={"open": "dismissed"}, role="manager")
def dismiss_suggestion(session: Session, suggestion: ReplenishmentSuggestion, *, until: dt.date) -> ReplenishmentSuggestion:
    """Order nothing now; the suggestion is not raised again before the day given."""
    suggestion.dismissed_until = until
    return suggestion


def _preferred_offer(session: Session, rule: ReorderRule) -> ProductSupplier | None:
    offers = select(ProductSupplier).where(ProductSupplier.product_id == rule.product_id)
    if rule.supplier_id:
        offers = offers.where(ProductSupplier.supplier_id == rule.supplier_id)
    return session.scalar(offers.order_by(ProductSupplier.position, ProductSupplier.id).limit(1))
