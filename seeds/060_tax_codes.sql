-- Tax codes; the rates are examples to be set to those of the company's country.
BEGIN;
INSERT INTO tax_codes (code, name, rate) VALUES
    ('STANDARD', 'Standard rate', 0.20),
    ('REDUCED', 'Reduced rate', 0.10),
    ('ZERO', 'Zero rate: exports and exempt sales', 0)
ON CONFLICT DO NOTHING;
COMMIT;
