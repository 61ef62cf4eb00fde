-- What belongs together, what is made in the house, and what is being made today.
BEGIN;
SET LOCAL client_encoding = 'UTF8';

INSERT INTO product_groups (uid, name, description)
SELECT md5('northwind.group.' || v.code)::uuid, v.name, v.description
FROM (VALUES
    ('gifts', 'Gift ideas', 'What customers order towards the end of the year.'),
    ('cheese', 'Cheese board', 'From mild to blue, enough for every taste.'),
    ('breakfast', 'Breakfast table', 'For hotels and guest houses.'),
    ('sea', 'From the sea', 'Fish and seafood, chilled or in jars.')
) AS v (code, name, description)
ON CONFLICT DO NOTHING;

INSERT INTO product_group_members (uid, product_group_id, position, product_id)
SELECT md5('northwind.group.' || v.code || '.' || v.product_id)::uuid, g.id, v.position, p.id
FROM (VALUES
    ('gifts', 1, 20), ('gifts', 2, 27), ('gifts', 3, 38), ('gifts', 4, 39), ('gifts', 5, 63),
    ('cheese', 1, 11), ('cheese', 2, 12), ('cheese', 3, 31), ('cheese', 4, 60), ('cheese', 5, 69), ('cheese', 6, 71),
    ('breakfast', 1, 43), ('breakfast', 2, 6), ('breakfast', 3, 21), ('breakfast', 4, 22), ('breakfast', 5, 25), ('breakfast', 6, 61),
    ('sea', 1, 10), ('sea', 2, 36), ('sea', 3, 37), ('sea', 4, 40), ('sea', 5, 41)
) AS v (code, position, product_id)
JOIN product_groups g ON g.uid = md5('northwind.group.' || v.code)::uuid
JOIN products p ON p.uid = md5('northwind.product.' || v.product_id)::uuid
ON CONFLICT DO NOTHING;

INSERT INTO bill_of_materials (uid, name, product_id, quantity, note)
SELECT md5('northwind.bom.' || v.code)::uuid, v.name, p.id, v.quantity, v.note
FROM (VALUES
    ('tarte', 'Sugar pies, 48 to the case', 62, 4, 'Roll out, fill, bake at 190 °C for 35 minutes, pack when cold.'),
    ('ravioli', 'Ravioli with three cheeses', 57, 6, 'Mix the cheeses the evening before.'),
    ('giftbox', 'Tea time gift boxes', 20, 2, 'Line the box with paper, scones on top.')
) AS v (code, name, product_id, quantity, note)
JOIN products p ON p.uid = md5('northwind.product.' || v.product_id)::uuid
ORDER BY v.code
ON CONFLICT DO NOTHING;

INSERT INTO bom_items (uid, bill_of_materials_id, position, product_id, quantity)
SELECT md5('northwind.bom.' || v.code || '.' || v.product_id)::uuid, b.id, v.position, p.id, v.quantity
FROM (VALUES
    ('tarte', 1, 52, 3), ('tarte', 2, 61, 1), ('tarte', 3, 44, 0.5),
    ('ravioli', 1, 52, 2), ('ravioli', 2, 32, 1), ('ravioli', 3, 72, 1), ('ravioli', 4, 31, 0.5),
    ('giftbox', 1, 21, 1), ('giftbox', 2, 19, 2), ('giftbox', 3, 62, 0.25), ('giftbox', 4, 6, 0.5)
) AS v (code, position, product_id, quantity)
JOIN bill_of_materials b ON b.uid = md5('northwind.bom.' || v.code)::uuid AND b.status = 'draft'
JOIN products p ON p.uid = md5('northwind.product.' || v.product_id)::uuid
ON CONFLICT DO NOTHING;

INSERT INTO bom_item_substitutes (uid, bom_item_id, product_id, quantity)
SELECT md5('northwind.substitute.' || v.item || '.' || v.product_id)::uuid, i.id, p.id, v.quantity
FROM (VALUES ('tarte.44', 61, 1), ('ravioli.31', 72, 0.5), ('giftbox.19', 68, 2)) AS v (item, product_id, quantity)
JOIN bom_items i ON i.uid = md5('northwind.bom.' || v.item)::uuid
JOIN bill_of_materials b ON b.id = i.bill_of_materials_id AND b.status = 'draft'
JOIN products p ON p.uid = md5('northwind.product.' || v.product_id)::uuid
ON CONFLICT DO NOTHING;

UPDATE bill_of_materials SET status = 'active'
WHERE uid IN (md5('northwind.bom.tarte')::uuid, md5('northwind.bom.ravioli')::uuid, md5('northwind.bom.giftbox')::uuid)
  AND status = 'draft';

INSERT INTO assembly_orders (uid, bill_of_materials_id, warehouse_id, quantity, planned_on, note)
SELECT md5('northwind.assembly.' || v.number)::uuid, b.id, w.id, v.quantity, cogniflow.company_today() + v.days, v.note
FROM (VALUES (1, 'tarte', 8, 0, NULL), (2, 'ravioli', 12, 0, NULL), (3, 'giftbox', 10, 2, 'For the trade fair.'), (4, 'tarte', 4, 7, NULL)
) AS v (number, bom, quantity, days, note)
JOIN bill_of_materials b ON b.uid = md5('northwind.bom.' || v.bom)::uuid AND b.status = 'active'
JOIN warehouses w ON w.uid = md5('northwind.warehouse.MAIN')::uuid
ON CONFLICT DO NOTHING;

INSERT INTO assembly_components (assembly_order_id, position, product_id, quantity)
SELECT o.id, i.position, i.product_id, ceil(o.quantity * i.quantity / b.quantity)
FROM assembly_orders o JOIN bill_of_materials b ON b.id = o.bill_of_materials_id JOIN bom_items i ON i.bill_of_materials_id = b.id
WHERE o.uid IN (SELECT md5('northwind.assembly.' || n)::uuid FROM generate_series(1, 4) n) AND o.status = 'draft'
  AND NOT EXISTS (SELECT FROM assembly_components c WHERE c.assembly_order_id = o.id)
ORDER BY o.id, i.position;

UPDATE assembly_orders SET status = 'released'
WHERE uid IN (SELECT md5('northwind.assembly.' || n)::uuid FROM generate_series(1, 3) n) AND status = 'draft';
UPDATE assembly_orders SET status = 'in_progress' WHERE uid = md5('northwind.assembly.1')::uuid AND status = 'released';
COMMIT;
