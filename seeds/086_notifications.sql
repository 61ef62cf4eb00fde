-- What users are told of: kinds of notification, and the rules that make them.
BEGIN;
INSERT INTO notification_types (code, title, icon, severity) VALUES
    ('announcement', 'Announcement', 'message', 'info'),
    ('low_stock', 'Low stock', 'bulb', 'warning'),
    ('stock_missing', 'Stock missing', 'alert-triangle', 'warning'),
    ('order_confirmed', 'Order confirmed', 'shopping-cart', 'info'),
    ('order_shipped', 'Order shipped', 'truck-delivery', 'success'),
    ('leave_submitted', 'Leave requested', 'calendar', 'info'),
    ('leave_decided', 'Leave decided', 'calendar', 'info'),
    ('task_assigned', 'Task assigned', 'checkbox', 'info'),
    ('lead_assigned', 'Lead assigned', 'target', 'info'),
    ('webhook_stopped', 'Webhook switched off', 'webhook', 'warning')
ON CONFLICT DO NOTHING;

INSERT INTO notification_rules
    (uid, type_id, entity, op, changed, condition_column, condition_value, recipient_role_id, recipient_column, title, body)
SELECT md5('notification_rule.' || v.type || '.' || v.op)::uuid, t.id, v.entity, v.op, v.changed::text[], v.condition_column, v.condition_value,
       r.id, v.recipient_column, v.title, v.body
FROM (VALUES
    ('low_stock', 'replenishment_suggestions', 'insert', '{}', NULL, NULL, 'storekeeper', NULL,
     'Low stock: {reorder_rule.product.name}',
     '{reorder_rule.warehouse.name} will have {projected}; {quantity} should be ordered.'),
    ('stock_missing', 'stock_reservations', 'update', '{released_at}', NULL, NULL, 'sales', NULL,
     '{product.name} is short in {warehouse.name}', 'What was promised of it cannot be kept: {backordered_quantity} are on backorder.'),
    ('order_confirmed', 'orders', 'update', '{status}', 'status', 'confirmed', 'storekeeper', NULL,
     'Order {number} is confirmed', 'For {customer.name}, from {warehouse.name}.'),
    ('order_shipped', 'goods_delivery_notes', 'update', '{status}', 'status', 'shipped', 'sales', NULL,
     'Order {order.number} has been shipped', '{number} is on its way to {order.customer.name}.'),
    ('leave_submitted', 'leave_requests', 'update', '{status}', 'status', 'submitted', 'hr', NULL,
     'Leave requested by {employee.name}', 'From {starts_on} to {ends_on}.'),
    ('leave_decided', 'leave_requests', 'update', '{decided_at}', NULL, NULL, NULL, 'user_id',
     'Your leave from {starts_on} to {ends_on} is {status}', NULL),
    ('task_assigned', 'task_assignees', 'insert', '{}', NULL, NULL, NULL, 'user_id', 'Your task: {task.title}', NULL),
    ('lead_assigned', 'leads', 'insert', '{}', NULL, NULL, NULL, 'user_id', 'Your lead: {title}', NULL),
    ('lead_assigned', 'leads', 'update', '{assigned_to_id}', NULL, NULL, NULL, 'user_id', 'Your lead: {title}', NULL),
    ('webhook_stopped', 'webhooks', 'update', '{enabled}', 'enabled', 'false', NULL, 'user_id', 'Webhook {title} is switched off', '{problem}')
) AS v (type, entity, op, changed, condition_column, condition_value, role, recipient_column, title, body)
JOIN notification_types t ON t.code = v.type AND t.archived_at IS NULL
LEFT JOIN roles r ON r.name = v.role AND r.archived_at IS NULL
WHERE r.id IS NOT NULL OR v.recipient_column IS NOT NULL
ON CONFLICT DO NOTHING;
COMMIT;
