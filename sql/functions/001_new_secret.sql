-- A key to sign with, of 244 random bits, written as Standard Webhooks has it.
create or replace function cogniflow.new_secret() returns text
language sql volatile set search_path = pg_catalog, pg_temp as $$
    select 'whsec_' || encode(sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())), 'base64');
$$;
