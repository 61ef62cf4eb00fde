BEGIN;
SET LOCAL client_encoding = 'UTF8';

-- All dates move by the largest number of whole weeks that leaves no order and no shipment in the future;
-- what is promised or expected may lie ahead. Kept at the first load, so that a later one finds the same dates.
INSERT INTO cogniflow.demo_shift (days)
SELECT (cogniflow.company_today() - date '1998-05-06') / 7 * 7
ON CONFLICT DO NOTHING;

-- Version 1: nobody has changed the setting since it was first loaded.
UPDATE system_settings s SET value = v.value::jsonb
FROM (VALUES ('company.name', '"Northwind Traders"'), ('company.base_currency', '"USD"')) AS v (key, value)
WHERE s.key = v.key AND s.version = 1;

INSERT INTO exchange_rates (uid, currency_id, valid_from, rate)
SELECT md5('northwind.rate.' || v.code)::uuid, c.id, date '1996-07-01' + s.days, v.rate
FROM (VALUES ('EUR', 1.10), ('GBP', 1.27), ('CAD', 0.73), ('CHF', 1.13), ('JPY', 0.0067), ('SEK', 0.095), ('BRL', 0.19), ('MXN', 0.055)
) AS v (code, rate)
JOIN currencies c ON c.code = v.code AND c.archived_at IS NULL
CROSS JOIN cogniflow.demo_shift s
ON CONFLICT DO NOTHING;

INSERT INTO departments (uid, code, name)
SELECT md5('northwind.department.' || v.code)::uuid, v.code, v.name
FROM (VALUES
    ('BOARD', 'Board'), ('SALES-NA', 'Sales, North America'), ('SALES-EU', 'Sales, Europe'),
    ('PURCHASING', 'Purchasing'), ('STORES', 'Stores and shipping'), ('FINANCE', 'Finance'), ('PEOPLE', 'People')
) AS v (code, name)
ON CONFLICT DO NOTHING;

INSERT INTO employees (uid, code, name, job_title, department_id, email, phone, hired_on, note)
SELECT md5('northwind.employee.' || v.employee_id)::uuid, 'E-' || lpad(v.employee_id::text, 3, '0'),
       v.first_name || ' ' || v.last_name, v.title, d.id,
       lower(v.first_name || '.' || v.last_name) || '@northwind.example', 'ext. ' || v.extension, v.hire_date::date + s.days, v.notes
FROM {{employees: employee_id, last_name, first_name, title, team, extension, hire_date, notes}}
CROSS JOIN cogniflow.demo_shift s
LEFT JOIN departments d ON d.uid = md5('northwind.department.' || v.team)::uuid
ON CONFLICT DO NOTHING;

UPDATE employees e SET manager_id = m.id
FROM {{employees: employee_id, reports_to}}
JOIN employees m ON m.uid = md5('northwind.employee.' || v.reports_to)::uuid
WHERE e.uid = md5('northwind.employee.' || v.employee_id)::uuid AND e.version = 1;

INSERT INTO warehouses (uid, code, name, capacity_units, capacity_m3, capacity_kg)
SELECT md5('northwind.warehouse.' || v.code)::uuid, v.code, v.name, v.units, v.m3, v.kg
FROM (VALUES
    ('MAIN', 'Seattle main warehouse', 3000, 45, 25000),
    ('COLD', 'Seattle cold store', 1000, 9, 6000),
    ('RESERVE', 'Tacoma reserve store', 620, 12, 8000)
) AS v (code, name, units, m3, kg)
ON CONFLICT DO NOTHING;
COMMIT;
