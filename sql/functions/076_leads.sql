-- Leads: they go through stages in any order, are won by their conversion alone and lost for a reason; every move is kept.

-- BEFORE a lead: it belongs to the user whose employee looks after it, and its stage agrees with what else is said of it.
-- A won lead stays what it was won as.
create or replace function cogniflow.guard_lead() returns trigger
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare
    stage_kind text; was text;
begin
    new.user_id := (select user_id from employees where id = new.assigned_to_id);
    new.stage_id := coalesce(new.stage_id, case tg_op when 'UPDATE' then old.stage_id end, (
        select id from pipeline_stages where kind = 'open' and archived_at is null order by position, id limit 1));
    select kind into stage_kind from pipeline_stages where id = new.stage_id;
    if stage_kind is null then
        raise exception 'There is no stage for it to begin in.' using errcode = 'CF422', column = 'stage_id';
    elsif tg_op = 'INSERT' then
        if stage_kind <> 'open' then
            raise exception 'A lead begins in an open stage.' using errcode = 'CF409', column = 'stage_id';
        end if;
    else
        select kind into was from pipeline_stages where id = old.stage_id;
        if old.converted_at is not null and (new.stage_id, new.contact_id, new.quotation_id, new.converted_at)
               is distinct from (old.stage_id, old.contact_id, old.quotation_id, old.converted_at)
           and not cogniflow.follows_merger(tg_relid, to_jsonb(old), to_jsonb(new)) then
            raise exception 'The lead is won and stays so.' using errcode = 'CF409', column = 'stage_id';
        end if;
    end if;
    if stage_kind = 'won' and (new.converted_at is null or new.contact_id is null) then
        raise exception 'A lead is won by its conversion.' using errcode = 'CF409', column = 'stage_id';
    elsif stage_kind <> 'won' and (new.converted_at is not null or new.quotation_id is not null) then
        raise exception 'Only a won lead is converted.' using errcode = 'CF409', column = 'converted_at';
    end if;
    if stage_kind <> 'lost' then
        new.lost_reason := null;
    elsif coalesce(new.lost_reason, '') !~ '\S' then
        raise exception 'Say why the lead is lost.' using errcode = 'CF409', column = 'lost_reason';
    end if;
    return new;
end $$;

-- BEFORE a won lead goes: it stays.
create or replace function cogniflow.keep_lead() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
    raise exception 'The lead is won and stays so.' using errcode = 'CF409';
end $$;

-- AFTER a lead came to a stage: kept in its history.
create or replace function cogniflow.keep_stage() returns trigger
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
    insert into lead_stage_history (lead_id, from_stage_id, to_stage_id, reason)
    values (new.id, case tg_op when 'UPDATE' then old.stage_id end, new.stage_id, new.lost_reason);
    return null;
end $$;

-- AFTER an employee signs in as another user: the leads go over.
create or replace function cogniflow.hand_over_leads() returns trigger
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
    update leads set user_id = new.user_id where assigned_to_id = new.id;
    return null;
end $$;

-- BEFORE a stage becomes one of another kind: not while leads are in it, which are won or lost with a reason, or neither.
create or replace function cogniflow.guard_stage() returns trigger
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
    if exists (select from leads where stage_id = new.id) then
        raise exception 'Leads are in this stage; it keeps its kind.' using errcode = 'CF409', column = 'kind';
    end if;
    return new;
end $$;

do $$
begin
    perform cogniflow.ensure_trigger(
        'CREATE TRIGGER cogniflow_40_lead BEFORE INSERT OR UPDATE ON public.leads FOR EACH ROW EXECUTE FUNCTION cogniflow.guard_lead()');
    perform cogniflow.ensure_trigger(
        'CREATE TRIGGER cogniflow_40_won BEFORE DELETE ON public.leads FOR EACH ROW WHEN ((old.converted_at IS NOT NULL)) '
        'EXECUTE FUNCTION cogniflow.keep_lead()');
    perform cogniflow.ensure_trigger(
        'CREATE TRIGGER cogniflow_stage_i AFTER INSERT ON public.leads FOR EACH ROW EXECUTE FUNCTION cogniflow.keep_stage()');
    perform cogniflow.ensure_trigger(
        'CREATE TRIGGER cogniflow_stage_u AFTER UPDATE ON public.leads FOR EACH ROW '
        'WHEN ((old.stage_id IS DISTINCT FROM new.stage_id)) EXECUTE FUNCTION cogniflow.keep_stage()');
    perform cogniflow.ensure_trigger(
        'CREATE TRIGGER cogniflow_leads AFTER UPDATE OF user_id ON public.employees FOR EACH ROW '
        'WHEN ((old.user_id IS DISTINCT FROM new.user_id)) EXECUTE FUNCTION cogniflow.hand_over_leads()');
    perform cogniflow.ensure_trigger(
        'CREATE TRIGGER cogniflow_40_kind BEFORE UPDATE OF kind ON public.pipeline_stages FOR EACH ROW '
        'WHEN (((old.kind)::text IS DISTINCT FROM (new.kind)::text)) EXECUTE FUNCTION cogniflow.guard_stage()');
end $$;
