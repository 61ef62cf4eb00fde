-- Leave: working days, who approves, and what is left. The ledger is written here alone, in the transaction that decides.

-- Working days of a leave in halves of a day: neither Saturdays and Sundays nor holidays count.
create or replace function cogniflow.working_days(starts_on date, starts_at text, ends_on date, ends_at text) returns numeric
language sql stable security definer set search_path = pg_catalog, public, pg_temp as $$
    select coalesce(sum(case when day = starts_on and starts_at = 'noon' then 0.5 else 1 end
                        - case when day = ends_on and ends_at = 'noon' then 0.5 else 0 end), 0)
    from (select starts_on + n as day from generate_series(0, ends_on - starts_on) n) calendar
    where extract(isodow from day) < 6 and not exists (select from holidays h where h.day = calendar.day);
$$;

-- BEFORE a row that is an employee's: it belongs to the user that the employee signs in as.
create or replace function cogniflow.set_user_of_employee() returns trigger
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
    new.user_id := (select user_id from employees where id = new.employee_id);
    return new;
end $$;

-- AFTER an employee signs in as another user: what is the employee's goes over. Arguments: the tables.
create or replace function cogniflow.hand_over() returns trigger
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare
    tbl text;
begin
    foreach tbl in array tg_argv loop
        execute format('update public.%I set user_id = $1 where employee_id = $2', tbl) using new.user_id, new.id;
    end loop;
    return null;
end $$;

-- BEFORE a request: its working days, until it is decided, and by whom it is.
create or replace function cogniflow.guard_leave() returns trigger
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare
    before leave_requests;
    decided boolean;
begin
    if tg_op = 'UPDATE' then before := old; end if;
    decided := tg_op = 'UPDATE' and new.status <> old.status and new.status in ('approved', 'rejected');
    new.days := case when decided or new.status in ('draft', 'submitted')
                     then cogniflow.working_days(new.starts_on, new.starts_at, new.ends_on, new.ends_at) else before.days end;
    if new.days = 0 and new.status is distinct from before.status and new.status in ('submitted', 'approved') then
        raise exception 'There is no working day in it.' using errcode = 'CF422', column = 'ends_on';
    elsif not decided then
        new.decided_at := before.decided_at;
        if (new.approver_id, new.answer) is distinct from (before.approver_id, before.answer) then
            raise exception 'It is approved or rejected by its operations.' using errcode = 'CF409', column = 'approver_id';
        end if;
        return new;
    end if;
    if new.approver_id <> cogniflow.actor() then
        raise exception 'It is decided in the name of whoever is signed in.' using errcode = 'CF422', column = 'approver_id';
    end if;
    new.approver_id := coalesce(new.approver_id, cogniflow.actor());
    new.decided_at := now();
    if new.approver_id is null then
        raise exception 'Say which user decides.' using errcode = 'CF422', column = 'approver_id';
    elsif new.approver_id = (select user_id from employees where id = new.employee_id) then
        raise exception 'Nobody decides on leave of their own.' using errcode = 'CF409', column = 'approver_id';
    end if;
    return new;
end $$;

-- BEFORE an allocation changes: what it granted stays.
create or replace function cogniflow.guard_allocation() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
    if (new.employee_id, new.leave_type_id, new.days, new.granted_on) <> (old.employee_id, old.leave_type_id, old.days, old.granted_on) then
        raise exception 'The days are granted; delete it, or set it right with another one.' using errcode = 'CF409', column = 'days';
    end if;
    return new;
end $$;

-- AFTER days are granted, taken or called off: the ledger has them, and takes none of its rows back but by another one.
create or replace function cogniflow.book_leave() returns trigger
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
    if tg_op = 'DELETE' then
        insert into leave_ledger (employee_id, leave_type_id, days, leave_allocation_id, reverses_id)
        select employee_id, leave_type_id, -days, leave_allocation_id, id from leave_ledger
        where leave_allocation_id = old.id and reverses_id is null;
    elsif tg_table_name = 'leave_allocations' then
        insert into leave_ledger (employee_id, leave_type_id, days, leave_allocation_id)
        values (new.employee_id, new.leave_type_id, new.days, new.id);
    elsif new.status = 'approved' and old.status <> 'approved' then
        insert into leave_ledger (employee_id, leave_type_id, days, leave_request_id)
        values (new.employee_id, new.leave_type_id, -new.days, new.id);
    elsif new.status = 'cancelled' and old.status = 'approved' then
        insert into leave_ledger (employee_id, leave_type_id, days, leave_request_id, reverses_id)
        select employee_id, leave_type_id, -days, leave_request_id, id from leave_ledger
        where leave_request_id = new.id and reverses_id is null;
    end if;
    return null;
end $$;

-- AFTER days leave the ledger: of a kind that is limited nobody takes more than is left.
create or replace function cogniflow.guard_balance() returns trigger
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare
    remaining numeric;
begin
    if not (select is_limited from leave_types where id = new.leave_type_id) then return null; end if;
    -- one after the other: two requests that are approved at once would both find the same days left
    perform cogniflow.take_turns(array['leave of employee ' || new.employee_id]);
    select sum(days) into remaining from leave_ledger where employee_id = new.employee_id and leave_type_id = new.leave_type_id;
    if remaining < 0 then
        raise exception 'Only % days of this leave are left, not %.', trim_scale(remaining - new.days), trim_scale(-new.days)
            using errcode = 'CF409', column = 'days';
    end if;
    return null;
end $$;

-- AFTER holidays changed: the days of what is not decided yet.
create or replace function cogniflow.recount_leave() returns trigger
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
    with undecided as materialized (
        select id, cogniflow.working_days(starts_on, starts_at, ends_on, ends_at) as days from leave_requests
        where status in ('draft', 'submitted') order by id for no key update)
    update leave_requests r set days = u.days from undecided u where r.id = u.id and r.days <> u.days;
    return null;
end $$;

-- At commit: an approved request has taken exactly its days, by an approver who is somebody else; any other has none.
create or replace function cogniflow.check_leave() returns trigger
language plpgsql security definer set search_path = pg_catalog, public, pg_temp set enable_seqscan = off as $$
declare
    request bigint := to_jsonb(new) ->> case tg_table_name when 'leave_ledger' then 'leave_request_id' else 'id' end;
    agrees boolean;
begin
    select coalesce(sum(l.days), 0) = case r.status when 'approved' then -r.days else 0 end
           and (r.status <> 'approved' or r.approver_id is not null and count(l.id) = 1
                and bool_and((l.employee_id, l.leave_type_id) = (r.employee_id, r.leave_type_id)))
    into agrees from leave_requests r left join leave_ledger l on l.leave_request_id = r.id where r.id = request group by r.id;
    if not agrees then
        raise exception 'This leave request has not taken exactly its days, by an approver.' using errcode = 'CF409';
    end if;
    return null;
end $$;

do $$
declare
    owned text[] := '{leave_allocations,leave_ledger,leave_requests,task_assignees}';
begin
    perform cogniflow.ensure_trigger(format(
        'CREATE TRIGGER cogniflow_40_user BEFORE INSERT OR UPDATE OF employee_id ON public.%I FOR EACH ROW '
        'EXECUTE FUNCTION cogniflow.set_user_of_employee()', tbl))
    from unnest(owned) tbl;
    perform cogniflow.ensure_trigger(format(
        'CREATE TRIGGER cogniflow_hand_over AFTER UPDATE OF user_id ON public.employees FOR EACH ROW '
        'WHEN ((new.user_id IS DISTINCT FROM old.user_id)) EXECUTE FUNCTION cogniflow.hand_over(%s)',
        (select string_agg(quote_literal(tbl), ', ') from unnest(owned) tbl)));
    perform cogniflow.ensure_trigger(format(
        'CREATE TRIGGER cogniflow_35_dates BEFORE INSERT OR UPDATE OF %s ON public.%I FOR EACH ROW '
        'EXECUTE FUNCTION cogniflow.guard_dates(%L, %L)', array_to_string(days, ', '), tbl, days, '{}'))
    from (values ('leave_requests', '{starts_on,ends_on}'::text[]), ('holidays', '{day}'), ('leave_allocations', '{granted_on}')
    ) as each (tbl, days);
    perform cogniflow.ensure_trigger(
        'CREATE TRIGGER cogniflow_40_document BEFORE DELETE OR UPDATE ON public.leave_requests FOR EACH ROW EXECUTE FUNCTION '
        'cogniflow.guard_document(''draft'', ''{employee_id,leave_type_id,starts_on,starts_at,ends_on,ends_at}'', ''{}'', ''{}'')');
    perform cogniflow.ensure_trigger(
        'CREATE TRIGGER cogniflow_45_leave BEFORE INSERT OR UPDATE ON public.leave_requests FOR EACH ROW '
        'EXECUTE FUNCTION cogniflow.guard_leave()');
    perform cogniflow.ensure_trigger(
        'CREATE TRIGGER cogniflow_45_allocation BEFORE UPDATE ON public.leave_allocations FOR EACH ROW '
        'EXECUTE FUNCTION cogniflow.guard_allocation()');
    perform cogniflow.ensure_trigger(
        'CREATE TRIGGER cogniflow_ledger AFTER INSERT OR DELETE ON public.leave_allocations FOR EACH ROW '
        'EXECUTE FUNCTION cogniflow.book_leave()');
    perform cogniflow.ensure_trigger(
        'CREATE TRIGGER cogniflow_ledger AFTER UPDATE OF status ON public.leave_requests FOR EACH ROW '
        'EXECUTE FUNCTION cogniflow.book_leave()');
    perform cogniflow.ensure_trigger(
        'CREATE TRIGGER cogniflow_balance AFTER INSERT ON public.leave_ledger FOR EACH ROW WHEN ((new.days < (0)::numeric)) '
        'EXECUTE FUNCTION cogniflow.guard_balance()');
    perform cogniflow.ensure_trigger(
        'CREATE TRIGGER cogniflow_append_only BEFORE DELETE OR UPDATE OF employee_id, leave_type_id, days, '
        'leave_allocation_id, leave_request_id, reverses_id OR TRUNCATE ON public.leave_ledger FOR EACH STATEMENT '
        'EXECUTE FUNCTION cogniflow.refuse_change()');
    perform cogniflow.ensure_trigger(
        'CREATE TRIGGER cogniflow_recount AFTER INSERT OR DELETE OR UPDATE ON public.holidays FOR EACH STATEMENT '
        'EXECUTE FUNCTION cogniflow.recount_leave()');
    perform cogniflow.ensure_trigger(
        'CREATE CONSTRAINT TRIGGER cogniflow_effects AFTER INSERT OR UPDATE OF status ON public.leave_requests '
        'DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION cogniflow.check_leave()');
    perform cogniflow.ensure_trigger(
        'CREATE CONSTRAINT TRIGGER cogniflow_effects AFTER INSERT ON public.leave_ledger '
        'DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION cogniflow.check_leave()');
end $$;
