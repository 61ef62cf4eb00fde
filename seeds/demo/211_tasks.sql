-- What Northwind's people have to do, around the day of the load.
BEGIN;
SET LOCAL client_encoding = 'UTF8';

INSERT INTO task_recurrences (uid, name, every, unit, starts_on)
SELECT md5('northwind.task_recurrence.' || v.key)::uuid, v.name, v.every, v.unit, date '1998-05-06' + s.days + v.first
FROM (VALUES ('count', 'Monthly stock count', 1, 'month', 9), ('reorder', 'Weekly look at reorder levels', 1, 'week', 5)
) AS v (key, name, every, unit, first)
CROSS JOIN cogniflow.demo_shift s
ON CONFLICT DO NOTHING;

-- Days from Northwind's last day on.
INSERT INTO tasks (uid, title, description, category_id, priority, starts_on, due_on, estimated_hours, recurrence_id)
SELECT md5('northwind.task.' || v.key)::uuid, v.title, v.description, c.id, v.priority, last.day + v.first, last.day + v.due,
       v.hours, r.id
FROM (VALUES
    (1, 'fair', 'Show our sauces at the autumn food fair', 'A stand of 12 m², three people, samples for 400 visitors.', 'sales', 'high', 0, 40, 60, NULL),
    (2, 'fair-stand', 'Book the stand', NULL, 'sales', 'high', -9, -2, 4, NULL),
    (3, 'fair-samples', 'Order the samples', 'Cajun seasoning, gumbo mix and the new chutney.', 'purchasing', 'normal', 2, 14, 6, NULL),
    (4, 'fair-leaflets', 'Print the leaflets', NULL, 'sales', 'normal', 9, 28, 8, NULL),
    (5, 'fair-travel', 'Book travel and rooms', NULL, 'people', 'low', 5, 21, 3, NULL),
    (6, 'tofu', 'Find a second supplier for tofu', 'Tokyo Traders deliver late again and again.', 'purchasing', 'high', -12, 5, 16, NULL),
    (7, 'tofu-samples', 'Taste and compare the samples', NULL, 'quality', 'normal', 3, 10, 5, NULL),
    (8, 'cold-store', 'Repair the door of the cold store', 'It does not close tightly; the seal is worn.', 'maintenance', 'urgent', -2, 1, 6, NULL),
    (9, 'cold-store-log', 'Check the temperature log of the last week', NULL, 'quality', 'urgent', 1, 2, 2, NULL),
    (10, 'overdue', 'Call the customers whose orders are overdue', NULL, 'sales', 'urgent', 0, 1, 2, NULL),
    (11, 'prices', 'Review the list prices of beverages', 'Suppliers raised theirs by four percent.', 'sales', 'normal', -16, -3, 10, NULL),
    (12, 'labels', 'Put new labels on the seafood shelves', NULL, 'stores', 'low', -5, 6, 4, NULL),
    (13, 'count', 'Count the stock', 'Start with the shelves that moved most.', 'stores', 'normal', 8, NULL, 12, 'count'),
    (14, 'reorder', 'Go through the reorder levels', NULL, 'purchasing', 'normal', NULL, NULL, 2, 'reorder')
) AS v (number, key, title, description, category, priority, first, due, hours, recurrence)
CROSS JOIN LATERAL (SELECT date '1998-05-06' + s.days AS day FROM cogniflow.demo_shift s) last
LEFT JOIN task_categories c ON c.code = v.category AND c.archived_at IS NULL
LEFT JOIN task_recurrences r ON r.uid = md5('northwind.task_recurrence.' || v.recurrence)::uuid
ORDER BY v.number
ON CONFLICT DO NOTHING;

UPDATE tasks t SET parent_id = p.id
FROM (VALUES ('fair', '{fair-stand,fair-samples,fair-leaflets,fair-travel}'::text[]), ('tofu', '{tofu-samples}')) AS v (parent, parts)
CROSS JOIN unnest(v.parts) part
JOIN tasks p ON p.uid = md5('northwind.task.' || v.parent)::uuid
WHERE t.uid = md5('northwind.task.' || part)::uuid AND t.created_at = now();

INSERT INTO task_assignees (uid, task_id, employee_id)
SELECT md5('northwind.task_assignee.' || v.task || n)::uuid, t.id, e.id
FROM (VALUES ('fair', '{5,8}'::integer[]), ('fair-stand', '{8}'), ('fair-samples', '{3}'), ('fair-leaflets', '{1,4}'), ('fair-travel', '{8}'),
             ('tofu', '{3}'), ('tofu-samples', '{3,7}'), ('cold-store', '{6}'), ('cold-store-log', '{6,9}'), ('overdue', '{1,4,9}'),
             ('prices', '{2,5}'), ('labels', '{9}'), ('count', '{6,7}'), ('reorder', '{3}')) AS v (task, people)
CROSS JOIN unnest(v.people) n
JOIN tasks t ON t.uid = md5('northwind.task.' || v.task)::uuid AND t.created_at = now()
JOIN employees e ON e.uid = md5('northwind.employee.' || n)::uuid
ON CONFLICT DO NOTHING;

INSERT INTO task_dependencies (uid, task_id, depends_on_id)
SELECT md5('northwind.task_dependency.' || v.task || v.before)::uuid, t.id, b.id
FROM (VALUES ('fair-samples', 'fair-stand'), ('fair-leaflets', 'fair-stand'), ('fair-leaflets', 'prices'), ('fair-travel', 'fair-stand'),
             ('tofu-samples', 'tofu'), ('cold-store-log', 'cold-store')) AS v (task, before)
JOIN tasks t ON t.uid = md5('northwind.task.' || v.task)::uuid AND t.created_at = now()
JOIN tasks b ON b.uid = md5('northwind.task.' || v.before)::uuid
ON CONFLICT DO NOTHING;

UPDATE tasks SET status = 'in_progress'
WHERE uid IN (SELECT md5('northwind.task.' || key)::uuid FROM unnest('{fair-stand,tofu,cold-store,prices,labels}'::text[]) key)
  AND status = 'todo' AND created_at = now();
UPDATE tasks SET status = 'review'
WHERE uid IN (SELECT md5('northwind.task.' || key)::uuid FROM unnest('{fair-stand,prices}'::text[]) key)
  AND status = 'in_progress' AND created_at = now();
UPDATE tasks SET status = 'done'
WHERE uid = md5('northwind.task.fair-stand')::uuid AND status = 'review' AND created_at = now();
UPDATE tasks t SET progress = v.progress
FROM (VALUES ('fair', 10), ('tofu', 40), ('cold-store', 60), ('prices', 90), ('labels', 30)) AS v (task, progress)
WHERE t.uid = md5('northwind.task.' || v.task)::uuid AND t.created_at = now();
COMMIT;
