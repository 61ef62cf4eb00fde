-- What was said about some records, by whoever may do everything.
BEGIN;
SELECT set_config('cogniflow.actor', coalesce(min(h.user_id)::text, ''), true)
FROM user_roles h JOIN permissions g USING (role_id) JOIN users u ON u.id = h.user_id
WHERE g.entity = '*' AND g.can_update AND g.reach = 'all' AND u.active AND u.archived_at IS NULL;

INSERT INTO comments (uid, entity, record_id, body)
SELECT md5('northwind.comment.' || c.place)::uuid, c.entity, c.record_id, c.body
FROM (
    (SELECT 1 AS place, 'orders' AS entity, id AS record_id, 'They would like it before noon; the gate is closed after one.' AS body
     FROM orders WHERE status = 'confirmed' ORDER BY id DESC LIMIT 1)
    UNION ALL
    (SELECT 2, 'products', id, 'The supplier says the price holds until spring.' FROM products WHERE sku = 'NW-003')
    UNION ALL
    (SELECT 3, 'warehouses', id, 'Counted on Friday: all is where it should be.' FROM warehouses WHERE code = 'COLD')
) AS c
WHERE cogniflow.actor() IS NOT NULL
ORDER BY c.place
ON CONFLICT DO NOTHING;
COMMIT;
