-- Sessions end with the right to sign in: whoever may do so again signs in anew.

create or replace function cogniflow.end_sessions() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
    if (old.active and not new.active) or (old.archived_at is null and new.archived_at is not null) then
        new.fs_uniquifier := md5(gen_random_uuid()::text);
    end if;
    return new;
end $$;

-- Whatever changes what a user is known by ends every session: another password, the loss of the right to sign in.
create or replace function cogniflow.forget_sessions() returns trigger
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
    delete from user_sessions where user_id = new.id;
    return null;
end $$;

do $$
begin
    perform cogniflow.ensure_trigger(
        'CREATE TRIGGER cogniflow_50_sessions AFTER UPDATE ON public.users FOR EACH ROW '
        'WHEN (((old.fs_uniquifier)::text IS DISTINCT FROM (new.fs_uniquifier)::text)) EXECUTE FUNCTION cogniflow.forget_sessions()');
    perform cogniflow.ensure_trigger(
        'CREATE TRIGGER cogniflow_40_sessions BEFORE UPDATE ON public.users FOR EACH ROW EXECUTE FUNCTION cogniflow.end_sessions()');
end $$;
