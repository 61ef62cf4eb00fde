BEGIN;
SET LOCAL client_encoding = 'UTF8';

INSERT INTO product_categories (uid, name, description)
SELECT md5('northwind.category.' || v.category_id)::uuid, v.category_name, v.description
FROM {{categories: category_id, category_name, description}}
ON CONFLICT DO NOTHING;

INSERT INTO products (uid, sku, name, category_id, unit_id, lifecycle, packaging, list_price, cost, weight_kg, volume_m3, barcode, archived_at)
SELECT md5('northwind.product.' || v.product_id)::uuid, v.sku, v.product_name, c.id, u.id,
       CASE v.discontinued WHEN 1 THEN 'discontinued' ELSE 'active' END, v.quantity_per_unit, v.unit_price, v.cost,
       v.weight_kg, v.volume_m3, v.barcode, CASE v.discontinued WHEN 1 THEN now() END
FROM {{products: product_id, sku, product_name, category_id, quantity_per_unit, unit_price, cost, weight_kg, volume_m3, barcode, discontinued}}
JOIN units_of_measure u ON u.code = 'pcs' AND u.archived_at IS NULL
LEFT JOIN product_categories c ON c.uid = md5('northwind.category.' || v.category_id)::uuid
ON CONFLICT DO NOTHING;

INSERT INTO product_suppliers (uid, product_id, supplier_id, price, lead_days)
SELECT md5('northwind.product_supplier.' || v.product_id)::uuid, p.id, c.id, p.cost, 7 + v.supplier_id * 5 % 15
FROM {{products: product_id, supplier_id}}
JOIN products p ON p.uid = md5('northwind.product.' || v.product_id)::uuid
JOIN contacts c ON c.uid = md5('northwind.supplier.' || v.supplier_id)::uuid
ON CONFLICT DO NOTHING;
COMMIT;
