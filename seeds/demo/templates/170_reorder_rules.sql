BEGIN;
-- After the stock, so that suggestions are raised for what is low now.
INSERT INTO reorder_rules (uid, product_id, warehouse_id, level, order_quantity)
SELECT md5('northwind.reorder_rule.' || v.product_id)::uuid, p.id, w.id, v.reorder_level, v.order_quantity
FROM {{reordered_products: product_id, reorder_level, order_quantity}}
JOIN products p ON p.uid = md5('northwind.product.' || v.product_id)::uuid
JOIN warehouses w ON w.uid = md5('northwind.warehouse.MAIN')::uuid
ON CONFLICT DO NOTHING;
COMMIT;
