-- How the company looks until somebody publishes a branding of its own.
BEGIN;
INSERT INTO branding_templates (uid, name, description)
SELECT md5('branding.default')::uuid, 'Standard', 'The look that CogniFlow comes with.'
WHERE NOT EXISTS (SELECT FROM branding_template_versions WHERE status = 'published')
ON CONFLICT DO NOTHING;

INSERT INTO branding_template_versions (uid, branding_template_id, title)
SELECT md5('branding.default.1')::uuid, id, 'Standard 1' FROM branding_templates WHERE uid = md5('branding.default')::uuid
ON CONFLICT DO NOTHING;

UPDATE branding_template_versions SET status = 'published'
WHERE uid = md5('branding.default.1')::uuid AND status = 'draft'
  AND NOT EXISTS (SELECT FROM branding_template_versions WHERE status = 'published');
COMMIT;
