-- Currencies (ISO 4217).
BEGIN;
INSERT INTO currencies (code, name, symbol, decimals) VALUES
    ('AUD', 'Australian dollar', 'A$', 2),
    ('BRL', 'Brazilian real', 'R$', 2),
    ('CAD', 'Canadian dollar', 'C$', 2),
    ('CHF', 'Swiss franc', 'CHF', 2),
    ('CNY', 'Chinese yuan', '¥', 2),
    ('CZK', 'Czech koruna', 'Kč', 2),
    ('DKK', 'Danish krone', 'kr', 2),
    ('EUR', 'Euro', '€', 2),
    ('GBP', 'Pound sterling', '£', 2),
    ('INR', 'Indian rupee', '₹', 2),
    ('JPY', 'Japanese yen', '¥', 0),
    ('MXN', 'Mexican peso', 'MX$', 2),
    ('NOK', 'Norwegian krone', 'kr', 2),
    ('NZD', 'New Zealand dollar', 'NZ$', 2),
    ('PLN', 'Polish złoty', 'zł', 2),
    ('SEK', 'Swedish krona', 'kr', 2),
    ('USD', 'US dollar', '$', 2)
ON CONFLICT DO NOTHING;
COMMIT;
