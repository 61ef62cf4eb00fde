-- What a document says can be: no day centuries away, nothing done that is still to come, no half of what comes in pieces.

-- BEFORE a document: its days are of this age, and what was done was done. Arguments: its days, the moments when it was done.
create or replace function cogniflow.guard_dates() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    said jsonb := to_jsonb(new);
    refused text;
begin
    select day into refused from unnest(tg_argv[0]::text[]) day
    where (said ->> day)::date not between '1990-01-01' and '2199-12-31' limit 1;
    if refused is not null then
        raise exception 'It is a day between 1990 and 2199.' using errcode = 'CF422', column = refused;
    end if;
    -- a day's grace: clocks differ, and goods may be told a few hours ahead
    select moment into refused from unnest(tg_argv[1]::text[]) moment
    where (said ->> moment)::timestamptz > now() + interval '1 day' limit 1;
    if refused is not null then
        raise exception 'It has happened, so it is not in the future.' using errcode = 'CF422', column = refused;
    end if;
    return new;
end $$;

-- BEFORE a line with a broken quantity: what comes in whole units only is not divided. Arguments: its quantities.
create or replace function cogniflow.guard_pieces() returns trigger
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare
    said jsonb := to_jsonb(new);
    before jsonb := case tg_op when 'UPDATE' then to_jsonb(old) end;
    quantity text; refused record;
begin
    foreach quantity in array tg_argv loop
        -- one that stays as it was may be older than the rule of its unit
        continue when ((said ->> quantity)::numeric <> trunc((said ->> quantity)::numeric)) is not true
                      or (said -> 'product_id', said -> quantity) = (before -> 'product_id', before -> quantity);
        select p.name, u.name as unit into refused from products p join units_of_measure u on u.id = p.unit_id
        where p.id = new.product_id and u.whole_only;
        if found then
            raise exception '% is counted in whole units (%).', refused.name, lower(refused.unit)
                using errcode = 'CF422', column = quantity;
        end if;
    end loop;
    return new;
end $$;

do $$
begin
    perform cogniflow.ensure_trigger(format(
        'CREATE TRIGGER cogniflow_35_dates BEFORE INSERT OR UPDATE OF %s ON public.%I FOR EACH ROW '
        'EXECUTE FUNCTION cogniflow.guard_dates(%L, %L)',
        array_to_string(days || moments, ', '), tbl, days, moments))
    from (values ('orders', '{ordered_on,promised_on}'::text[], '{}'::text[]),
                 ('purchase_orders', '{ordered_on,expected_on}', '{}'),
                 ('goods_delivery_notes', '{promised_on}', '{shipped_at,delivered_at}'),
                 ('goods_receipt_notes', '{expected_on}', '{received_at,posted_at}'),
                 ('quotations', '{quoted_on,valid_until}', '{}'),
                 ('stock_transfers', '{expected_on}', '{shipped_at,received_at}'), ('stock_counts', '{}', '{posted_at}'),
                 ('stock_adjustments', '{}', '{posted_at}'), ('stock_periods', '{starts_on,ends_on}', '{}'),
                 ('assembly_orders', '{planned_on}', '{done_at}')
    ) as each (tbl, days, moments);

    perform cogniflow.ensure_trigger(format(
        'CREATE TRIGGER cogniflow_35_pieces BEFORE INSERT OR UPDATE OF product_id, %s ON public.%I FOR EACH ROW '
        'WHEN (%s) EXECUTE FUNCTION cogniflow.guard_pieces(%s)', array_to_string(quantities, ', '), tbl,
        (select format(case count(*) when 1 then '%s' else '(%s)' end,
                       string_agg(format('(new.%1$I <> trunc(new.%1$I))', quantity), ' OR ')) from unnest(quantities) quantity),
        (select string_agg(quote_literal(quantity), ', ') from unnest(quantities) quantity)))
    from (values ('order_items', '{quantity}'::text[]), ('purchase_order_items', '{quantity}'), ('gdn_items', '{quantity}'),
                 ('quotation_items', '{quantity}'),
                 ('grn_items', '{quantity,accepted_quantity,rejected_quantity}'), ('stock_transfer_items', '{quantity}'),
                 ('stock_count_items', '{counted_quantity}'), ('stock_adjustment_items', '{quantity}'),
                 ('assembly_components', '{quantity}')
    ) as each (tbl, quantities);
end $$;
