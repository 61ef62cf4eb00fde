-- Kinds of work.
BEGIN;
INSERT INTO task_categories (code, name, position) VALUES
    ('sales', 'Sales', 10),
    ('purchasing', 'Purchasing', 20),
    ('stores', 'Stores and shipping', 30),
    ('quality', 'Quality', 40),
    ('finance', 'Finance', 50),
    ('people', 'People', 60),
    ('maintenance', 'Maintenance', 70),
    ('other', 'Other', 80)
ON CONFLICT DO NOTHING;
COMMIT;
