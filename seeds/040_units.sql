-- Units of measure; a factor is the size in the first unit of its kind.
BEGIN;
INSERT INTO units_of_measure (code, name, kind, factor_numerator, factor_denominator, whole_only) VALUES
    ('pcs', 'Piece', 'count', 1, 1, true),
    ('pair', 'Pair', 'count', 2, 1, true),
    ('dozen', 'Dozen', 'count', 12, 1, true),
    ('kg', 'Kilogram', 'mass', 1, 1, false),
    ('g', 'Gram', 'mass', 1, 1000, false),
    ('t', 'Tonne', 'mass', 1000, 1, false),
    ('lb', 'Pound', 'mass', 45359237, 100000000, false),
    ('m3', 'Cubic metre', 'volume', 1, 1, false),
    ('l', 'Litre', 'volume', 1, 1000, false),
    ('ml', 'Millilitre', 'volume', 1, 1000000, false),
    ('m', 'Metre', 'length', 1, 1, false),
    ('cm', 'Centimetre', 'length', 1, 100, false),
    ('mm', 'Millimetre', 'length', 1, 1000, false),
    ('h', 'Hour', 'time', 1, 1, false),
    ('day', 'Day', 'time', 24, 1, false)
ON CONFLICT DO NOTHING;
COMMIT;
