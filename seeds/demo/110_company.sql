-- 110_company.sql: made by make_northwind.py from templates/110_company.sql and northwind/*.csv; change those, not this file.
-- The data is Microsoft's Northwind under the Microsoft Public License (Ms-PL), see northwind/LICENSE.txt.
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
FROM (VALUES
    (1, 'Davolio', 'Nancy', 'Sales Representative', 'SALES-NA', 5467, '1992-05-01', 'Education includes a BA in psychology from Colorado State University in 1970.  She also completed The Art of the Cold Call.  Nancy is a member of Toastmasters International.'),
    (2, 'Fuller', 'Andrew', 'Vice President, Sales', 'BOARD', 3457, '1992-08-14', 'Andrew received his BTS commercial in 1974 and a Ph.D. in international marketing from the University of Dallas in 1981.  He is fluent in French and Italian and reads German.  He joined the company as a sales representative, was promoted to sales manager in January 1992 and to vice president of sales in March 1993.  Andrew is a member of the Sales Management Roundtable, the Seattle Chamber of Commerce, and the Pacific Rim Importers Association.'),
    (3, 'Leverling', 'Janet', 'Sales Representative', 'SALES-NA', 3355, '1992-04-01', 'Janet has a BS degree in chemistry from Boston College (1984).  She has also completed a certificate program in food retailing management.  Janet was hired as a sales associate in 1991 and promoted to sales representative in February 1992.'),
    (4, 'Peacock', 'Margaret', 'Sales Representative', 'SALES-NA', 5176, '1993-05-03', 'Margaret holds a BA in English literature from Concordia College (1958) and an MA from the American Institute of Culinary Arts (1966).  She was assigned to the London office temporarily from July through November 1992.'),
    (5, 'Buchanan', 'Steven', 'Sales Manager', 'SALES-EU', 3453, '1993-10-17', 'Steven Buchanan graduated from St. Andrews University, Scotland, with a BSC degree in 1976.  Upon joining the company as a sales representative in 1992, he spent 6 months in an orientation program at the Seattle office and then returned to his permanent post in London.  He was promoted to sales manager in March 1993.  Mr. Buchanan has completed the courses Successful Telemarketing and International Sales Management.  He is fluent in French.'),
    (6, 'Suyama', 'Michael', 'Sales Representative', 'SALES-EU', 428, '1993-10-17', 'Michael is a graduate of Sussex University (MA, economics, 1983) and the University of California at Los Angeles (MBA, marketing, 1986).  He has also taken the courses Multi-Cultural Selling and Time Management for the Sales Professional.  He is fluent in Japanese and can read and write French, Portuguese, and Spanish.'),
    (7, 'King', 'Robert', 'Sales Representative', 'SALES-EU', 465, '1994-01-02', 'Robert King served in the Peace Corps and traveled extensively before completing his degree in English at the University of Michigan in 1992, the year he joined the company.  After completing a course entitled Selling in Europe, he was transferred to the London office in March 1993.'),
    (8, 'Callahan', 'Laura', 'Inside Sales Coordinator', 'SALES-NA', 2344, '1994-03-05', 'Laura received a BA in psychology from the University of Washington.  She has also completed a course in business French.  She reads and writes French.'),
    (9, 'Dodsworth', 'Anne', 'Sales Representative', 'SALES-EU', 452, '1994-11-15', 'Anne has a BA degree in English from St. Lawrence College.  She is fluent in French and German.')
) AS v (employee_id, last_name, first_name, title, team, extension, hire_date, notes)
CROSS JOIN cogniflow.demo_shift s
LEFT JOIN departments d ON d.uid = md5('northwind.department.' || v.team)::uuid
ON CONFLICT DO NOTHING;

UPDATE employees e SET manager_id = m.id
FROM (VALUES
    (1, 2),
    (2, NULL),
    (3, 2),
    (4, 2),
    (5, 2),
    (6, 5),
    (7, 5),
    (8, 2),
    (9, 5)
) AS v (employee_id, reports_to)
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
