-- A look to publish, and what the public page says.
BEGIN;
SET LOCAL client_encoding = 'UTF8';

INSERT INTO branding_templates (uid, name, description)
SELECT md5('northwind.branding')::uuid, 'Northwind Traders', 'Green as the North West, with a compass.'
ON CONFLICT DO NOTHING;

-- A draft: whoever publishes it sees every open page change.
INSERT INTO branding_template_versions (uid, branding_template_id, title, colour, text_colour, dark_colour, dark_text_colour,
                                        heading_font, logo)
SELECT md5('northwind.branding.1')::uuid, id, 'Compass', '#0b5e4f', '#ffffff', '#5ed3b8', '#06231d', 'serif',
       'data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAEAAAABACAYAAACqaXHeAAACs0lEQVR42u2bPU4DMRCF03OobdPRUFEgKi4Bkquk4gRcgI6abqVcASk1NzFrlJW81tgzHo/HTuSVLBGJxH5vPo+9/tntlJ+7p3uTKrtbejxhllmuz5SlwdNS5gLRseJ+c+o92mDj98dXe/j6/C/Ys/6f+06KjO6FOxGn848tfdxvuN/qzggI9TXSMRFYZH1SIPMi39fvGmHUXaPCBiORIxfIDPcZMMJoiZ/DBoZRqpAAqXXNasiHUXd/1xIelrDegAb5LnERv0EewbF6CQMAtGFSEa8tPEVDFRN87JHKmpVEUGYx8X4lPYkntG8uHup6F09op2H3+2sRT2jvVNTvoYRHmLM3TYysfOCjv048Ytl+dbvVUEgxIZgsGYoBWegjk5LuugI5+in0YxX1ZkREg8mKfu5kpDcjyBT4mX/t+9QXG4iCXoyIaJmSmT8n+hgFPRgB6Jmj+GOZn0tBSyOgEQFNfpz3+twlMC0jIkE1oAEc/DkUaBsB6DLR7F/ymluyEFrTiLVd4GjAzf6SFGyMOB1VRoMqBpRSYH/frT2/2P3bg44BUP8vxZBNwUW8K6fv52pT400ekEqAxRR44tciTYGqAVkUAOJrUKBqAJmCiPgaFKgbgFKAiJemQN2AJAUE8dIUNDEApCBDvCQFZAOkZ2MbCjLFS1EQHQZrTISilTPFS1CgOhMEKVimt1zxEhSQDJB4GUqSsAhwkWxBAfYyVDURShrBpQB7HRZZENEwgkMBuiAisSSmaUQuBeiSmMSiqKYRuRRQF0UnjdFAyggqBeRl8ZKNkRZGUCnI2h7jbI21NAKjIHtrjLM52tKIFAWszdHc7fEejIhRwN4ezzkg0YMRh49H2QMS44jMOCQ1jsmNg5LjqOw4LD2Oy48LE+PKzLg0Na7NjYuT4+rsuDx9+9fn/wACNA5BzRsy7gAAAABJRU5ErkJggg=='
FROM branding_templates WHERE uid = md5('northwind.branding')::uuid
ON CONFLICT DO NOTHING;

-- Version 1: nobody has changed the setting since it was first loaded.
UPDATE system_settings s SET value = to_jsonb(v.value)
FROM (VALUES
    ('site.headline', 'Good food finds its way'),
    ('site.intro', 'Northwind Traders brings cheese from Spain, tea from Ceylon and chocolate from Switzerland to shops and kitchens in 21 countries.'),
    ('site.footer', 'Northwind Traders, Seattle. Importers of fine food since 1992.')
) AS v (key, value)
WHERE s.key = v.key AND s.version = 1;

INSERT INTO features (uid, title, slug, position, icon, text)
SELECT md5('northwind.feature.' || v.slug)::uuid, v.title, v.slug, v.position, v.icon, v.text
FROM (VALUES
    ('On time', 'on-time', 10, 'truck-delivery', 'We promise a day, and tell you at once if something is in its way.'),
    ('Kept cold', 'kept-cold', 20, 'building-warehouse', 'Cheese, meat and seafood wait in a cold store of their own, from the ship to your door.'),
    ('29 makers', 'makers', 30, 'users', 'We have known most of the people we buy from for longer than we have had computers.'),
    ('Made in the house', 'made-here', 40, 'tool', 'Pies, ravioli and gift boxes are made in our own kitchen on the day they leave.'),
    ('Small cases', 'small-cases', 50, 'package', 'Order what you sell in a week. The next case is never far.'),
    ('One number to call', 'one-number', 60, 'message', 'Whoever answers knows your orders, and may decide.')
) AS v (title, slug, position, icon, text)
ON CONFLICT DO NOTHING;

INSERT INTO testimonials (uid, author, company, position, quote)
SELECT md5('northwind.testimonial.' || v.position)::uuid, v.author, v.company, v.position, v.quote
FROM (VALUES
    ('Maria Anders', 'Alfreds Futterkiste, Berlin', 10, 'The scones come on Thursday, and on Saturday they are gone. I have stopped to worry about either.'),
    ('Roland Mendel', 'Ernst Handel, Graz', 20, 'Eighty cases are as little trouble as eight. Nobody else has managed that.'),
    ('Yang Wang', 'Chop-suey Chinese, Bern', 30, 'They rang me before I had noticed that a box was missing.'),
    ('Jose Pavarotti', 'Save-a-lot Markets, Boise', 40, 'Our best supplier, and the only one whose delivery notes my people read with pleasure.')
) AS v (author, company, position, quote)
ON CONFLICT DO NOTHING;

INSERT INTO blog_posts (uid, title, slug, author, summary, body)
SELECT md5('northwind.post.' || v.slug)::uuid, v.title, v.slug, v.author, v.summary, v.body
FROM (VALUES
    ('How a Cabrales becomes blue', 'how-a-cabrales-becomes-blue', 'Janet Leverling',
     'A visit to the caves where our Queso Cabrales ripens.',
     E'Nobody adds the blue. It lives in the caves of the Picos de Europa, at nine degrees and in air so damp that the walls shine.\n\n'
     'The cheese stays there for three months. Twice a week somebody turns every wheel, by hand, in the light of a lamp.\n\n'
     'We buy from two families. Both have told us that they will not make more, and that is why we ask you to order early.'),
    ('Sugar pies, and who bakes them', 'sugar-pies', 'Laura Callahan',
     'We have begun to make our Tarte au sucre ourselves.',
     E'It takes filo, maple syrup and a little palm sugar, and thirty-five minutes in the oven.\n\n'
     'What it takes most is patience: a pie that is packed warm is no pie when it arrives. Ours wait for the morning.'),
    ('Three weeks of autumn chocolate', 'autumn-chocolate', 'Nancy Davolio',
     'Schoggi Schokolade is back, and so is the waiting list.',
     E'Heli in Zürich has sent word: the first cases are on the road.\n\nWhoever ordered last year is on the list already.'),
    ('Our kitchen opens its door', 'open-kitchen', 'Laura Callahan', 'Come and see how ravioli are made.',
     'On the first Saturday of the month, from ten to four.')
) AS v (title, slug, author, summary, body)
ON CONFLICT DO NOTHING;

UPDATE features SET status = 'published', published_at = now() - interval '90 days'
WHERE status = 'draft' AND uid IN (SELECT md5('northwind.feature.' || slug)::uuid FROM unnest(
    '{on-time,kept-cold,makers,made-here,small-cases,one-number}'::text[]) slug);
UPDATE testimonials SET status = 'published', published_at = now() - interval '60 days'
WHERE status = 'draft' AND uid IN (SELECT md5('northwind.testimonial.' || n)::uuid FROM generate_series(10, 40, 10) n);
-- The last one is published by itself in five days.
UPDATE blog_posts p SET status = 'published', published_at = now() + v.days * interval '1 day'
FROM (VALUES ('how-a-cabrales-becomes-blue', -40), ('sugar-pies', -12), ('autumn-chocolate', -2), ('open-kitchen', 5)) AS v (slug, days)
WHERE p.status = 'draft' AND p.uid = md5('northwind.post.' || v.slug)::uuid;
COMMIT;
