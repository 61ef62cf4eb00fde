-- 170_reorder_rules.sql: made by make_northwind.py from templates/170_reorder_rules.sql and northwind/*.csv; change those, not this file.
-- The data is Microsoft's Northwind under the Microsoft Public License (Ms-PL), see northwind/LICENSE.txt.
BEGIN;
-- After the stock, so that suggestions are raised for what is low now.
INSERT INTO reorder_rules (uid, product_id, warehouse_id, level, order_quantity)
SELECT md5('northwind.reorder_rule.' || v.product_id)::uuid, p.id, w.id, v.reorder_level, v.order_quantity
FROM (VALUES
    (3, 25, 70),
    (6, 25, 50),
    (7, 10, 20),
    (11, 30, 60),
    (13, 5, 10),
    (15, 5, 10),
    (16, 10, 20),
    (19, 5, 10),
    (21, 5, 40),
    (22, 25, 50),
    (23, 25, 50),
    (25, 30, 60),
    (27, 30, 60),
    (30, 15, 30),
    (31, 20, 70),
    (32, 25, 50),
    (33, 20, 40),
    (34, 15, 30),
    (35, 15, 30),
    (36, 20, 40),
    (37, 25, 50),
    (38, 15, 30),
    (39, 5, 10),
    (40, 30, 60),
    (41, 10, 20),
    (43, 25, 50),
    (44, 15, 30),
    (45, 15, 70),
    (48, 25, 70),
    (49, 15, 60),
    (50, 30, 60),
    (51, 10, 20),
    (52, 25, 50),
    (54, 10, 20),
    (55, 20, 40),
    (56, 30, 60),
    (57, 20, 40),
    (58, 20, 40),
    (61, 25, 50),
    (63, 5, 10),
    (64, 30, 80),
    (66, 20, 100),
    (67, 10, 20),
    (68, 15, 30),
    (69, 15, 30),
    (70, 30, 60),
    (73, 5, 10),
    (74, 5, 20),
    (75, 25, 50),
    (76, 20, 40),
    (77, 15, 30)
) AS v (product_id, reorder_level, order_quantity)
JOIN products p ON p.uid = md5('northwind.product.' || v.product_id)::uuid
JOIN warehouses w ON w.uid = md5('northwind.warehouse.MAIN')::uuid
ON CONFLICT DO NOTHING;
COMMIT;
