-- A series whose counter is not the number of documents that carry one of its numbers.
WITH given(entity, documents) AS (
    SELECT 'quotations', count(*) FROM quotations WHERE number IS NOT NULL UNION ALL
    SELECT 'orders', count(*) FROM orders WHERE number IS NOT NULL UNION ALL
    SELECT 'purchase_orders', count(*) FROM purchase_orders WHERE number IS NOT NULL UNION ALL
    SELECT 'goods_delivery_notes', count(*) FROM goods_delivery_notes WHERE number IS NOT NULL UNION ALL
    SELECT 'goods_receipt_notes', count(*) FROM goods_receipt_notes WHERE number IS NOT NULL UNION ALL
    SELECT 'gdn_reversals', count(*) FROM goods_delivery_notes WHERE reversal_number IS NOT NULL UNION ALL
    SELECT 'grn_reversals', count(*) FROM goods_receipt_notes WHERE reversal_number IS NOT NULL UNION ALL
    SELECT 'stock_transfers', count(*) FROM stock_transfers WHERE number IS NOT NULL UNION ALL
    SELECT 'stock_counts', count(*) FROM stock_counts WHERE number IS NOT NULL UNION ALL
    SELECT 'stock_adjustments', count(*) FROM stock_adjustments WHERE number IS NOT NULL UNION ALL
    SELECT 'assembly_orders', count(*) FROM assembly_orders WHERE number IS NOT NULL)
SELECT entity, documents, coalesce(sum(last), 0) AS numbers
FROM given LEFT JOIN cogniflow.number_counters USING (entity) GROUP BY 1, 2
HAVING documents <> coalesce(sum(last), 0)
