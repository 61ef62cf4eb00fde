-- How documents are numbered.
BEGIN;
INSERT INTO number_series (entity, prefix) VALUES
    ('quotations', 'QT-'),
    ('orders', 'SO-'),
    ('goods_delivery_notes', 'GDN-'),
    ('purchase_orders', 'PO-'),
    ('goods_receipt_notes', 'GRN-'),
    ('stock_transfers', 'ST-'),
    ('stock_counts', 'SC-'),
    ('stock_adjustments', 'SA-'),
    ('assembly_orders', 'AO-')
ON CONFLICT DO NOTHING;
COMMIT;
