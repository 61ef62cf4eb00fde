-- A task that does not know for how many open tasks it waits.
SELECT t.id, t.waits_for, count(b.id) AS open
FROM tasks t LEFT JOIN task_dependencies d ON d.task_id = t.id
LEFT JOIN tasks b ON b.id = d.depends_on_id AND b.status NOT IN ('done', 'cancelled')
GROUP BY t.id HAVING t.waits_for <> count(b.id)
