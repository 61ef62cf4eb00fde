-- How every guard is put on its table.

-- Give a table the trigger that `definition` makes, as PostgreSQL itself would print it; one that is already so is left
-- alone, so an upgrade locks nothing needlessly. It fires whatever the replication role.
create or replace function cogniflow.ensure_trigger(definition text) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    found text[] := regexp_match(definition, '^CREATE (?:CONSTRAINT )?TRIGGER (\S+) .*? ON (public\.\S+) ');
    existing record;
begin
    select pg_get_triggerdef(oid) as definition, tgenabled into existing
    from pg_trigger where tgrelid = found[2]::regclass and tgname = found[1];
    if existing.definition = definition and existing.tgenabled = 'A' then return; end if;
    if existing.definition is not null then execute format('drop trigger %I on %s', found[1], found[2]); end if;
    execute definition;
    execute format('alter table %s enable always trigger %I', found[2], found[1]);
end $$;

-- Make the transaction the only one that has this turn until it ends: a change of the row, so that another one whose
-- snapshot is older fails with 40001 instead of missing what was done meanwhile.
create or replace function cogniflow.take_turns(names text[]) returns void
language sql set search_path = pg_catalog, pg_temp as $$
    insert into cogniflow.graph_locks as g (name, turn) select name, 1 from unnest(names) name
    on conflict (name) do update set turn = g.turn + 1;
$$;

-- What a record of a table is called: goods_delivery_notes is "goods delivery note".
create or replace function cogniflow.called(tbl text) returns text
language sql immutable parallel safe set search_path = pg_catalog, pg_temp as $$
    select regexp_replace(replace(tbl, '_', ' '), '(ie)?s$', case when tbl ~ 'ies$' then 'y' else '' end);
$$;
