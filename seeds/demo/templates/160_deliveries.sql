BEGIN;
SET LOCAL client_encoding = 'UTF8';

INSERT INTO goods_delivery_notes (uid, order_id, warehouse_id, promised_on, carrier_id, shipped_at)
SELECT md5('northwind.delivery.' || v.order_id)::uuid, o.id, o.warehouse_id, o.promised_on, o.carrier_id,
       least((v.shipped_date::date + s.days + time '12:00') AT TIME ZONE cogniflow.company_timezone(), now())
FROM {{deliveries: order_id, shipped_date}}
CROSS JOIN cogniflow.demo_shift s
JOIN orders o ON o.uid = md5('northwind.order.' || v.order_id)::uuid
-- not left to ON CONFLICT: a second note is refused before it is found to exist, for its order is delivered
WHERE NOT EXISTS (SELECT FROM goods_delivery_notes g WHERE g.uid = md5('northwind.delivery.' || v.order_id)::uuid)
ORDER BY v.shipped_date, v.order_id;

INSERT INTO gdn_items (uid, goods_delivery_note_id, position, order_item_id, product_id, quantity)
SELECT md5('northwind.delivery_item.' || i.uid)::uuid, g.id, i.position, i.id, i.product_id, i.quantity
FROM goods_delivery_notes g
JOIN order_items i ON i.order_id = g.order_id
WHERE g.status = 'draft' AND g.uid IN (SELECT md5('northwind.delivery.' || n)::uuid FROM generate_series(10248, 11077) n)
ORDER BY g.id, i.id
ON CONFLICT DO NOTHING;

-- in every update as an array, not a join: the rows are met, and numbered, in the order in which they were inserted
UPDATE goods_delivery_notes SET status = 'picking'
WHERE status = 'draft' AND uid = ANY (ARRAY(SELECT md5('northwind.delivery.' || n)::uuid FROM generate_series(10248, 11077) n));
UPDATE goods_delivery_notes SET status = 'packed'
WHERE status = 'picking' AND uid = ANY (ARRAY(SELECT md5('northwind.delivery.' || n)::uuid FROM generate_series(10248, 11077) n));
-- Orders that are still open wait meanwhile, and have reserved what all the others left.
UPDATE orders o SET status = 'on_hold'
WHERE o.status = 'confirmed' AND o.uid = ANY (ARRAY(SELECT md5('northwind.order.' || n)::uuid FROM generate_series(10248, 11077) n))
  AND NOT EXISTS (SELECT FROM goods_delivery_notes g WHERE g.order_id = o.id)
  AND EXISTS (SELECT FROM goods_delivery_notes g WHERE g.status = 'packed' AND g.created_at = now());
UPDATE goods_delivery_notes SET status = 'shipped'
WHERE status = 'packed' AND uid = ANY (ARRAY(SELECT md5('northwind.delivery.' || n)::uuid FROM generate_series(10248, 11077) n));
SELECT cogniflow.post_movements('goods_delivery_notes', array_agg(g.id ORDER BY g.id)) AS posted
FROM goods_delivery_notes g
WHERE g.status = 'shipped' AND g.uid IN (SELECT md5('northwind.delivery.' || n)::uuid FROM generate_series(10248, 11077) n)
  AND NOT EXISTS (SELECT FROM stock_ledger l WHERE l.document = 'goods_delivery_notes' AND l.document_id = g.id)
HAVING count(*) > 0;
UPDATE orders SET status = 'confirmed' WHERE status = 'on_hold' AND updated_at = now();
-- Those of the last days are still on their way.
UPDATE goods_delivery_notes SET status = 'delivered', delivered_at = shipped_at
WHERE status = 'shipped' AND uid = ANY (ARRAY(SELECT md5('northwind.delivery.' || n)::uuid FROM generate_series(10248, 11077) n))
  AND shipped_at < (SELECT (date '1998-05-04' + days)::timestamp AT TIME ZONE cogniflow.company_timezone() FROM cogniflow.demo_shift);
COMMIT;
