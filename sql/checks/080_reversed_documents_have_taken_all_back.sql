-- A reversed note whose movements are not all taken back, or a movement taken back of one that is not reversed.
SELECT l.document, l.document_id, sum(l.quantity) AS left_in_stock
FROM stock_ledger l
JOIN (SELECT 'goods_delivery_notes' AS document, id, status FROM goods_delivery_notes UNION ALL
      SELECT 'goods_receipt_notes', id, status FROM goods_receipt_notes) n ON n.document = l.document AND n.id = l.document_id
GROUP BY 1, 2, n.status
HAVING (n.status = 'reversed') <> (sum(l.quantity) = 0 AND bool_or(l.reverses_id IS NOT NULL))
