BEGIN;
SET LOCAL client_encoding = 'UTF8';

-- Every quarter's goods were ordered three weeks before it; what has no day of receipt is still to come.
INSERT INTO purchase_orders (uid, supplier_id, warehouse_id, ordered_on, expected_on, external_number)
SELECT md5('northwind.purchase.' || v.purchase)::uuid, c.id, w.id, v.ordered_on::date + s.days,
       coalesce(v.received_on::date, date '1998-05-20') + s.days, 'NWP-' || lpad(v.purchase::text, 4, '0')
FROM {{purchases: purchase, supplier_id, ordered_on, received_on}}
CROSS JOIN cogniflow.demo_shift s
JOIN contacts c ON c.uid = md5('northwind.supplier.' || v.supplier_id)::uuid
JOIN warehouses w ON w.uid = md5('northwind.warehouse.MAIN')::uuid
ORDER BY v.purchase
ON CONFLICT DO NOTHING;

INSERT INTO purchase_order_items (uid, purchase_order_id, position, product_id, quantity, unit_cost)
SELECT md5('northwind.purchase_item.' || v.purchase || '.' || v.product_id)::uuid, o.id,
       row_number() OVER (PARTITION BY o.id ORDER BY v.product_id), p.id, v.quantity, p.cost
FROM {{purchase_items: purchase, product_id, quantity}}
JOIN purchase_orders o ON o.uid = md5('northwind.purchase.' || v.purchase)::uuid
JOIN products p ON p.uid = md5('northwind.product.' || v.product_id)::uuid
WHERE o.status = 'draft'
ORDER BY v.purchase, v.product_id
ON CONFLICT DO NOTHING;

-- one by one in the order of their dates: a number is given to each row when it is met
SET LOCAL enable_hashjoin = off;
SET LOCAL enable_mergejoin = off;
UPDATE purchase_orders SET status = 'confirmed'
FROM (SELECT id FROM purchase_orders WHERE status = 'draft' AND uid = ANY (ARRAY(
          SELECT md5('northwind.purchase.' || n)::uuid FROM generate_series(1, 999) n)) ORDER BY ordered_on, id) due
WHERE purchase_orders.id = due.id;
SET LOCAL enable_hashjoin = on;
SET LOCAL enable_mergejoin = on;

-- What came with a purchase order, and before the first order, without one, what lay in the warehouses.
INSERT INTO goods_receipt_notes (uid, supplier_id, purchase_order_id, warehouse_id, expected_on, external_number, received_at, posted_at)
SELECT md5('northwind.receipt.' || v.receipt)::uuid, c.id, o.id, w.id, v.received_on::date + s.days,
       CASE WHEN o.id IS NULL THEN 'OPENING-' ELSE 'NWD-' END || lpad(v.receipt::text, 4, '0'), m.moment, m.moment
FROM {{receipts: receipt, warehouse, supplier_id, purchase, received_on}}
CROSS JOIN cogniflow.demo_shift s
CROSS JOIN LATERAL (SELECT (v.received_on::date + s.days + time '08:00') AT TIME ZONE cogniflow.company_timezone()) AS m (moment)
JOIN contacts c ON c.uid = md5('northwind.supplier.' || v.supplier_id)::uuid
JOIN warehouses w ON w.uid = md5('northwind.warehouse.' || v.warehouse)::uuid
LEFT JOIN purchase_orders o ON o.uid = md5('northwind.purchase.' || v.purchase)::uuid
-- not left to ON CONFLICT: a second note is refused before it is found to exist, for its order is received
WHERE NOT EXISTS (SELECT FROM goods_receipt_notes g WHERE g.uid = md5('northwind.receipt.' || v.receipt)::uuid)
ORDER BY v.receipt;

INSERT INTO grn_items (uid, goods_receipt_note_id, position, product_id, quantity, accepted_quantity, unit_cost)
SELECT md5('northwind.receipt_item.' || v.receipt || '.' || v.product_id)::uuid, g.id,
       row_number() OVER (PARTITION BY g.id ORDER BY v.product_id), p.id, v.quantity, v.quantity, p.cost
FROM {{opening_items: receipt, product_id, quantity}}
JOIN goods_receipt_notes g ON g.uid = md5('northwind.receipt.' || v.receipt)::uuid
JOIN products p ON p.uid = md5('northwind.product.' || v.product_id)::uuid
WHERE g.status = 'draft'
ORDER BY v.receipt, v.product_id
ON CONFLICT DO NOTHING;

INSERT INTO grn_items (uid, goods_receipt_note_id, position, purchase_order_item_id, product_id, quantity, accepted_quantity, unit_cost)
SELECT md5('northwind.receipt_item.' || i.uid)::uuid, g.id, i.position, i.id, i.product_id, i.quantity, i.quantity, i.unit_cost
FROM goods_receipt_notes g
JOIN purchase_order_items i ON i.purchase_order_id = g.purchase_order_id
WHERE g.status = 'draft' AND g.uid IN (SELECT md5('northwind.receipt.' || n)::uuid FROM generate_series(1, 999) n)
ORDER BY g.id, i.id
ON CONFLICT DO NOTHING;

UPDATE goods_receipt_notes SET status = 'expected'
WHERE status = 'draft' AND uid = ANY (ARRAY(SELECT md5('northwind.receipt.' || n)::uuid FROM generate_series(1, 999) n));
UPDATE goods_receipt_notes SET status = 'received'
WHERE status = 'expected' AND uid = ANY (ARRAY(SELECT md5('northwind.receipt.' || n)::uuid FROM generate_series(1, 999) n));
UPDATE goods_receipt_notes SET status = 'posted'
WHERE status = 'received' AND uid = ANY (ARRAY(SELECT md5('northwind.receipt.' || n)::uuid FROM generate_series(1, 999) n));
SELECT cogniflow.post_movements('goods_receipt_notes', array_agg(g.id ORDER BY g.id)) AS posted
FROM goods_receipt_notes g
WHERE g.status = 'posted' AND g.uid IN (SELECT md5('northwind.receipt.' || n)::uuid FROM generate_series(1, 999) n)
  AND NOT EXISTS (SELECT FROM stock_ledger l WHERE l.document = 'goods_receipt_notes' AND l.document_id = g.id)
HAVING count(*) > 0;
COMMIT;
