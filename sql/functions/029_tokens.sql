-- Who loses a role loses the tokens with which programs act for them in it.

create or replace function cogniflow.revoke_tokens() returns trigger
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
    if tg_op = 'DELETE' or (new.user_id, new.role_id) <> (old.user_id, old.role_id) then
        update api_tokens set revoked_at = now() where user_id = old.user_id and role_id = old.role_id and revoked_at is null;
    end if;
    return null;
end $$;

do $$
begin
    perform cogniflow.ensure_trigger(
        'CREATE TRIGGER cogniflow_50_tokens AFTER DELETE OR UPDATE ON public.user_roles FOR EACH ROW '
        'EXECUTE FUNCTION cogniflow.revoke_tokens()');
end $$;
