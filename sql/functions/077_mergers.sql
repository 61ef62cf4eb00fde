-- Contacts that turn out to be one: the documents of the one that goes follow it to the one that stays.

-- Whether two images of a row differ in nothing but contacts that were merged into others, and these: no agreement changes so.
create or replace function cogniflow.follows_merger(of_table regclass, before jsonb, after jsonb) returns boolean
language sql stable security definer set search_path = pg_catalog, public, pg_temp as $$
    select coalesce(bool_and(exists (
        select from pg_constraint c join pg_attribute a on a.attrelid = c.conrelid and c.conkey = array[a.attnum]
        join contacts gone on gone.id = (before ->> key)::bigint and gone.merged_into_id = (after ->> key)::bigint
        where c.conrelid = of_table and c.contype = 'f' and c.confrelid = 'contacts'::regclass and a.attname = key)), false)
    from jsonb_object_keys(before) key
    where before -> key is distinct from after -> key and key <> all ('{version,updated_at,updated_by}');
$$;

-- At commit: nothing refers to a contact that was merged into another one.
create or replace function cogniflow.check_merger() returns trigger
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare
    each record; left_behind boolean;
begin
    for each in select c.conrelid::regclass as tbl, a.attname from pg_constraint c
                join pg_attribute a on a.attrelid = c.conrelid and c.conkey = array[a.attnum]
                where c.contype = 'f' and c.confrelid = 'contacts'::regclass loop
        execute format('select exists (select from %s where %I = $1)', each.tbl, each.attname) into left_behind using new.id;
        if left_behind then
            raise exception 'The contact was merged into another one, and % still name it.',
                replace(each.tbl::text, '_', ' ') using errcode = 'CF409', column = 'merged_into_id';
        end if;
    end loop;
    return null;
end $$;

do $$
begin
    perform cogniflow.ensure_trigger(
        'CREATE TRIGGER cogniflow_tree AFTER INSERT OR UPDATE OF merged_into_id ON public.contacts FOR EACH ROW '
        'EXECUTE FUNCTION cogniflow.guard_tree(''merged_into_id'')');
    perform cogniflow.ensure_trigger(
        'CREATE CONSTRAINT TRIGGER cogniflow_effects AFTER UPDATE OF merged_into_id ON public.contacts DEFERRABLE INITIALLY DEFERRED '
        'FOR EACH ROW WHEN ((new.merged_into_id IS NOT NULL)) EXECUTE FUNCTION cogniflow.check_merger()');
end $$;
