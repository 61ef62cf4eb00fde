BEGIN;
SET LOCAL client_encoding = 'UTF8';

-- Two transfers from the reserve to the picking shelves: one has arrived, one is being put together.
INSERT INTO stock_transfers (uid, from_warehouse_id, to_warehouse_id, expected_on, shipped_at, received_at, note)
SELECT md5('northwind.transfer.' || v.number)::uuid, f.id, t.id, cogniflow.company_today() + v.days,
       now() - v.shipped, now() - v.received, v.note
FROM (VALUES (1, -1, interval '2 days', interval '1 day', 'Weekly replenishment of the picking shelves.'),
             (2, 2, NULL, NULL, 'For the orders that are due this week.')) AS v (number, days, shipped, received, note)
JOIN warehouses f ON f.uid = md5('northwind.warehouse.RESERVE')::uuid
JOIN warehouses t ON t.uid = md5('northwind.warehouse.MAIN')::uuid
ON CONFLICT DO NOTHING;

INSERT INTO stock_transfer_items (uid, stock_transfer_id, position, product_id, quantity)
SELECT md5('northwind.transfer_item.' || v.number || '.' || p.id)::uuid, t.id, v.place, p.id, v.quantity
FROM (SELECT b.product_id, 1 + (row_number() OVER (ORDER BY b.available DESC, b.product_id) - 1) / 3 AS number,
             row_number() OVER (ORDER BY b.available DESC, b.product_id) AS place, floor(b.available / 4) AS quantity
      FROM stock_balances b JOIN warehouses w ON w.id = b.warehouse_id
      WHERE w.uid = md5('northwind.warehouse.RESERVE')::uuid ORDER BY b.available DESC, b.product_id LIMIT 6) AS v
JOIN products p ON p.id = v.product_id
JOIN stock_transfers t ON t.uid = md5('northwind.transfer.' || v.number)::uuid
WHERE t.created_at = now()
ON CONFLICT DO NOTHING;

UPDATE stock_transfers SET status = 'in_transit' WHERE status = 'draft' AND uid = md5('northwind.transfer.1')::uuid AND created_at = now();
SELECT cogniflow.post_movements('stock_transfers', array_agg(id)) AS posted
FROM stock_transfers WHERE status = 'in_transit' AND uid = md5('northwind.transfer.1')::uuid AND created_at = now() HAVING count(*) > 0;
UPDATE stock_transfers SET status = 'received' WHERE status = 'in_transit' AND uid = md5('northwind.transfer.1')::uuid AND created_at = now();
SELECT cogniflow.post_movements('stock_transfers', array_agg(id)) AS posted
FROM stock_transfers WHERE status = 'received' AND uid = md5('northwind.transfer.1')::uuid AND created_at = now() HAVING count(*) > 0;

-- The cold store is being counted; what was found is looked at before it enters the books.
INSERT INTO stock_counts (uid, warehouse_id, note)
SELECT md5('northwind.count.1')::uuid, id, 'Monthly count of the cold store.' FROM warehouses WHERE uid = md5('northwind.warehouse.COLD')::uuid
ON CONFLICT DO NOTHING;

INSERT INTO stock_count_items (uid, stock_count_id, position, product_id, counted_quantity)
SELECT md5('northwind.count_item.1.' || b.product_id)::uuid, c.id, row_number() OVER (ORDER BY b.product_id), b.product_id,
       b.on_hand - CASE row_number() OVER (ORDER BY b.product_id) WHEN 2 THEN 1 WHEN 5 THEN -2 ELSE 0 END
FROM stock_counts c JOIN stock_balances b ON b.warehouse_id = c.warehouse_id AND b.on_hand > 0
WHERE c.uid = md5('northwind.count.1')::uuid AND c.created_at = now()
ON CONFLICT DO NOTHING;

UPDATE stock_counts SET status = 'counting' WHERE status = 'draft' AND uid = md5('northwind.count.1')::uuid AND created_at = now();
UPDATE stock_counts SET status = 'review' WHERE status = 'counting' AND uid = md5('northwind.count.1')::uuid AND created_at = now();

-- Two cases of one product stood on the shelf of another: the books are put right; and a breakage waits to be entered.
INSERT INTO stock_adjustments (uid, warehouse_id, reason, posted_at, note)
SELECT md5('northwind.adjustment.' || v.number)::uuid, w.id, v.reason, v.posted, v.note
FROM (VALUES (1, 'mislabelled', now() - interval '3 hours', 'Found on the wrong shelf.'),
             (2, 'damaged', NULL, 'Dropped while loading.')) AS v (number, reason, posted, note)
JOIN warehouses w ON w.uid = md5('northwind.warehouse.MAIN')::uuid
ON CONFLICT DO NOTHING;

INSERT INTO stock_adjustment_items (uid, stock_adjustment_id, position, product_id, quantity)
SELECT md5('northwind.adjustment_item.' || v.number || '.' || v.product)::uuid, a.id, v.place, p.id, v.quantity
FROM (VALUES (1, 1, 55, -2), (1, 2, 75, 2), (2, 1, 61, -1)) AS v (number, place, product, quantity)
JOIN products p ON p.uid = md5('northwind.product.' || v.product)::uuid
JOIN stock_adjustments a ON a.uid = md5('northwind.adjustment.' || v.number)::uuid
WHERE a.created_at = now()
ON CONFLICT DO NOTHING;

UPDATE stock_adjustments SET status = 'posted' WHERE status = 'draft' AND uid = md5('northwind.adjustment.1')::uuid AND created_at = now();
SELECT cogniflow.post_movements('stock_adjustments', array_agg(id)) AS posted
FROM stock_adjustments WHERE status = 'posted' AND uid = md5('northwind.adjustment.1')::uuid AND created_at = now() HAVING count(*) > 0;

-- Last quarter is settled.
INSERT INTO stock_periods (uid, name, starts_on, ends_on)
SELECT md5('northwind.period.' || v.back)::uuid, 'Quarter ' || to_char(v.first, 'Q YYYY'), v.first, (v.first + interval '3 months')::date - 1
FROM (SELECT back, (date_trunc('quarter', cogniflow.company_today()::timestamp) - back * interval '3 months')::date AS first
      FROM generate_series(0, 2) back) AS v
ON CONFLICT DO NOTHING;
UPDATE stock_periods SET status = 'closed' WHERE status = 'open' AND uid = md5('northwind.period.2')::uuid AND created_at = now();

-- Customers with a credit limit that their open orders keep.
UPDATE contacts c SET credit_limit = v.credit
FROM (VALUES ('ERNSH', 60000), ('QUICK', 50000), ('SAVEA', 50000), ('RATTC', 25000)) AS v (code, credit)
WHERE c.uid = md5('northwind.customer.' || v.code)::uuid AND c.version = 1;
COMMIT;
