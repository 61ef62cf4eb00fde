-- How documents are numbered.
BEGIN;
INSERT INTO number_series (entity, prefix) VALUES
    ('quotations', 'QT-'),
    ('orders', 'SO-'),
    ('goods_delivery_notes', 'GDN-'),
    ('gdn_reversals', 'GDR-'),
    ('purchase_orders', 'PO-'),
    ('goods_receipt_notes', 'GRN-'),
    ('grn_reversals', 'GRR-'),
    ('stock_transfers', 'ST-'),
    ('stock_counts', 'SC-'),
    ('stock_adjustments', 'SA-'),
    ('assembly_orders', 'AO-')
ON CONFLICT DO NOTHING;
COMMIT;
