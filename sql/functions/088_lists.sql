-- What lists ask of every table: its usual order, and words in its search columns (tracked.sorts, tracked.searches).

-- The indexes that a table's lists need, by name, as CREATE INDEX makes them. Words are found by trigrams, where there are such.
create or replace function cogniflow.wanted_indexes(t cogniflow.tracked) returns table (name text, definition text)
language sql stable set search_path = pg_catalog, pg_temp as $$
    select 'ix_list_' || t.tbl, format('create index %I on public.%I (%s)', 'ix_list_' || t.tbl, t.tbl,
                                       (select string_agg(c, ', ' order by n) from unnest(t.sorts) with ordinality s (c, n)))
    where t.sorts <> '{}'
    union all
    select 'ix_search_' || t.tbl, format('create index %I on public.%I using gin (%s)', 'ix_search_' || t.tbl, t.tbl,
        (select string_agg(format('cogniflow.plain(%I) %I.gin_trgm_ops', c, e.extnamespace::regnamespace), ', ' order by n)
         from unnest(t.searches) with ordinality s (c, n)))
    from pg_extension e where e.extname = 'pg_trgm' and t.searches <> '{}'
$$;

do $$
declare
    accents text; body text; wanted record;
begin
    -- both come with PostgreSQL and are trusted; where the server has them not, or its owner may not, search does without
    for wanted in select e from unnest('{pg_trgm,unaccent}'::text[]) e where not exists (select from pg_extension where extname = e) loop
        begin
            execute format('create extension %I schema public', wanted.e);
        exception when others then null;
        end;
    end loop;

    -- A text as search compares it: in lower case, and without accents where the server can tell them.
    select format('%I.unaccent(%L, %%s)', n.nspname, format('%I.unaccent', n.nspname)) into accents
    from pg_extension e join pg_namespace n on n.oid = e.extnamespace where e.extname = 'unaccent';
    body := format(' select pg_catalog.lower(%s) ', format(coalesce(accents, '%s'), 'given'));
    if body is distinct from (select prosrc from pg_proc where oid = to_regprocedure('cogniflow.plain(text)')) then
        -- what was indexed was computed by the former one
        for wanted in select indexrelid::regclass as name from pg_index
                      where indexrelid::regclass::text ~ '^(public\.)?ix_search_' loop
            execute format('drop index %s', wanted.name);
        end loop;
        execute format('create or replace function cogniflow.plain(given text) returns text '
                       'language sql immutable strict parallel safe as %L', body);
    end if;

    for wanted in
        select w.name, w.definition, x.indexrelid::regclass as there
        from cogniflow.tracked t cross join cogniflow.wanted_indexes(t) w
        full join (select indexrelid, c.relname, obj_description(indexrelid, 'pg_class') as definition
                   from pg_index join pg_class c on c.oid = indexrelid
                   where c.relname ~ '^ix_(list|search)_' and c.relnamespace = 'public'::regnamespace) x
            on x.relname = w.name and x.definition = w.definition
        where x.indexrelid is null or w.name is null order by w.name nulls first
    loop
        if wanted.there is not null then execute format('drop index %s', wanted.there); continue; end if;
        execute wanted.definition;
        execute format('comment on index public.%I is %L', wanted.name, wanted.definition);
    end loop;
end $$;
