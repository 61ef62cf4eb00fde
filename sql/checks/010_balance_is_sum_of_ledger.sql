-- A balance that is not the sum of its ledger.
SELECT product_id, warehouse_id, coalesce(b.on_hand, 0) AS on_hand, coalesce(l.moved, 0) AS moved
FROM stock_balances b
FULL JOIN (SELECT product_id, warehouse_id, sum(quantity) AS moved FROM stock_ledger GROUP BY 1, 2) l USING (product_id, warehouse_id)
WHERE coalesce(b.on_hand, 0) <> coalesce(l.moved, 0)
