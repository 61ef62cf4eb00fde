BEGIN;
SET LOCAL client_encoding = 'UTF8';

-- The orders of Northwind's last day, still open, are dated today, and its two oldest open ones are a little overdue,
-- so that there is something to see on the day of the first load.
INSERT INTO orders (uid, customer_id, employee_id, warehouse_id, ordered_on, promised_on, external_number, carrier_id, freight,
                    ship_name, ship_address, ship_city, ship_country)
SELECT md5('northwind.order.' || v.order_id)::uuid, c.id, e.id, w.id, d.ordered_on,
       CASE v.order_id WHEN 11008 THEN least(d.promised_on, cogniflow.company_today() - 3)
                       WHEN 11019 THEN least(d.promised_on, cogniflow.company_today() - 1)
                       ELSE d.promised_on END,
       'NW-' || v.order_id, k.id, v.freight, v.ship_name, v.ship_address, v.ship_city, v.ship_country
FROM {{orders: order_id, customer_id, employee_id, order_date, required_date, ship_via, freight, ship_name, ship_address, ship_city, ship_country}}
CROSS JOIN cogniflow.demo_shift s
CROSS JOIN LATERAL (
    SELECT moved.day, moved.day + (v.required_date::date - v.order_date::date)
    FROM (SELECT CASE WHEN v.order_date = '1998-05-06' THEN cogniflow.company_today() ELSE v.order_date::date + s.days END) AS moved (day)
) AS d (ordered_on, promised_on)
JOIN contacts c ON c.uid = md5('northwind.customer.' || v.customer_id)::uuid
JOIN warehouses w ON w.uid = md5('northwind.warehouse.MAIN')::uuid
LEFT JOIN employees e ON e.uid = md5('northwind.employee.' || v.employee_id)::uuid
LEFT JOIN contacts k ON k.uid = md5('northwind.carrier.' || v.ship_via)::uuid
ORDER BY v.order_id
ON CONFLICT DO NOTHING;

INSERT INTO order_items (uid, order_id, position, product_id, quantity, unit_price, discount)
SELECT md5('northwind.order_item.' || v.order_id || '.' || v.product_id)::uuid, o.id,
       row_number() OVER (PARTITION BY o.id ORDER BY v.product_id), p.id, v.quantity, v.unit_price, v.discount
FROM {{order_details: order_id, product_id, unit_price, quantity, discount}}
JOIN orders o ON o.uid = md5('northwind.order.' || v.order_id)::uuid
JOIN products p ON p.uid = md5('northwind.product.' || v.product_id)::uuid
WHERE o.status = 'draft'
ORDER BY v.order_id, v.product_id
ON CONFLICT DO NOTHING;

-- one by one in the order of their dates: a number is given to each row when it is met
SET LOCAL enable_hashjoin = off;
SET LOCAL enable_mergejoin = off;
UPDATE orders SET status = 'confirmed'
FROM (SELECT id FROM orders WHERE status = 'draft' AND uid = ANY (ARRAY(
          SELECT md5('northwind.order.' || n)::uuid FROM generate_series(10248, 11077) n)) ORDER BY ordered_on, id) due
WHERE orders.id = due.id;
COMMIT;
