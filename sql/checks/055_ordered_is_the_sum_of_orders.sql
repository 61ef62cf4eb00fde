-- A quotation row whose ordered quantity is not the sum of the order rows made of it.
SELECT q.id, q.ordered_quantity, coalesce(sum(i.quantity), 0) AS on_orders
FROM quotation_items q
LEFT JOIN (order_items i JOIN orders o ON o.id = i.order_id AND o.status <> 'cancelled') ON i.quotation_item_id = q.id
GROUP BY q.id HAVING q.ordered_quantity <> coalesce(sum(i.quantity), 0)
