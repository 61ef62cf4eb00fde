-- Notifications: what the rules say is told, in the transaction that makes the change, whoever makes it.

-- The table that a reference names: of orders, `customer` is contacts; NULL where it is none.
create or replace function cogniflow.referred_table(tbl text, reference text) returns text
language sql stable set search_path = pg_catalog, pg_temp as $$
    select f.relname::text from pg_constraint c join pg_attribute a on a.attrelid = c.conrelid and a.attnum = c.conkey[1]
    join pg_class f on f.oid = c.confrelid
    where c.contype = 'f' and c.conrelid = to_regclass('public.' || quote_ident(tbl)) and a.attname = reference || '_id';
$$;

-- What `customer.name` is in a record: its references are followed to their records; nothing secret is told.
create or replace function cogniflow.looked_up(tbl text, record jsonb, path text[]) returns text
language plpgsql stable strict security definer set search_path = pg_catalog, pg_temp as $$
declare
    target text;
    found jsonb;
begin
    if cardinality(path) = 1 then
        return case when path[1] = any((select secrets from cogniflow.tracked t where t.tbl = looked_up.tbl)::text[]) then null
                    when jsonb_typeof(record -> path[1]) = 'number' then trim_scale((record ->> path[1])::numeric)::text
                    else record ->> path[1] end;
    end if;
    target := cogniflow.referred_table(tbl, path[1]);
    if target is null then return null; end if;
    execute format('select to_jsonb(t) from public.%I t where id = $1', target) into found using (record ->> (path[1] || '_id'))::bigint;
    return cogniflow.looked_up(target, found, path[2:]);
end $$;

-- Whether records of a table have what a path such as `customer.name` names, and it is no secret.
create or replace function cogniflow.can_look_up(tbl text, path text[]) returns boolean
language plpgsql stable strict security definer set search_path = pg_catalog, pg_temp as $$
begin
    if cardinality(path) = 1 then
        return exists (select from pg_attribute a join cogniflow.tracked t on t.tbl = can_look_up.tbl
                       where a.attrelid = to_regclass(format('public.%I', t.tbl)) and a.attname = path[1] and a.attnum > 0
                         and not a.attisdropped and a.attname <> all (t.secrets));
    end if;
    return cogniflow.can_look_up(cogniflow.referred_table(tbl, path[1]), path[2:]);
end $$;

-- The paths that a text names in braces.
create or replace function cogniflow.named_in(template text) returns setof text
language sql immutable set search_path = pg_catalog, pg_temp as $$
    select m[1] from regexp_matches(template, '\{([^{}]*)\}', 'g') m;
$$;

-- The text with what a record holds in the place of each {path}.
create or replace function cogniflow.filled(template text, tbl text, record jsonb) returns text
language plpgsql stable strict set search_path = pg_catalog, pg_temp as $$
declare
    said text := '';
    rest text := template;
    path text;
begin
    for path in select cogniflow.named_in(template) loop
        said := said || split_part(rest, '{' || path || '}', 1)
                     || coalesce(cogniflow.looked_up(tbl, record, string_to_array(path, '.')), '');
        rest := substr(rest, strpos(rest, '{' || path || '}') + length(path) + 2);
    end loop;
    return said || rest;
end $$;

-- The roles whose users are told what a role is told: itself, and where nobody has it, those that may do everything.
create or replace function cogniflow.roles_told(role_id bigint) returns bigint[]
language sql stable security definer set search_path = pg_catalog, public, pg_temp as $$
    select case when cogniflow.has_users(role_id) then array[role_id]
                else array(select p.role_id from permissions p join roles r on r.id = p.role_id
                           where cogniflow.is_everything(p) and r.archived_at is null) end;
$$;

-- Tell whom the rules name of changes, given as pairs of a record's images before and after.
create or replace function cogniflow.notify(tbl text, operation text, pairs jsonb) returns void
language sql security definer set search_path = pg_catalog, public, pg_temp as $$
    insert into notifications (user_id, type_id, severity, title, body, entity, record_id, dedupe_key)
    select u.id, t.id, t.severity, left(cogniflow.filled(r.title, tbl, c.image), 200), cogniflow.filled(r.body, tbl, c.image),
           case when operation <> 'delete' then tbl end, case when operation <> 'delete' then c.id end,
           format('%s of %s %s', t.code, tbl, c.id)
    from (select p -> 0 as before, image, (image ->> 'id')::bigint as id
          from jsonb_array_elements(pairs) p, lateral (select coalesce(nullif(p -> 1, 'null'), p -> 0) as image) i) c
    join notification_rules r on r.entity = tbl and r.op = operation and r.enabled
    join notification_types t on t.id = r.type_id and 'bell' = any(t.channels) and t.archived_at is null
    cross join lateral (select case when r.recipient_role_id is not null then cogniflow.roles_told(r.recipient_role_id) end) h (roles)
    join users u on u.active and u.archived_at is null
                and (u.id::text = cogniflow.looked_up(tbl, c.image, string_to_array(r.recipient_column, '.'))
                     or exists (select from user_roles x where x.user_id = u.id and x.role_id = any(h.roles)))
    where (r.changed = '{}' or exists (select from unnest(r.changed) name where c.before ->> name is distinct from c.image ->> name))
      and (r.condition_column is null
           or cogniflow.looked_up(tbl, c.image, string_to_array(r.condition_column, '.')) = r.condition_value)
      and not exists (select from notification_preferences p where p.user_id = u.id and p.type_id = t.id and p.muted)
    order by u.id, c.id
    on conflict (user_id, dedupe_key) where read_at is null do nothing;
$$;

-- A rule names what its records have, as soon as there are such records; notifications are not told of.
create or replace function cogniflow.guard_rule() returns trigger
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare
    each record;
begin
    if new.entity like 'notification%' then
        raise exception 'Nobody is notified of notifications.' using errcode = 'CF422', column = 'entity';
    elsif not exists (select from cogniflow.tracked where tbl = new.entity) then
        return new;
    end if;
    for each in
        select 'changed' as field, unnest(new.changed) as path union all select 'condition_column', new.condition_column
        union all select 'recipient_column', new.recipient_column
        union all select 'title', cogniflow.named_in(new.title) union all select 'body', cogniflow.named_in(new.body)
    loop
        if each.path is not null and cogniflow.can_look_up(new.entity, string_to_array(each.path, '.')) is not true then
            raise exception '% have no %.', new.entity, each.path using errcode = 'CF422', column = each.field;
        end if;
    end loop;
    return new;
end $$;

do $$
begin
    perform cogniflow.ensure_trigger(
        'CREATE TRIGGER cogniflow_40_rule BEFORE INSERT OR UPDATE ON public.notification_rules FOR EACH ROW '
        'EXECUTE FUNCTION cogniflow.guard_rule()');
end $$;
