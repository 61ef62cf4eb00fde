BEGIN;
SET LOCAL client_encoding = 'UTF8';

INSERT INTO contacts (uid, code, name, is_customer, person, job_title, phone, city, country)
SELECT md5('northwind.customer.' || v.customer_id)::uuid, v.customer_id, v.company_name, true, v.contact_name, v.contact_title,
       v.phone, v.city, v.country
FROM {{customers: customer_id, company_name, contact_name, contact_title, phone, city, country}}
ON CONFLICT DO NOTHING;

INSERT INTO contact_addresses (uid, contact_id, street, city, region, postal_code, country)
SELECT md5('northwind.customer_address.' || v.customer_id)::uuid, c.id, v.address, v.city, v.region, v.postal_code, v.country
FROM {{customers: customer_id, address, city, region, postal_code, country}}
JOIN contacts c ON c.uid = md5('northwind.customer.' || v.customer_id)::uuid
ON CONFLICT DO NOTHING;

INSERT INTO contacts (uid, code, name, is_supplier, person, job_title, phone, city, country)
SELECT md5('northwind.supplier.' || v.supplier_id)::uuid, 'SUP-' || lpad(v.supplier_id::text, 2, '0'), v.company_name, true,
       v.contact_name, v.contact_title, v.phone, v.city, v.country
FROM {{suppliers: supplier_id, company_name, contact_name, contact_title, phone, city, country}}
ON CONFLICT DO NOTHING;

INSERT INTO contact_addresses (uid, contact_id, street, city, region, postal_code, country)
SELECT md5('northwind.supplier_address.' || v.supplier_id)::uuid, c.id, v.address, v.city, v.region, v.postal_code, v.country
FROM {{suppliers: supplier_id, address, city, region, postal_code, country}}
JOIN contacts c ON c.uid = md5('northwind.supplier.' || v.supplier_id)::uuid
ON CONFLICT DO NOTHING;

INSERT INTO contacts (uid, code, name, is_carrier, phone)
SELECT md5('northwind.carrier.' || v.shipper_id)::uuid, 'CAR-' || v.shipper_id, v.company_name, true, v.phone
FROM {{shippers: shipper_id, company_name, phone}}
ON CONFLICT DO NOTHING;
COMMIT;
