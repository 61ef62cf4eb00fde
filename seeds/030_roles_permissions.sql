-- Roles and their rights, entity by entity: there is no right to refuse, so whom a row does not name has none.
-- A role's rights come with the role: what an administrator has taken from an existing role is not given back.
BEGIN;
INSERT INTO roles (name, title, description) VALUES
    ('administrator', 'Administrator', 'May do everything, with users, roles and settings too.'),
    ('manager', 'Manager', 'Runs the business: sees and changes everything but users, rights and settings.'),
    ('sales', 'Sales', 'Looks after leads, customers and their orders.'),
    ('storekeeper', 'Storekeeper', 'Receives and sends goods, and keeps stock and purchases in order.'),
    ('hr', 'Human resources', 'Looks after employees, departments and leave.'),
    ('employee', 'Employee', 'Asks for leave and works on tasks; for those who have no other role.'),
    ('viewer', 'Viewer', 'Sees the business and comments on it; changes nothing.'),
    ('integration', 'Integration', 'A program that exchanges records with another system.')
ON CONFLICT DO NOTHING;

INSERT INTO permissions (role_id, entity, can_read, can_create, can_update, can_delete, operate)
SELECT id, '*', true, true, true, true, '{*}' FROM roles WHERE name = 'administrator' AND archived_at IS NULL AND created_at = now()
ON CONFLICT DO NOTHING;

-- Rights: r read, c create, u update, d delete or archive, o every verb; s of one's own records alone.
INSERT INTO permissions (role_id, entity, can_read, can_create, can_update, can_delete, operate, reach)
SELECT r.id, e.entity, g.rights ~ 'r', g.rights ~ 'c', g.rights ~ 'u', g.rights ~ 'd',
       -- what goes beyond a limit is not approved by who sells or stores
       CASE WHEN r.name = 'sales' AND e.entity = 'orders' THEN '{confirm,amend,deliver,hold,resume,cancel,close}'
            WHEN r.name = 'storekeeper' AND e.entity = 'goods_receipt_notes' THEN '{expect,receive,post,reverse,cancel}'
            WHEN r.name = 'storekeeper' AND e.entity = 'stock_transfers' THEN '{ship,receive,cancel}'
            WHEN g.rights ~ 'o' THEN '{*}' ELSE '{}' END::text[], CASE WHEN g.rights ~ 's' THEN 'own' ELSE 'all' END
FROM (VALUES
    ('sales', '{quotations,quotation_items,orders,order_items,order_amendments}'),
    ('crm', '{leads,lead_activities,lead_stage_history,lead_sources,pipeline_stages}'),
    ('delivery', '{goods_delivery_notes,gdn_items}'),
    ('purchasing', '{purchase_orders,purchase_order_items,product_suppliers}'),
    ('receipt', '{goods_receipt_notes,grn_items}'),
    ('stock', '{stock_ledger,stock_balances,stock_reservations,warehouses}'),
    ('store', '{stock_transfers,stock_transfer_items,stock_counts,stock_count_items,stock_adjustments,stock_adjustment_items}'),
    ('periods', '{stock_periods}'),
    ('replenishment', '{reorder_rules,replenishment_suggestions}'),
    ('catalogue', '{products,product_categories,product_groups,product_group_members}'),
    ('manufacturing', '{bill_of_materials,bom_items,bom_item_substitutes,assembly_orders,assembly_components}'),
    ('content', '{testimonials,blog_posts,features}'),
    ('branding', '{branding_templates,branding_template_versions}'),
    ('contacts', '{contacts,contact_addresses}'),
    ('people', '{employees,departments}'),
    ('leave', '{leave_requests,leave_allocations,leave_ledger}'),
    ('calendar', '{holidays,leave_types}'),
    ('tasks', '{tasks,task_assignees,task_dependencies,task_recurrences}'),
    ('work', '{task_categories}'),
    ('measures', '{units_of_measure,currencies,exchange_rates,tax_codes,number_series}'),
    ('company', '{system_settings,system_modules,system_sub_modules}'),
    ('notifications', '{notifications}'),
    ('workspace', '{comments,attachments}'),
    ('own', '{notification_preferences,saved_views}'),
    ('notification_kinds', '{notification_types,notification_rules}')
) AS areas (area, entities)
CROSS JOIN LATERAL unnest(areas.entities::text[]) AS e (entity)
JOIN (VALUES
    ('manager', 'rcudo', '{sales,delivery,purchasing,receipt,stock,replenishment,catalogue,contacts,people,leave,calendar,tasks,work,measures,crm,store,periods,manufacturing,content,branding}'),
    ('everybody', 'rc', '{workspace}'),
    ('everybody', 'rdos', '{notifications}'),
    ('everybody', 'rcuds', '{own}'),
    ('everybody', 'r', '{notification_kinds}'),
    ('manager', 'r', '{company}'),
    ('sales', 'rcudo', '{sales,crm,contacts,content}'),
    ('sales', 'rc', '{delivery}'),
    ('sales', 'rcuo', '{tasks}'),
    ('sales', 'r', '{purchasing,stock,replenishment,catalogue,people,calendar,work,measures,company,store,periods,manufacturing,branding}'),
    ('storekeeper', 'rcudo', '{delivery,purchasing,receipt,replenishment,store,manufacturing}'),
    ('storekeeper', 'ru', '{stock}'),
    ('storekeeper', 'rcuo', '{tasks}'),
    ('storekeeper', 'r', '{sales,catalogue,contacts,people,calendar,work,measures,company,periods,branding}'),
    ('hr', 'rcudo', '{people,leave,calendar,tasks}'),
    ('hr', 'r', '{work,measures,company,branding}'),
    ('employee', 'rcuo', '{tasks}'),
    ('employee', 'r', '{people,calendar,work,company}'),
    ('viewer', 'r', '{sales,delivery,purchasing,receipt,stock,replenishment,catalogue,contacts,people,leave,calendar,tasks,work,measures,company,crm,store,periods,manufacturing,content,branding}'),
    ('integration', 'rcudo', '{sales,delivery,purchasing,receipt,stock,replenishment,catalogue,contacts,people,leave,calendar,tasks,work,measures,crm,store,periods,manufacturing,content}'),
    ('integration', 'r', '{company,branding}')
) AS g (role, rights, areas) ON areas.area = ANY (g.areas::text[])
JOIN roles r ON g.role IN (r.name, 'everybody') AND r.name <> 'administrator' AND r.archived_at IS NULL AND r.created_at = now()
ORDER BY r.id, e.entity
ON CONFLICT DO NOTHING;

-- Whoever works for the company asks for leave and sees what is left of it.
INSERT INTO permissions (role_id, entity, can_read, can_create, can_update, can_delete, operate, reach)
SELECT r.id, e.entity, true, asks, asks, asks, CASE WHEN asks THEN '{cancel,submit}' ELSE '{}' END::text[], 'own'
FROM roles r CROSS JOIN (VALUES ('leave_requests', true), ('leave_allocations', false), ('leave_ledger', false)) AS e (entity, asks)
WHERE r.name IN ('sales', 'storekeeper', 'employee') AND r.archived_at IS NULL AND r.created_at = now()
ORDER BY r.id, e.entity
ON CONFLICT DO NOTHING;
COMMIT;
