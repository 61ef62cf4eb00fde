-- No record stands above itself: categories, managers, successors of products.

-- AFTER a row is hung below another one. Argument: the column that names the one above.
create or replace function cogniflow.guard_tree() returns trigger
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare
    above bigint := to_jsonb(new) ->> tg_argv[0];
    circular boolean;
begin
    if above is null or tg_op = 'UPDATE' and (to_jsonb(old) ->> tg_argv[0])::bigint = above then return null; end if;
    perform cogniflow.take_turns(array[tg_table_name || '.' || tg_argv[0]]);
    execute format('with recursive chain (id) as (select $1 union select t.%2$I from public.%1$I t join chain c on c.id = t.id '
                   'where t.%2$I is not null) select exists (select from chain where id = $2)', tg_table_name, tg_argv[0])
        into circular using above, new.id;
    if circular then
        raise exception 'It would stand above itself.' using errcode = 'CF422', column = tg_argv[0];
    end if;
    return null;
end $$;

do $$
begin
    perform cogniflow.ensure_trigger(format(
        'CREATE TRIGGER cogniflow_tree AFTER INSERT OR UPDATE OF %s ON public.%I FOR EACH ROW EXECUTE FUNCTION cogniflow.guard_tree(%L)',
        above, tbl, above))
    from (values ('product_categories', 'parent_id'), ('employees', 'manager_id'), ('products', 'replaced_by_id')) as each (tbl, above);
end $$;
