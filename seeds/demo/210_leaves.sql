-- Northwind's people sign in, and some of them are away: one today, others soon; two requests wait for an answer.
BEGIN;
SET LOCAL client_encoding = 'UTF8';

-- Without a password: nobody can sign in as one of them before an administrator has given one.
INSERT INTO users (uid, email, name)
SELECT md5('northwind.user.' || e.code)::uuid, e.email, e.name
FROM employees e WHERE e.uid IN (SELECT md5('northwind.employee.' || n)::uuid FROM generate_series(1, 9) n) AND e.user_id IS NULL
ORDER BY e.id
ON CONFLICT DO NOTHING;

UPDATE employees e SET user_id = u.id
FROM users u WHERE u.uid = md5('northwind.user.' || e.code)::uuid AND u.created_at = now() AND e.user_id IS NULL;

INSERT INTO user_roles (uid, user_id, role_id)
SELECT md5('northwind.user_role.' || v.employee_id || v.role)::uuid, e.user_id, r.id
FROM (VALUES (1, 'sales'), (2, 'manager'), (3, 'sales'), (4, 'sales'), (5, 'manager'), (6, 'sales'), (7, 'sales'), (8, 'sales'),
             (8, 'hr'), (9, 'sales')) AS v (employee_id, role)
JOIN employees e ON e.uid = md5('northwind.employee.' || v.employee_id)::uuid
JOIN users u ON u.id = e.user_id AND u.created_at = now()
JOIN roles r ON r.name = v.role AND r.archived_at IS NULL
ON CONFLICT DO NOTHING;

INSERT INTO holidays (uid, day, name)
SELECT md5('northwind.holiday.' || d.day)::uuid, d.day, d.name
FROM cogniflow.demo_shift s
CROSS JOIN generate_series(0, 1) n
CROSS JOIN LATERAL (SELECT (date_trunc('year', date '1998-05-06' + s.days) + make_interval(years => n))::date AS january) y
CROSS JOIN LATERAL (VALUES
    (y.january, 'New Year''s Day'),
    ((y.january + interval '6 months 3 days')::date, 'Independence Day'),
    -- the fourth Thursday of November
    ((SELECT november + (11 - extract(isodow FROM november)::integer) % 7 + 21
      FROM (SELECT (y.january + interval '10 months')::date AS november) m), 'Thanksgiving Day'),
    ((y.january + interval '11 months 24 days')::date, 'Christmas Day')
) AS d (day, name)
ON CONFLICT DO NOTHING;

INSERT INTO leave_allocations (uid, employee_id, leave_type_id, days, granted_on, note)
SELECT md5('northwind.leave_allocation.' || v.code || n)::uuid, e.id, t.id, v.days,
       date_trunc('year', date '1998-05-06' + s.days)::date, v.note
FROM (VALUES ('annual', 1, 9, 25, 'Days of the year.'), ('compensation', 8, 8, 1.5, 'Overtime at the stock count.')
) AS v (code, first, last, days, note)
CROSS JOIN cogniflow.demo_shift s
CROSS JOIN generate_series(v.first, v.last) n
JOIN employees e ON e.uid = md5('northwind.employee.' || n)::uuid
JOIN leave_types t ON t.code = v.code AND t.archived_at IS NULL
ON CONFLICT DO NOTHING;

-- Days from Northwind's last day, a Wednesday, on.
INSERT INTO leave_requests (uid, employee_id, leave_type_id, starts_on, starts_at, ends_on, ends_at, note)
SELECT md5('northwind.leave.' || v.number)::uuid, e.id, t.id, last.day + v.first, v.starts_at, last.day + v.last, v.ends_at, v.note
FROM (VALUES
    (1, 1, 'annual', -1, 'morning', 8, 'evening', 'Janet stands in.'),
    (2, 3, 'annual', 12, 'morning', 16, 'evening', NULL),
    (3, 4, 'sick', -9, 'morning', -7, 'evening', NULL),
    (4, 6, 'annual', 5, 'noon', 6, 'evening', 'Moving house.'),
    (5, 7, 'training', 19, 'morning', 21, 'noon', 'Negotiation course in London.'),
    (6, 5, 'annual', -30, 'morning', -26, 'evening', NULL),
    (7, 9, 'annual', 26, 'morning', 37, 'evening', 'Robert looks after my customers.'),
    (8, 2, 'annual', 33, 'morning', 44, 'evening', NULL),
    (9, 8, 'compensation', 2, 'noon', 2, 'evening', NULL),
    (10, 6, 'annual', 40, 'morning', 41, 'evening', NULL),
    (11, 3, 'unpaid', -16, 'morning', -12, 'evening', NULL)
) AS v (number, employee, code, first, starts_at, last, ends_at, note)
CROSS JOIN LATERAL (SELECT date '1998-05-06' + s.days AS day FROM cogniflow.demo_shift s) last
JOIN employees e ON e.uid = md5('northwind.employee.' || v.employee)::uuid
JOIN leave_types t ON t.code = v.code AND t.archived_at IS NULL
ON CONFLICT DO NOTHING;

UPDATE leave_requests SET status = 'submitted'
WHERE uid IN (SELECT md5('northwind.leave.' || n)::uuid FROM unnest('{1,2,3,4,5,6,7,8,10,11}'::integer[]) n) AND created_at = now();

UPDATE leave_requests r SET status = v.status, approver_id = e.user_id, answer = v.answer
FROM (VALUES
    (1, 'approved', 2, 'Have a good time.'), (2, 'approved', 2, NULL), (3, 'approved', 8, 'Get well soon.'), (4, 'approved', 5, NULL),
    (5, 'approved', 5, NULL), (6, 'approved', 2, NULL), (10, 'rejected', 5, 'Anne and Robert are away already.'),
    (11, 'approved', 2, NULL)
) AS v (number, status, approver, answer)
JOIN employees e ON e.uid = md5('northwind.employee.' || v.approver)::uuid
WHERE r.uid = md5('northwind.leave.' || v.number)::uuid AND r.created_at = now() AND e.user_id IS NOT NULL;

UPDATE leave_requests SET status = 'cancelled'
WHERE uid = md5('northwind.leave.11')::uuid AND status = 'approved' AND created_at = now();
COMMIT;
