-- What is refused though stock would allow it: movements in settled days, and orders beyond a customer's credit.

insert into cogniflow.graph_locks (name, turn) values ('stock periods', 0) on conflict do nothing;

-- AFTER the ledger grew: not by days that are settled.
create or replace function cogniflow.refuse_settled_days() returns trigger
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare
    settled text;
begin
    -- a period is closed a whole day after its end, at the earliest: what moves now is in none, and locks nothing
    if not exists (select from newt where moved_at < now() - interval '12 hours') then return null; end if;
    -- shared by all who post, not with who closes: an older snapshot fails here
    perform from cogniflow.graph_locks where name = 'stock periods' for share;
    select p.name into settled from newt n join stock_periods p on p.status = 'closed'
        and (n.moved_at at time zone cogniflow.company_timezone())::date between p.starts_on and p.ends_on limit 1;
    if found then
        raise exception '% is closed: no stock moves on its days any more.', settled using errcode = 'CF409';
    end if;
    return null;
end $$;

-- BEFORE a period is closed: it has been over for a day, and nobody is posting into it.
create or replace function cogniflow.close_period() returns trigger
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
    if new.status <> 'closed' or old.status = 'closed' then return new; end if;
    if new.ends_on >= cogniflow.company_today() - 1 then
        raise exception 'It can be closed from % on, when it has been over for a day.', new.ends_on + 2
            using errcode = 'CF409', column = 'ends_on';
    end if;
    perform cogniflow.take_turns('{stock periods}');
    return new;
end $$;

-- AFTER orders were confirmed: what the customer's open orders come to is within the limit, or was allowed.
create or replace function cogniflow.guard_credit() returns trigger
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare
    limited bigint[] := array(select distinct c.id from newt n join oldt o using (id) join contacts c on c.id = n.customer_id
                              where n.status = 'confirmed' and o.status = 'draft' and c.credit_limit is not null order by 1);
    refused record;
begin
    if limited = '{}' then return null; end if;
    -- one order of a customer at a time: two would not see each other
    perform cogniflow.take_turns(array(select 'credit of contact ' || id from unnest(limited) id));
    select c.name, c.credit_limit, n.total, e.exposure - n.total as others into refused
    from newt n join oldt o using (id) join contacts c on c.id = n.customer_id
    cross join lateral (select sum(total) as exposure from orders
                        where customer_id = c.id and status not in ('draft', 'cancelled', 'closed')) e
    where n.status = 'confirmed' and o.status = 'draft' and e.exposure > c.credit_limit
      and n.total > coalesce(n.credit_approved, -1) order by n.id limit 1;
    if found then
        raise exception '% has a credit limit of % and open orders of %: this one of % needs approval.', refused.name,
            round(refused.credit_limit, 2), round(refused.others, 2), round(refused.total, 2)
            using errcode = 'CF409', column = 'customer_id';
    end if;
    return null;
end $$;

do $$
begin
    perform cogniflow.ensure_trigger(
        'CREATE TRIGGER cogniflow_settled AFTER INSERT ON public.stock_ledger REFERENCING NEW TABLE AS newt FOR EACH STATEMENT '
        'EXECUTE FUNCTION cogniflow.refuse_settled_days()');
    perform cogniflow.ensure_trigger(
        'CREATE TRIGGER cogniflow_45_close BEFORE UPDATE ON public.stock_periods FOR EACH ROW '
        'EXECUTE FUNCTION cogniflow.close_period()');
    perform cogniflow.ensure_trigger(
        'CREATE TRIGGER cogniflow_credit AFTER UPDATE ON public.orders REFERENCING OLD TABLE AS oldt NEW TABLE AS newt '
        'FOR EACH STATEMENT EXECUTE FUNCTION cogniflow.guard_credit()');
end $$;
