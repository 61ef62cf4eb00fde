-- Where one record at a time may count, the next one takes its place.

-- BEFORE a record comes to count: the one that did so far does no longer. Arguments: the status that counts, the one after it,
-- the column that names what they compete for (empty: all of them do).
create or replace function cogniflow.succeed() returns trigger
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare
    contested text := coalesce(to_jsonb(new) ->> tg_argv[2], '');
begin
    perform cogniflow.take_turns(array[concat_ws(' ', tg_table_name, tg_argv[0], contested)]);
    execute format('update public.%I t set status = $1 where status = $2 and id <> $3 and coalesce(to_jsonb(t) ->> $4, '''') = $5', tg_table_name)
        using tg_argv[1], tg_argv[0], new.id, tg_argv[2], contested;
    return new;
end $$;

do $$
begin
    perform cogniflow.ensure_trigger(format(
        'CREATE TRIGGER cogniflow_25_succeed BEFORE UPDATE OF status ON public.%I FOR EACH ROW '
        'WHEN ((((new.status)::text = %L::text) AND ((old.status)::text <> %2$L::text))) EXECUTE FUNCTION cogniflow.succeed(%2$L, %L, %L)',
        tbl, counts, counted, contested))
    from (values ('bill_of_materials', 'active', 'obsolete', 'product_id'), ('branding_template_versions', 'published', 'retired', '')
    ) as each (tbl, counts, counted, contested);
end $$;
