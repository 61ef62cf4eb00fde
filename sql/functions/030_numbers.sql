-- Numbers are given by the database, in the transaction that makes the document count, without gaps.

-- The next number of a series in the period of `day`; whoever asks next waits until this transaction ends, so none is lost.
create or replace function cogniflow.next_number(series text, day date) returns text
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare
    s record;
    period_name text; given bigint;
begin
    select coalesce(n.prefix, '') as prefix, coalesce(n.period, 'year') as period, coalesce(n.width, 5) as width into s
    from (select) as one left join number_series n on n.entity = series;
    period_name := case s.period when 'year' then to_char(day, 'YYYY') when 'month' then to_char(day, 'YYYY-MM') else '' end;
    insert into cogniflow.number_counters as c (entity, period, last) values (series, period_name, 1)
    on conflict (entity, period) do update set last = c.last + 1
    returning last into given;
    return concat(s.prefix, nullif(period_name, '') || '-', lpad(given::text, greatest(s.width, length(given::text)), '0'));
end $$;

-- BEFORE a document changes: its number comes with a status, dated by a column, and stays.
-- Arguments: the column of the number, its series, the status, the column of the date.
create or replace function cogniflow.give_number() returns trigger
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare
    named text := tg_argv[0];
    given text := to_jsonb(new) ->> named;
    dated text;
begin
    if tg_op = 'INSERT' then
        if given is not null then
            raise exception 'The number is given when it is %.', tg_argv[2] using errcode = 'CF422', column = named;
        end if;
    elsif given is distinct from to_jsonb(old) ->> named then
        raise exception 'A number is given once and never changed.' using errcode = 'CF409', column = named;
    elsif given is null and new.status = tg_argv[2] then
        dated := to_jsonb(new) ->> tg_argv[3];
        new := jsonb_populate_record(new, jsonb_build_object(named, cogniflow.next_number(tg_argv[1], case
            when dated is null then cogniflow.company_today()
            -- a date is never converted; a moment is the day it was in the company
            when length(dated) = 10 then dated::date
            else (dated::timestamptz at time zone cogniflow.company_timezone())::date end)));
    end if;
    return new;
end $$;

do $$
begin
    perform cogniflow.ensure_trigger(format(
        'CREATE TRIGGER cogniflow_30_%s BEFORE INSERT OR UPDATE ON public.%I FOR EACH ROW '
        'EXECUTE FUNCTION cogniflow.give_number(%L, %L, %L, %L)', named, tbl, named, coalesce(series, tbl), numbered, dated))
    from (values ('orders', 'number', null, 'confirmed', 'ordered_on'),
                 ('purchase_orders', 'number', null, 'confirmed', 'ordered_on'),
                 ('goods_delivery_notes', 'number', null, 'shipped', 'shipped_at'),
                 ('goods_delivery_notes', 'reversal_number', 'gdn_reversals', 'reversed', 'reversed_at'),
                 ('goods_receipt_notes', 'number', null, 'posted', 'posted_at'),
                 ('goods_receipt_notes', 'reversal_number', 'grn_reversals', 'reversed', 'reversed_at'),
                 ('quotations', 'number', null, 'sent', 'quoted_on'),
                 ('stock_transfers', 'number', null, 'in_transit', 'shipped_at'),
                 ('stock_counts', 'number', null, 'posted', 'posted_at'),
                 ('stock_adjustments', 'number', null, 'posted', 'posted_at'),
                 ('assembly_orders', 'number', null, 'released', 'planned_on')
    ) as each (tbl, named, series, numbered, dated);
end $$;
