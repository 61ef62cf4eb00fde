-- The feed: every committed change of a watched table leaves one row per statement in cogniflow.change_log.

-- The feed's position of the statement that calls it, or NULL until this life of the server has a name.
create or replace function cogniflow.token() returns text
language plpgsql stable parallel restricted security definer set search_path = pg_catalog, pg_temp as $$
begin
    return (select '1.' || left(md5(i.uuid::text || c.system_identifier || d.oid), 12) || '.'
                   || translate(pg_current_snapshot()::text, ':,', '._')
            from cogniflow.incarnation i, pg_control_system() c, pg_database d
            where d.datname = current_database());
end $$;

-- Name this life of the server, if a crash took the name or it never had one.
create or replace function cogniflow.begin_incarnation() returns void
language sql security definer set search_path = pg_catalog, pg_temp as $$
    insert into cogniflow.incarnation default values on conflict do nothing;
$$;

-- The advisory lock that a reader holds while it reads without being rung for; declared here and nowhere else.
create or replace function cogniflow.bell() returns bigint
language sql immutable parallel safe as $$ select 4207849484 $$;

-- Whether writers must ring. Looked at, never kept: a lock kept until commit would let no reader take it while many write.
create or replace function cogniflow.rings() returns boolean
language sql as $$
    select case when pg_try_advisory_lock_shared(cogniflow.bell()) then pg_advisory_unlock_shared(cogniflow.bell()) else false end
$$;

-- Writers need not ring any more, if at least `queue` of them wait for the one that rings; false when they do not, or when
-- another reader has said so. The caller must read on its own and ring for others.
create or replace function cogniflow.hush_bell(queue integer) returns boolean
language sql as $$
    -- NOTIFY locks "all databases" until its transaction is committed, on disk
    select case when (select count(*) from pg_locks where locktype = 'object' and classid = 'pg_database'::regclass
                      and objid = 0 and not granted) >= queue
                then pg_try_advisory_lock(cogniflow.bell()) else false end
$$;

-- Writers ring again; transactions open at this moment may still end in silence.
create or replace function cogniflow.restore_bell() returns boolean
language sql as $$ select pg_advisory_unlock(cogniflow.bell()) $$;

-- The user on whose behalf this transaction writes, as told by the session; NULL where nobody said, or not a number.
create or replace function cogniflow.actor() returns bigint
language sql stable parallel safe as $$
    select case when current_setting('cogniflow.actor', true) ~ '^[0-9]{1,18}$'
                then current_setting('cogniflow.actor', true)::bigint end;
$$;

-- BEFORE each row: authorship and version are the database's to give, whatever the statement says.
create or replace function cogniflow.stamp() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
    new.updated_at := now();
    new.updated_by := cogniflow.actor();
    if tg_op = 'INSERT' then
        new.version := 1;
        new.created_at := new.updated_at;
        new.created_by := new.updated_by;
    else
        new.version := old.version + 1;
        new.created_at := old.created_at;
        new.created_by := old.created_by;
    end if;
    return new;
end $$;

-- The names of the columns that differ between two images of a row, without those every change moves.
create or replace function cogniflow.changed_columns(pairs jsonb) returns text[]
language plpgsql immutable set search_path = pg_catalog, pg_temp as $$
begin
    -- as text: jsonb itself holds 1.0 and 1.00 to be equal
    return array(select distinct n.key from jsonb_array_elements(pairs) p, jsonb_each_text(p -> 1) n
                 where p -> 0 ->> n.key is distinct from n.value
                   and n.key not in ('version', 'updated_at', 'updated_by') order by n.key);
end $$;

-- The distinct values of some columns in both images of the rows, or NULL when there are more than `most` (NULL: no limit).
create or replace function cogniflow.distinct_values(pairs jsonb, columns text[], most integer) returns jsonb
language plpgsql immutable set search_path = pg_catalog, pg_temp as $$
begin
    return (select case when count(*) <= coalesce(most, count(*)) then coalesce(jsonb_agg(v), '[]') end
            from (select distinct v from unnest(columns) c, jsonb_path_query(pairs, format('$[*][*].%s', to_jsonb(c))::jsonpath) v
                  where v <> 'null' order by v) found);
end $$;

-- SQL that describes a change of many rows without an image of each: n, cols, ids, routes from the transition tables.
create or replace function cogniflow.describe_bulk(tbl regclass, op text, feed_id text, owners text[]) returns text
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
declare
    sides text[] := case op when 'INSERT' then '{newt}' when 'DELETE' then '{oldt}' else '{newt,oldt}' end;
    counted text := format('select count(*) as n, null::text[] as cols from %I', sides[1]);
    ids text := 'null::jsonb';
    routes text := 'null::jsonb';
begin
    if op = 'UPDATE' then
        select format('select count(*) as n, array_remove(array[%s], null) as cols '
                      'from newt n left join oldt o on o.id = n.id', string_agg(format(
                          -- equal values of these types have one image; numeric 1.0 and 1.00, say, have two
                          case when atttypid = any('{int2,int4,int8,bool,date,timestamptz,uuid,text,varchar}'::regtype[])
                               then 'case when bool_or(o.%1$I is distinct from n.%1$I) then %1$L end'
                               else 'case when bool_or(row(o.%1$I)::record *<> row(n.%1$I)::record) then %1$L end' end,
                          attname), ', ' order by attname))
        into counted from pg_attribute
        where attrelid = tbl and attnum > 0 and not attisdropped
          and attname not in ('id', 'version', 'created_at', 'created_by', 'updated_at', 'updated_by');
    end if;
    if feed_id <> 'id' then
        select format('(select case when count(*) <= 200 then jsonb_agg(v order by v) end from (%s) f where v is not null)',
                      string_agg(format('select distinct %I as v from %I', feed_id, side), ' union '))
        into ids from unnest(sides) side;
    end if;
    if owners <> '{}' then
        select format('(select coalesce(jsonb_agg(v order by v), ''[]'') from (%s) r where v is not null)',
                      string_agg(format('select distinct %I as v from %I', owner, side), ' union '))
        into routes from unnest(sides) side, unnest(owners) owner;
    end if;
    return format('select n, cols, %s, %s from (%s) counted', ids, routes, counted);
end $$;

-- AFTER each statement: one change_log row, the row images where history is kept, and the bell.
-- Arguments: column whose values are the ids, history (t or f), owner columns, mask of secrets ({"column": "***"}).
create or replace function cogniflow.on_change() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp
-- a plan made for one row is kept for a hundred thousand: a nested loop would be ruinous
set enable_nestloop = off
-- that penalty alone would have every plan compiled: 300 ms a statement on a server with jit on
set jit = off as $$
declare
    feed_id text := tg_argv[0];
    keeps_history text := tg_argv[1];
    owners text := tg_argv[2];
    mask jsonb;
    way_in text := nullif(current_setting('cogniflow.door', true), '');
    request text := nullif(current_setting('cogniflow.request_id', true), '');
    changed bigint := 0; before jsonb; after jsonb; pairs jsonb; ids jsonb; cols text[]; routes jsonb;
begin
    if tg_op = 'TRUNCATE' then
        if keeps_history = 't' then
            raise exception 'table % keeps a history of every record and cannot be truncated; delete its rows', tg_table_name
                using errcode = 'feature_not_supported';
        end if;
    else
        -- nearly every statement of a person changes one row: its two images serve everything below
        if tg_op = 'INSERT' then
            select (select count(*) from newt), to_jsonb(n) into changed, after from newt n limit 1;
        elsif tg_op = 'DELETE' then
            select (select count(*) from oldt), to_jsonb(o) into changed, before from oldt o limit 1;
        else
            select (select count(*) from newt), to_jsonb(o), to_jsonb(n) into changed, before, after from newt n, oldt o limit 1;
        end if;
        if not found then return null; end if;
        if changed > 200 then
            before := null; after := null;
            execute cogniflow.describe_bulk(tg_relid, tg_op, feed_id, owners::text[]) into changed, cols, ids, routes;
        elsif changed = 1 then
            if tg_op = 'UPDATE' then
                -- as text: jsonb itself holds 1.0 and 1.00 to be equal
                cols := array(select key from jsonb_each_text(after) where before ->> key is distinct from value
                              and key <> all ('{version,updated_at,updated_by}') order by key);
            end if;
            ids := case when before -> feed_id <> after -> feed_id then jsonb_build_array(before -> feed_id, after -> feed_id)
                        else jsonb_build_array(coalesce(after, before) -> feed_id) end;
            if owners <> '{}' then
                routes := (select coalesce(jsonb_agg(distinct v), '[]') from unnest(owners::text[]) c,
                           lateral (values (before -> c), (after -> c)) images (v) where v <> 'null');
            end if;
        else
            before := null; after := null;
            if tg_op = 'INSERT' then
                select jsonb_agg(jsonb_build_array(null, to_jsonb(n))) into pairs from newt n;
            elsif tg_op = 'DELETE' then
                select jsonb_agg(jsonb_build_array(to_jsonb(o), null)) into pairs from oldt o;
            else
                select count(*), jsonb_agg(jsonb_build_array(to_jsonb(o), to_jsonb(n))) into changed, pairs
                from newt n left join oldt o on o.id = n.id where o.id is null or o *<> n;
                cols := cogniflow.changed_columns(pairs);
            end if;
            ids := cogniflow.distinct_values(pairs, array[feed_id], 200);
            if owners <> '{}' then routes := cogniflow.distinct_values(pairs, owners::text[], null); end if;
        end if;
        if changed = 0 then return null; end if;
        if cols = '{}' then cols := '{items}'; end if;
    end if;
    if keeps_history = 't' then
        mask := tg_argv[3];
        if coalesce(after, before) is not null then
            insert into cogniflow.record_history (tbl, record_id, op, old, new, actor, door, request_id)
            values (tg_table_name, (coalesce(after, before) ->> 'id')::bigint, left(tg_op, 1), before || mask, after || mask,
                    cogniflow.actor(), way_in, request);
        elsif tg_op = 'INSERT' then
            insert into cogniflow.record_history (tbl, record_id, op, new, actor, door, request_id)
            select tg_table_name, n.id, 'I', to_jsonb(n) || mask, cogniflow.actor(), way_in, request from newt n;
        elsif tg_op = 'DELETE' then
            insert into cogniflow.record_history (tbl, record_id, op, old, actor, door, request_id)
            select tg_table_name, o.id, 'D', to_jsonb(o) || mask, cogniflow.actor(), way_in, request from oldt o;
        else
            insert into cogniflow.record_history (tbl, record_id, op, old, new, actor, door, request_id)
            select tg_table_name, n.id, 'U', to_jsonb(o) || mask, to_jsonb(n) || mask, cogniflow.actor(), way_in, request
            from newt n left join oldt o on o.id = n.id where o.id is null or o *<> n;
        end if;
    end if;
    if tg_op <> 'TRUNCATE' and exists (select from public.notification_rules r
                                       where r.entity = tg_table_name and r.op = lower(tg_op) and r.enabled) then
        -- a thousand at a time: the images of all that one statement changes may be more than a value can hold
        if tg_op = 'INSERT' then
            perform cogniflow.notify(tg_table_name, 'insert', jsonb_agg(jsonb_build_array(null, to_jsonb(n))))
            from (select t, (row_number() over () - 1) / 1000 as part from newt t) s (n, part) group by part;
        elsif tg_op = 'DELETE' then
            perform cogniflow.notify(tg_table_name, 'delete', jsonb_agg(jsonb_build_array(to_jsonb(o), null)))
            from (select t, (row_number() over () - 1) / 1000 as part from oldt t) s (o, part) group by part;
        else
            perform cogniflow.notify(tg_table_name, 'update', jsonb_agg(jsonb_build_array(to_jsonb(o), to_jsonb(n))))
            from (select a, b, (row_number() over () - 1) / 1000 as part from oldt a join newt b using (id) where b *<> a) s (o, n, part)
            group by part;
        end if;
    end if;
    insert into cogniflow.change_log (tbl, op, n, ids, cols, routes, actor, door, request_id)
    values (tg_table_name, left(tg_op, 1), changed, ids, cols, routes, cogniflow.actor(), way_in, request);
    if cogniflow.rings() then perform pg_notify('cogniflow', ''); end if;
    return null;
end $$;

-- Make the trigger function by which lines make their documents newer, AFTER each statement on them. One for each table of
-- lines: what names its tables is planned once in a connection, what is put together as it runs every time.
create or replace function cogniflow.make_touch(lines text, document_table text, document_column text) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $make$
begin
    execute format($function$
create or replace function cogniflow.%1$I() returns trigger
language plpgsql security definer set search_path = pg_catalog, pg_temp set enable_seqscan = off as $$
declare
    documents bigint[];
begin
    if tg_op = 'INSERT' then
        documents := array(select distinct %3$I from newt);
    elsif tg_op = 'DELETE' then
        documents := array(select distinct %3$I from oldt);
    else
        documents := array(select %3$I from newt union select %3$I from oldt);
    end if;
    if cardinality(documents) > 1 then
        -- by id: every change of many documents takes its locks in the same order
        perform 1 from public.%2$I where id = any(documents) order by id for no key update;
    elsif documents = '{}' then
        return null;
    end if;
    -- a document inserted by this very transaction is new as it stands: nobody has seen it without these lines
    update public.%2$I set version = version + 1
    where id = any(documents) and not (version = 1 and xmin = pg_current_xact_id()::xid);
    return null;
end $$ $function$, 'touch_by_' || lines, document_table, document_column);
end $make$;

-- The triggers a table must have, by name, as PostgreSQL itself would print them.
create or replace function cogniflow.wanted_triggers(watched text) returns table (name text, definition text)
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
declare
    t cogniflow.tracked;
    feed text; touch text;
begin
    select * into strict t from cogniflow.tracked where tbl = watched;
    feed := format('EXECUTE FUNCTION cogniflow.on_change(%L, %L, %L, %L)', t.feed_id, case when t.history then 't' else 'f' end,
                   t.owners, coalesce((select jsonb_object_agg(c, '***') from unnest(t.secrets) c), '{}'));
    touch := format('EXECUTE FUNCTION cogniflow.%I()', 'touch_by_' || watched);
    return query
        select trigger, format('CREATE TRIGGER %s %s ON public.%I %s', trigger, moment, watched, body)
        from (values
            ('cogniflow_00_suppress', 'BEFORE UPDATE',
             'FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()', true),
            ('cogniflow_10_stamp', 'BEFORE INSERT OR UPDATE', 'FOR EACH ROW EXECUTE FUNCTION cogniflow.stamp()', true),
            ('cogniflow_feed_i', 'AFTER INSERT', 'REFERENCING NEW TABLE AS newt FOR EACH STATEMENT ' || feed, true),
            ('cogniflow_feed_u', 'AFTER UPDATE',
             'REFERENCING OLD TABLE AS oldt NEW TABLE AS newt FOR EACH STATEMENT ' || feed, true),
            ('cogniflow_feed_d', 'AFTER DELETE', 'REFERENCING OLD TABLE AS oldt FOR EACH STATEMENT ' || feed, true),
            ('cogniflow_feed_t', 'AFTER TRUNCATE', 'FOR EACH STATEMENT ' || feed, true),
            ('cogniflow_touch_i', 'AFTER INSERT', 'REFERENCING NEW TABLE AS newt FOR EACH STATEMENT ' || touch,
             t.document_table is not null),
            ('cogniflow_touch_u', 'AFTER UPDATE', 'REFERENCING OLD TABLE AS oldt NEW TABLE AS newt FOR EACH STATEMENT ' || touch,
             t.document_table is not null),
            ('cogniflow_touch_d', 'AFTER DELETE', 'REFERENCING OLD TABLE AS oldt FOR EACH STATEMENT ' || touch,
             t.document_table is not null)
        ) as each (trigger, moment, body, wanted) where wanted;
end $$;

-- Give a table of `tracked` its triggers; those already as wanted are left alone, so an upgrade locks nothing needlessly.
create or replace function cogniflow.watch(watched text) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    each record;
begin
    perform cogniflow.make_touch(tbl, document_table, document_column)
    from cogniflow.tracked where tbl = watched and document_table is not null;
    for each in
        select coalesce(w.name, e.tgname) as name, w.definition, e.tgname is not null as exists
        from cogniflow.wanted_triggers(watched) w
        full join (select tgname::text, pg_get_triggerdef(oid) as definition, tgenabled from pg_trigger
                   where tgrelid = format('public.%I', watched)::regclass
                     and tgname ~ '^cogniflow_(00_suppress|10_stamp|feed_[iudt]|touch_[iud])$') e on e.tgname = w.name
        where w.definition is distinct from e.definition or e.tgenabled is distinct from 'A'
        order by 1
    loop
        if each.exists then execute format('drop trigger %I on public.%I', each.name, watched); end if;
        if each.definition is not null then
            execute each.definition;
            execute format('alter table public.%I enable always trigger %I', watched, each.name);
        end if;
    end loop;
end $$;

-- Forget one batch of changes older than `days`; returns how many rows went, less than `batch` when it is done.
create or replace function cogniflow.forget_changes(days integer, batch integer default 10000) returns integer
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    gone integer; highest xid8;
begin
    with old as (
        -- never what a transaction still open could stand below: a reader's position may need it
        select id from cogniflow.change_log
        where at < now() - make_interval(days => days) and xid < pg_snapshot_xmin(pg_current_snapshot())
        order by xid limit batch
    ), deleted as (delete from cogniflow.change_log c using old where c.id = old.id returning c.xid)
    select count(*), (array_agg(xid order by xid desc))[1] into gone, highest from deleted;
    if gone > 0 then
        insert into cogniflow.change_floor as f (floor_xid) values (highest)
        on conflict (one) do update set floor_xid = greatest(f.floor_xid, excluded.floor_xid);
    end if;
    return gone;
end $$;
