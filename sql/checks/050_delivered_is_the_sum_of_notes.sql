-- An order row whose delivered quantity is not the sum of what its shipped notes took.
SELECT i.id, i.delivered_quantity, coalesce(sum(-l.quantity), 0) AS shipped
FROM order_items i
LEFT JOIN gdn_items g ON g.order_item_id = i.id
LEFT JOIN stock_ledger l ON l.document = 'goods_delivery_notes' AND l.line_id = g.id
GROUP BY i.id HAVING i.delivered_quantity <> coalesce(sum(-l.quantity), 0)
