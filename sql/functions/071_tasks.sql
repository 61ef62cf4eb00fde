-- Tasks wait for others, are parts of others, and come again.

-- BEFORE a task moves: one that waits for another neither starts nor ends.
create or replace function cogniflow.guard_task() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
    if new.status <> old.status and new.waits_for > 0 and (new.status = 'done' or (old.status, new.status) = ('todo', 'in_progress')) then
        raise exception 'It is blocked: % must be done before.',
            case new.waits_for when 1 then 'another task' else new.waits_for || ' other tasks' end
            using errcode = 'CF409', column = 'status';
    elsif new.status = 'done' then
        new.done_at := coalesce(old.done_at, now());
        new.progress := 100;
    end if;
    return new;
end $$;

-- AFTER a task is done or dropped: those that wait for it know.
create or replace function cogniflow.release_tasks() returns trigger
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
    if new.status = old.status or new.status not in ('done', 'cancelled') then return null; end if;
    perform 1 from tasks where id in (select task_id from task_dependencies where depends_on_id = new.id) order by id for no key update;
    update tasks set waits_for = waits_for - 1 where id in (select task_id from task_dependencies where depends_on_id = new.id);
    return null;
end $$;

-- AFTER dependencies changed: no task waits for itself, and each knows for how many it waits, and how many wait for it.
create or replace function cogniflow.guard_dependency() returns trigger
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare
    open boolean;
    waiting text;
begin
    if tg_op <> 'INSERT' then
        -- what must be done before comes first, here as in release_tasks: all take their locks in the order of the work
        update tasks set dependents = dependents - 1 where id = old.depends_on_id returning status not in ('done', 'cancelled') into open;
        if open then update tasks set waits_for = waits_for - 1 where id = old.task_id; end if;
    end if;
    if tg_op = 'DELETE' then return null; end if;
    perform cogniflow.take_turns('{task_dependencies}');
    if exists (with recursive chain (id) as (
                   select new.depends_on_id union select d.depends_on_id from task_dependencies d join chain c on c.id = d.task_id)
               select from chain where id = new.task_id) then
        raise exception 'It would wait for itself.' using errcode = 'CF422', column = 'depends_on_id';
    end if;
    update tasks set dependents = dependents + 1 where id = new.depends_on_id returning status not in ('done', 'cancelled') into open;
    if not open then return null; end if;
    update tasks set waits_for = waits_for + 1 where id = new.task_id returning status into waiting;
    if waiting in ('done', 'cancelled') then
        raise exception 'The task is % and waits for nothing.', waiting using errcode = 'CF409', column = 'task_id';
    end if;
    return null;
end $$;

-- The first day of a recurrence that lies after `day`, or its first of all; NULL when it is over.
create or replace function cogniflow.next_occurrence(r task_recurrences, day date) returns date
language sql immutable set search_path = pg_catalog, pg_temp as $$
    select min(due) from (
        -- from the start each time: a month after the 31st of January and February is the 31st of March again
        select case r.unit when 'month' then (r.starts_on + make_interval(months => n * r.every))::date
                           when 'week' then r.starts_on + n * r.every * 7 else r.starts_on + n * r.every end as due
        from (select extract(year from since) * 12 + extract(month from since) as months, day - r.starts_on as days
              from age(day::timestamp, r.starts_on::timestamp) since) passed,
             greatest(0, case r.unit when 'month' then months when 'week' then days / 7 else days end::integer / r.every) first,
             generate_series(first, first + 2) n) dates
    where (due > day or day is null) and (r.ends_on is null or due <= r.ends_on);
$$;

-- BEFORE a recurrence: when the next task of it is due follows from the last one.
create or replace function cogniflow.set_next_on() returns trigger
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
    new.next_on := cogniflow.next_occurrence(new, (select max(due_on) from tasks where recurrence_id = new.id));
    return new;
end $$;

-- BEFORE a task that recurs is made: it is due when its recurrence says, where nobody says otherwise.
create or replace function cogniflow.set_due_on() returns trigger
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
    new.due_on := coalesce(new.due_on, (select next_on from task_recurrences where id = new.recurrence_id));
    return new;
end $$;

-- AFTER a task that recurs was made or put off: the next one is due after it.
create or replace function cogniflow.move_next_on() returns trigger
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
    update task_recurrences r set next_on = cogniflow.next_occurrence(r, (select max(due_on) from tasks where recurrence_id = r.id))
    where id = new.recurrence_id;
    return null;
end $$;

-- AFTER a task that recurs is done: the next one is made, for the same people.
create or replace function cogniflow.follow_task() returns trigger
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare
    due date;
    made bigint;
begin
    if new.status = old.status or new.status <> 'done' then return null; end if;
    select next_on into due from task_recurrences where id = new.recurrence_id and archived_at is null for no key update;
    if due is null then return null; end if;
    insert into tasks (title, description, category_id, priority, parent_id, starts_on, due_on, estimated_hours, recurrence_id, follows_id)
    values (new.title, new.description, new.category_id, new.priority, new.parent_id, due - (new.due_on - new.starts_on), due,
            new.estimated_hours, new.recurrence_id, new.id)
    returning id into made;
    insert into task_assignees (task_id, employee_id) select made, employee_id from task_assignees where task_id = new.id order by id;
    return null;
end $$;

do $$
begin
    perform cogniflow.ensure_trigger(
        'CREATE TRIGGER cogniflow_tree AFTER INSERT OR UPDATE OF parent_id ON public.tasks FOR EACH ROW '
        'EXECUTE FUNCTION cogniflow.guard_tree(''parent_id'')');
    perform cogniflow.ensure_trigger(format(
        'CREATE TRIGGER cogniflow_35_dates BEFORE INSERT OR UPDATE OF starts_on, %s ON public.%I FOR EACH ROW '
        'EXECUTE FUNCTION cogniflow.guard_dates(%L, %L)', day, tbl, array['starts_on', day], '{}'))
    from (values ('tasks', 'due_on'), ('task_recurrences', 'ends_on')) as each (tbl, day);
    perform cogniflow.ensure_trigger(
        'CREATE TRIGGER cogniflow_40_task BEFORE UPDATE ON public.tasks FOR EACH ROW EXECUTE FUNCTION cogniflow.guard_task()');
    perform cogniflow.ensure_trigger(
        'CREATE TRIGGER cogniflow_30_due BEFORE INSERT ON public.tasks FOR EACH ROW WHEN ((new.recurrence_id IS NOT NULL)) '
        'EXECUTE FUNCTION cogniflow.set_due_on()');
    perform cogniflow.ensure_trigger(
        'CREATE TRIGGER cogniflow_next AFTER INSERT OR UPDATE OF due_on, recurrence_id ON public.tasks FOR EACH ROW '
        'WHEN ((new.recurrence_id IS NOT NULL)) EXECUTE FUNCTION cogniflow.move_next_on()');
    perform cogniflow.ensure_trigger(
        'CREATE TRIGGER cogniflow_release AFTER UPDATE OF status ON public.tasks FOR EACH ROW '
        'EXECUTE FUNCTION cogniflow.release_tasks()');
    perform cogniflow.ensure_trigger(
        'CREATE TRIGGER cogniflow_follow AFTER UPDATE OF status ON public.tasks FOR EACH ROW '
        'WHEN ((new.recurrence_id IS NOT NULL)) EXECUTE FUNCTION cogniflow.follow_task()');
    perform cogniflow.ensure_trigger(
        'CREATE TRIGGER cogniflow_dependency AFTER INSERT OR DELETE OR UPDATE ON public.task_dependencies FOR EACH ROW '
        'EXECUTE FUNCTION cogniflow.guard_dependency()');
    perform cogniflow.ensure_trigger(
        'CREATE TRIGGER cogniflow_40_next BEFORE INSERT OR UPDATE ON public.task_recurrences FOR EACH ROW '
        'EXECUTE FUNCTION cogniflow.set_next_on()');
end $$;
