-- An open row of a confirmed order that neither has its goods reserved nor waits for them, or a reservation of one that is not open.
SELECT d.order_id, coalesce(d.line_id, r.line_id) AS line_id, d.quantity AS still_open, r.quantity AS awaited
FROM cogniflow.order_demand d
FULL JOIN (SELECT * FROM stock_reservations WHERE document = 'orders') r USING (line_id)
WHERE coalesce(d.quantity, 0) <> coalesce(r.quantity, 0)
