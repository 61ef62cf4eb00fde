-- What whoever may do everything finds at the bell: a word of welcome, and some of what is to be looked at today.
BEGIN;
INSERT INTO notifications (uid, user_id, type_id, severity, title, body, entity, record_id, dedupe_key)
SELECT md5(concat('northwind.notification.', u.id, n.key))::uuid, u.id, t.id, t.severity, n.title, n.body, n.entity, n.record_id, n.key
FROM users u
CROSS JOIN (
    (SELECT 'announcement' AS type, 'welcome' AS key, 'Welcome to ' || (value #>> '{}') AS title,
            'Change something, here or in psql, and see every open page follow.' AS body, NULL AS entity, NULL::bigint AS record_id
     FROM system_settings WHERE key = 'company.name')
    UNION ALL
    (SELECT 'order_confirmed', 'order_confirmed of orders ' || o.id, 'Order ' || o.number || ' is confirmed',
            'For ' || c.name || ', from ' || w.name || '.', 'orders', o.id
     FROM orders o JOIN contacts c ON c.id = o.customer_id JOIN warehouses w ON w.id = o.warehouse_id
     WHERE o.status = 'confirmed' ORDER BY o.id DESC LIMIT 1)
    UNION ALL
    (SELECT 'low_stock', 'low_stock of replenishment_suggestions ' || s.id, 'Low stock: ' || p.name,
            w.name || ' will have ' || trim_scale(s.projected) || '; ' || trim_scale(s.quantity) || ' should be ordered.',
            'replenishment_suggestions', s.id
     FROM replenishment_suggestions s JOIN reorder_rules r ON r.id = s.reorder_rule_id
     JOIN products p ON p.id = r.product_id JOIN warehouses w ON w.id = r.warehouse_id
     WHERE s.status = 'open' ORDER BY s.id DESC LIMIT 3)
) AS n
JOIN notification_types t ON t.code = n.type AND t.archived_at IS NULL
WHERE u.active AND u.archived_at IS NULL AND EXISTS (
    SELECT FROM user_roles h JOIN permissions g USING (role_id)
    WHERE h.user_id = u.id AND g.entity = '*' AND g.can_update AND g.reach = 'all')
ORDER BY u.id, n.type
ON CONFLICT DO NOTHING;
COMMIT;
