-- What people add to records belongs to a record that is there, and says itself who added it.
create or replace function cogniflow.guard_of_record() returns trigger
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare
    is_there boolean := false;
begin
    new.author_id := case when tg_op = 'INSERT' then cogniflow.actor() else old.author_id end;
    if tg_op = 'UPDATE' and (new.entity, new.record_id) = (old.entity, old.record_id) then return new; end if;
    if exists (select from cogniflow.tracked where tbl = new.entity) then
        execute format('select exists (select from public.%I where id = $1)', new.entity) into is_there using new.record_id;
    end if;
    if not is_there then
        raise exception 'There is no such record.' using errcode = 'CF422', column = 'record_id';
    end if;
    return new;
end $$;

-- A file's size and sum are those of its content, and it is no larger than the company wants.
create or replace function cogniflow.guard_file() returns trigger
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
    new.size := octet_length(new.content);
    new.sha256 := encode(sha256(new.content), 'hex');
    if new.size > cogniflow.setting('attachments.most_bytes')::bigint then
        raise exception 'A file has at most % bytes.', cogniflow.setting('attachments.most_bytes')
            using errcode = 'CF422', column = 'file';
    end if;
    return new;
end $$;

do $$
begin
    perform cogniflow.ensure_trigger(format(
        'CREATE TRIGGER cogniflow_40_of_record BEFORE INSERT OR UPDATE ON public.%I FOR EACH ROW '
        'EXECUTE FUNCTION cogniflow.guard_of_record()', tbl)) from (values ('attachments'), ('comments')) of_record (tbl);
    perform cogniflow.ensure_trigger(
        'CREATE TRIGGER cogniflow_40_file BEFORE INSERT OR UPDATE OF content ON public.attachments FOR EACH ROW '
        'EXECUTE FUNCTION cogniflow.guard_file()');
end $$;
