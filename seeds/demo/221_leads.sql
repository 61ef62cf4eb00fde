-- Who may become a customer, looked after by the people who sell.
BEGIN;
INSERT INTO leads (uid, title, company, person, email, source_id, assigned_to_id, value, score, expected_close_on, contact_id, note)
SELECT md5('northwind.lead.' || v.n)::uuid, v.title, coalesce(v.company, c.name), coalesce(v.person, c.person), v.email, s.id, e.id,
       v.value, v.score, cogniflow.company_today() + v.closes_in, c.id, v.note
FROM (VALUES
    (1, 'Tea and coffee for three offices', 'Bridgewater Partners', 'Helen Marsh', 'h.marsh@bridgewater.example', NULL, 'Website', 7, 1800, 35, 30, NULL),
    (2, 'Cheese counter for a new shop', 'Feinkost Adler', 'Jonas Adler', 'adler@feinkost-adler.example', NULL, 'Trade fair', 9, 7400, 60, 45, 'Opens in spring.'),
    (3, 'Dried fruit, monthly', 'Granary Street Bakery', 'Ruth Coleman', 'ruth@granarystreet.example', NULL, 'Referral', 1, 2600, 50, 21, NULL),
    (4, 'Asks for the price list', NULL, 'Marek Novotny', 'marek.novotny@post.example', NULL, 'Website', 5, 0, 10, NULL, NULL),
    (5, 'Seafood for a hotel kitchen', 'Hotel Miramar', 'Lucia Ferrer', 'compras@miramar.example', NULL, 'Telephone', 6, 12500, 70, 30, 'Wants deliveries before seven.'),
    (6, 'Sauces for a chain of canteens', 'Canteen & Co.', 'Peter Vaughan', 'pv@canteenco.example', NULL, 'Mailing', 7, 9800, 55, 40, NULL),
    (7, 'Second branch in Graz', NULL, NULL, NULL, 'ERNSH', 'Existing customer', 7, 24000, 85, 14, NULL),
    (8, 'Gift boxes for Christmas', 'Lumen Software', 'Anja Brandt', 'office@lumen.example', NULL, 'Website', 9, 3200, 45, 60, NULL),
    (9, 'Beverages for a festival', 'Riverside Events', 'Tom Okafor', 'tom@riverside.example', NULL, 'Referral', 3, 15800, 75, 10, 'Offer is with them.'),
    (10, 'Maple syrup, 200 cases', NULL, NULL, NULL, 'BOTTM', 'Existing customer', 4, 5700, 80, 7, NULL),
    (11, 'Own label for condiments', 'Maison Perrin', 'Claire Perrin', 'c.perrin@maisonperrin.example', NULL, 'Trade fair', 6, 31000, 65, 28, NULL),
    (12, 'Confections for an airline', 'Nordic Wings', 'Ida Holm', 'ida.holm@nordicwings.example', NULL, 'Trade fair', 5, 42000, 90, 5, 'Last round on the price.'),
    (13, 'Grains for a brewery', 'Copper Kettle Brewing', 'Sam Ortiz', 'sam@copperkettle.example', NULL, 'Telephone', 1, 8800, 70, 12, NULL),
    (14, 'Yearly contract for dairy products', NULL, NULL, NULL, 'SAVEA', 'Existing customer', 3, 56000, 95, -6, NULL),
    (15, 'Return after two years', NULL, NULL, NULL, 'WOLZA', 'Existing customer', 9, 4300, 60, -20, NULL),
    (16, 'Snacks for cinemas', 'Palace Cinemas', 'Greg Dunn', 'gd@palace.example', NULL, 'Mailing', 8, 6100, 40, -12, NULL),
    (17, 'Produce, daily', 'Green Basket', 'Nora Lind', 'nora@greenbasket.example', NULL, 'Website', 2, 18000, 30, -30, NULL)
) AS v (n, title, company, person, email, customer, source, employee, value, score, closes_in, note)
LEFT JOIN contacts c ON c.uid = md5('northwind.customer.' || v.customer)::uuid
LEFT JOIN lead_sources s ON s.name = v.source AND s.archived_at IS NULL
LEFT JOIN employees e ON e.uid = md5('northwind.employee.' || v.employee)::uuid
ORDER BY v.n
ON CONFLICT DO NOTHING;

-- Version 1: nobody has moved the lead since it was first loaded.
UPDATE leads l SET stage_id = p.id
FROM (VALUES ('Qualified', '{5,6,7,8}'::int[]), ('Proposal', '{9,10,11}'), ('Negotiation', '{12,13}')) AS v (stage, leads)
JOIN pipeline_stages p ON p.name = v.stage AND p.kind = 'open' AND p.archived_at IS NULL
WHERE l.version = 1 AND l.uid = ANY (ARRAY(SELECT md5('northwind.lead.' || n)::uuid FROM unnest(v.leads) n));
UPDATE leads l SET stage_id = p.id, converted_at = now() - interval '1 day' * v.days_ago
FROM (VALUES (14, 0), (15, 18)) AS v (n, days_ago)
JOIN pipeline_stages p ON p.name = 'Won' AND p.kind = 'won' AND p.archived_at IS NULL
WHERE l.version = 1 AND l.uid = md5('northwind.lead.' || v.n)::uuid;
UPDATE leads l SET stage_id = p.id, lost_reason = v.reason
FROM (VALUES (16, 'They make their own.'), (17, 'Our trucks do not come there every day.')) AS v (n, reason)
JOIN pipeline_stages p ON p.name = 'Lost' AND p.kind = 'lost' AND p.archived_at IS NULL
WHERE l.version = 1 AND l.uid = md5('northwind.lead.' || v.n)::uuid;

INSERT INTO lead_activities (uid, lead_id, kind, subject, due_on, done_at, note)
SELECT md5('northwind.lead_activity.' || v.n)::uuid, l.id, v.kind, v.subject, cogniflow.company_today() + v.due_in,
       CASE WHEN v.done THEN now() + interval '1 day' * v.due_in END, v.note
FROM (VALUES
    (1, 2, 'meeting', 'Met at the fair in Cologne', -9, true, 'Looks for a supplier of cheese and cold meat.'),
    (2, 2, 'call', 'Ask for the opening day', 0, false, NULL), (3, 3, 'call', 'First call', -4, true, 'Buys raisins by the pallet.'),
    (4, 5, 'email', 'Sent the list of seafood', -3, true, NULL), (5, 5, 'call', 'Ask what the chef says', 1, false, NULL),
    (6, 7, 'meeting', 'Visit the new branch', 2, false, NULL), (7, 9, 'email', 'Sent the offer', -2, true, NULL),
    (8, 9, 'call', 'Ask about the offer', 0, false, NULL), (9, 11, 'task', 'Samples of four sauces', 3, false, NULL),
    (10, 12, 'meeting', 'Tasting in Copenhagen', -7, true, 'Chocolate was liked best.'),
    (11, 12, 'call', 'Last word on the price', 0, false, NULL), (12, 16, 'note', 'Their kitchen was enlarged', -12, true, NULL)
) AS v (n, lead, kind, subject, due_in, done, note)
JOIN leads l ON l.uid = md5('northwind.lead.' || v.lead)::uuid
ORDER BY v.n
ON CONFLICT DO NOTHING;
COMMIT;
