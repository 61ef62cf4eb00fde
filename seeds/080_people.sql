-- Kinds of leave; those that are limited are taken from what is allocated.
BEGIN;
INSERT INTO leave_types (code, name, is_paid, is_limited) VALUES
    ('annual', 'Annual leave', true, true),
    ('sick', 'Sick leave', true, false),
    ('parental', 'Parental leave', true, false),
    ('training', 'Training', true, false),
    ('compensation', 'Time off for overtime', true, true),
    ('unpaid', 'Unpaid leave', false, false)
ON CONFLICT DO NOTHING;
COMMIT;
