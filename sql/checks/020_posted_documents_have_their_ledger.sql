-- A posted or shipped document without exactly its ledger rows, or ledger rows of one that is not.
SELECT coalesce(m.document, l.document) AS document, coalesce(m.document_id, l.document_id) AS document_id,
       m.quantity AS owed, l.quantity AS posted
FROM (SELECT document, document_id, line_id, product_id, warehouse_id, quantity FROM cogniflow.document_movements
      WHERE posted) m
FULL JOIN stock_ledger l USING (document, document_id, line_id, product_id, warehouse_id)
WHERE m.quantity IS DISTINCT FROM l.quantity AND l.reverses_id IS NULL
