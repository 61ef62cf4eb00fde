-- Where leads come from, and the stages they go through.
BEGIN;
INSERT INTO lead_sources (name, description) VALUES
    ('Website', 'Forms and messages on our own pages.'),
    ('Referral', 'Recommended by a customer or a partner.'),
    ('Trade fair', 'Met at a stand, ours or theirs.'),
    ('Telephone', 'Called us.'),
    ('Mailing', 'Answered a letter or a newsletter.'),
    ('Existing customer', 'Buys from us already and asks for something new.')
ON CONFLICT DO NOTHING;

INSERT INTO pipeline_stages (name, kind, position, probability) VALUES
    ('New', 'open', 10, 0.10),
    ('Qualified', 'open', 20, 0.25),
    ('Proposal', 'open', 30, 0.50),
    ('Negotiation', 'open', 40, 0.75),
    ('Won', 'won', 50, 1),
    ('Lost', 'lost', 60, 0)
ON CONFLICT DO NOTHING;
COMMIT;
