-- Offers of the last weeks to good customers, as old as is said on the day of the first load.
BEGIN;
INSERT INTO quotations (uid, customer_id, employee_id, warehouse_id, quoted_on, valid_until, currency_id, note)
SELECT md5('northwind.quotation.' || v.n)::uuid, c.id, e.id, w.id, cogniflow.company_today() - v.days_ago,
       cogniflow.company_today() - v.days_ago + v.days_valid, m.id, v.note
FROM (VALUES
    (1, 'ERNSH', 7, 0, 30, NULL, 'Spring assortment.'), (2, 'SAVEA', 3, 0, 30, NULL, NULL),
    (3, 'QUICK', 9, 1, 30, 'EUR', 'Prices free Cunewalde.'), (4, 'HUNGO', 6, 3, 14, 'GBP', NULL),
    (5, 'RATTC', 4, 9, 30, NULL, 'Delivery within a week of your order.'), (6, 'FOLKO', 5, 12, 30, 'SEK', NULL),
    (7, 'BERGS', 5, 16, 30, NULL, NULL), (8, 'FRANK', 9, 20, 30, 'EUR', NULL), (9, 'WHITC', 8, 45, 30, NULL, NULL),
    (10, 'LEHMS', 7, 70, 30, 'EUR', NULL)
) AS v (n, customer, employee, days_ago, days_valid, currency, note)
JOIN contacts c ON c.uid = md5('northwind.customer.' || v.customer)::uuid
JOIN warehouses w ON w.uid = md5('northwind.warehouse.MAIN')::uuid
LEFT JOIN employees e ON e.uid = md5('northwind.employee.' || v.employee)::uuid
LEFT JOIN currencies m ON m.code = v.currency AND m.archived_at IS NULL
ORDER BY v.n DESC
ON CONFLICT DO NOTHING;

INSERT INTO quotation_items (uid, quotation_id, position, product_id, quantity, unit_price, discount)
SELECT md5('northwind.quotation_item.' || v.n || '.' || v.product)::uuid, q.id,
       row_number() OVER (PARTITION BY v.n ORDER BY v.product), p.id, v.quantity,
       round(p.list_price / coalesce((SELECT rate FROM exchange_rates WHERE currency_id = q.currency_id
                                      ORDER BY valid_from DESC LIMIT 1), 1), 2), v.discount
FROM (VALUES
    (1, 2, 60, 0.05), (1, 11, 40, 0), (1, 60, 24, 0.05), (2, 1, 120, 0.1), (2, 59, 30, 0.1), (3, 38, 4, 0), (3, 71, 60, 0.05),
    (4, 35, 48, 0), (4, 62, 12, 0), (5, 41, 80, 0.05), (5, 56, 36, 0), (5, 76, 24, 0), (6, 33, 100, 0), (6, 30, 20, 0),
    (7, 10, 30, 0), (7, 13, 50, 0.05), (8, 16, 40, 0), (8, 19, 60, 0), (8, 68, 30, 0.05), (9, 40, 25, 0), (9, 46, 20, 0),
    (10, 77, 35, 0), (10, 64, 20, 0.05)
) AS v (n, product, quantity, discount)
JOIN quotations q ON q.uid = md5('northwind.quotation.' || v.n)::uuid
JOIN products p ON p.uid = md5('northwind.product.' || v.product)::uuid
WHERE q.status = 'draft'
ORDER BY v.n, v.product
ON CONFLICT DO NOTHING;

-- The first is still being written. One by one in the order of their dates: a number is given to each row when it is met.
SET LOCAL enable_hashjoin = off;
SET LOCAL enable_mergejoin = off;
UPDATE quotations SET status = 'sent'
FROM (SELECT id FROM quotations WHERE status = 'draft' AND uid = ANY (ARRAY(
          SELECT md5('northwind.quotation.' || n)::uuid FROM generate_series(2, 10) n)) ORDER BY quoted_on, id) due
WHERE quotations.id = due.id;

UPDATE quotations SET status = 'accepted'
WHERE status = 'sent' AND version < 5 AND uid = ANY (ARRAY(SELECT md5('northwind.quotation.' || n)::uuid FROM unnest('{5,8}'::int[]) n))
  AND valid_until >= cogniflow.company_today();
UPDATE quotations SET status = 'rejected', reason = 'Bought from a local supplier.'
WHERE status = 'sent' AND version < 5 AND uid = md5('northwind.quotation.7')::uuid;
COMMIT;
