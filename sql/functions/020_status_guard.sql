-- A record begins in its first status and takes only the moves that its operations declare, whatever the door.

create or replace function cogniflow.guard_status() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    move cogniflow.transitions;
begin
    if tg_op = 'INSERT' then
        if new.status is distinct from tg_argv[0] then
            raise exception 'This % begins as %, not as %.', cogniflow.called(tg_table_name), tg_argv[0], new.status
                using errcode = 'CF409', column = 'status';
        end if;
        return new;
    end if;
    if new.status is not distinct from old.status then return new; end if;
    select * into move from cogniflow.transitions t
    where t.tbl = tg_table_name and t.source = old.status and t.target = new.status;
    if not found then
        raise exception 'This % is % and cannot become %.', cogniflow.called(tg_table_name), old.status, new.status
            using errcode = 'CF409', column = 'status';
    end if;
    -- derived moves are made by functions that run as the owner; nobody else may claim what they find out
    if move.verb is null and not pg_has_role(current_user, (select relowner from pg_class where oid = tg_relid), 'usage') then
        raise exception 'This % becomes % by itself, when what it depends on does.', cogniflow.called(tg_table_name), new.status
            using errcode = 'CF409', column = 'status';
    end if;
    return new;
end $$;

do $$
begin
    perform cogniflow.ensure_trigger(format(
        'CREATE TRIGGER cogniflow_20_status BEFORE INSERT OR UPDATE ON public.%I FOR EACH ROW '
        'EXECUTE FUNCTION cogniflow.guard_status(%L)', tbl, initial_status))
    from cogniflow.tracked where initial_status is not null order by tbl;
end $$;
