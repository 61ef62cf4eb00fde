-- A balance whose reserved units are not the sum of its reservations.
SELECT product_id, warehouse_id, coalesce(b.reserved, 0) AS reserved, coalesce(r.promised, 0) AS promised
FROM stock_balances b
FULL JOIN (SELECT product_id, warehouse_id, sum(reserved_quantity) AS promised FROM stock_reservations GROUP BY 1, 2) r
    USING (product_id, warehouse_id)
WHERE coalesce(b.reserved, 0) <> coalesce(r.promised, 0)
