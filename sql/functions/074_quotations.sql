-- Quotations: what is fixed when one is sent, what orders take of it, and the status that follows.

-- Base currency for one unit of a currency (NULL: the base currency itself) on a day; NULL where nobody has said.
create or replace function cogniflow.exchange_rate(currency bigint, day date) returns numeric
language sql stable security definer set search_path = pg_catalog, public, pg_temp as $$
    select case when currency is null or exists (
                    select from currencies c join system_settings s on s.key = 'company.base_currency' and s.value #>> '{}' = c.code
                    where c.id = currency) then 1
                else (select rate from exchange_rates where currency_id = currency and valid_from <= day
                      order by valid_from desc limit 1) end;
$$;

-- BEFORE a quotation: which revision it is, the rate it is sent with, and that nobody accepts it too late.
create or replace function cogniflow.guard_quotation() returns trigger
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
    if tg_op = 'INSERT' then
        new.revision := coalesce((select revision from quotations where id = new.revises_id), 0) + 1;
    elsif new.revises_id is distinct from old.revises_id then
        raise exception 'It is a revision of the same quotation for ever.' using errcode = 'CF409', column = 'revises_id';
    elsif old.status = 'draft' and new.status = 'sent' then
        new.rate := cogniflow.exchange_rate(new.currency_id, new.quoted_on);
        if new.rate is null then
            raise exception 'There is no exchange rate of this currency for that day.' using errcode = 'CF422', column = 'currency_id';
        end if;
    elsif old.status = 'sent' and new.status = 'accepted' and new.valid_until < cogniflow.company_today() then
        raise exception 'This quotation was valid until %.', new.valid_until using errcode = 'CF409', column = 'status';
    end if;
    return new;
end $$;

-- BEFORE a row of a quotation: its tax is that of its tax code.
create or replace function cogniflow.tax_quotation_row() returns trigger
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
    new.tax_rate := coalesce((select rate from tax_codes where id = new.tax_code_id), 0);
    return new;
end $$;

-- BEFORE a quotation: its totals while it is a draft, and afterwards how much of it is ordered.
create or replace function cogniflow.sum_quotation() returns trigger
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
    if tg_op = 'INSERT' then
        new.net_total := 0;
        new.tax_total := 0;
    elsif old.status = 'draft' then
        -- rounded once per rate, not per line
        select coalesce(sum(net), 0), coalesce(sum(round(net * tax_rate, 2)), 0) into new.net_total, new.tax_total
        from (select tax_rate, sum(line_total) as net from quotation_items where quotation_id = new.id group by tax_rate) per_rate;
    elsif new.status in ('accepted', 'partially_ordered', 'ordered') then
        select case when bool_and(ordered_quantity >= quantity) then 'ordered'
                    when bool_or(ordered_quantity > 0) then 'partially_ordered' else 'accepted' end
        into new.status from quotation_items where quotation_id = new.id;
    end if;
    new.total := new.net_total + new.tax_total;
    return new;
end $$;

-- BEFORE an order that names a quotation: the customer has accepted it, and the order stays with it.
create or replace function cogniflow.match_quotation() returns trigger
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare
    accepted quotations;
begin
    if tg_op = 'UPDATE' then
        raise exception 'An order keeps the quotation that it was made of.' using errcode = 'CF409', column = 'quotation_id';
    end if;
    -- locked: what is ordered of it is counted by one transaction at a time
    select * into accepted from quotations where id = new.quotation_id for no key update;
    if accepted.status not in ('accepted', 'partially_ordered') then
        raise exception 'Only an accepted quotation is ordered; this one is %.', accepted.status
            using errcode = 'CF409', column = 'quotation_id';
    elsif accepted.customer_id <> new.customer_id then
        raise exception 'The quotation was made to another customer.' using errcode = 'CF422', column = 'customer_id';
    end if;
    return new;
end $$;

-- BEFORE a row of an order that names one of a quotation: it is a row of the order's own quotation, of the same product.
create or replace function cogniflow.match_quotation_row() returns trigger
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
    if not exists (select from quotation_items q join orders o on o.quotation_id = q.quotation_id
                   where q.id = new.quotation_item_id and q.product_id = new.product_id and o.id = new.order_id) then
        raise exception 'The row of the quotation is of another product or of another quotation.'
            using errcode = 'CF422', column = 'quotation_item_id';
    end if;
    return new;
end $$;

-- AFTER a row of an order that names one of a quotation, or such an order's end: the quotation knows what is ordered of it.
create or replace function cogniflow.count_ordered() returns trigger
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare
    rows bigint[];
begin
    if tg_table_name = 'orders' then
        rows := array(select quotation_item_id from order_items where order_id = new.id and quotation_item_id is not null);
    else
        rows := array[old.quotation_item_id, new.quotation_item_id];
    end if;
    -- the quotation before its rows, as every change of it does
    perform 1 from quotations where id in (select quotation_id from quotation_items where id = any(rows)) order by id for no key update;
    update quotation_items q set ordered_quantity = (
        select coalesce(sum(i.quantity), 0) from order_items i join orders o on o.id = i.order_id
        where i.quotation_item_id = q.id and o.status <> 'cancelled')
    where id = any(rows);
    return null;
end $$;

-- At commit: a quotation that was sent has lines, number and rate, and the taxes of when it was sent; one and only one that is
-- superseded has a revision.
create or replace function cogniflow.check_quotation() returns trigger
language plpgsql security definer set search_path = pg_catalog, public, pg_temp set enable_seqscan = off as $$
declare
    complete boolean; has_lines boolean; taxed boolean; superseded boolean;
begin
    if new.status = 'draft' then
        if exists (select from quotations where id = new.revises_id and status <> 'superseded') then
            raise exception 'It revises a quotation that still stands.' using errcode = 'CF409', column = 'revises_id';
        end if;
        return null;
    end if;
    select q.number is not null and q.rate is not null, count(i.id) > 0,
           coalesce(bool_and(i.tax_rate = coalesce(t.rate, 0)), true), exists (select from quotations where revises_id = q.id)
    into complete, has_lines, taxed, superseded
    from quotations q left join quotation_items i on i.quotation_id = q.id left join tax_codes t on t.id = i.tax_code_id
    where q.id = new.id group by q.id;
    if not has_lines then
        raise exception 'This quotation has no lines and offers nothing.' using errcode = 'CF409';
    elsif not complete then
        raise exception 'This quotation has no number or no rate and is not sent.' using errcode = 'CF409';
    elsif new.status = 'sent' and not taxed then
        raise exception 'The taxes of this quotation are not those of now.' using errcode = 'CF409';
    elsif new.status = 'superseded' and not superseded then
        raise exception 'A quotation is superseded by a revision, and there is none.' using errcode = 'CF409', column = 'status';
    end if;
    return null;
end $$;

do $$
begin
    perform cogniflow.ensure_trigger(
        'CREATE TRIGGER cogniflow_45_quotation BEFORE INSERT OR UPDATE ON public.quotations FOR EACH ROW '
        'EXECUTE FUNCTION cogniflow.guard_quotation()');
    perform cogniflow.ensure_trigger(
        'CREATE TRIGGER cogniflow_50_totals BEFORE INSERT OR UPDATE ON public.quotations FOR EACH ROW '
        'EXECUTE FUNCTION cogniflow.sum_quotation()');
    perform cogniflow.ensure_trigger(
        'CREATE CONSTRAINT TRIGGER cogniflow_effects AFTER INSERT OR UPDATE OF status ON public.quotations DEFERRABLE INITIALLY DEFERRED '
        'FOR EACH ROW EXECUTE FUNCTION cogniflow.check_quotation()');
    perform cogniflow.ensure_trigger(
        'CREATE TRIGGER cogniflow_40_tax BEFORE INSERT OR UPDATE OF tax_code_id, tax_rate ON public.quotation_items FOR EACH ROW '
        'EXECUTE FUNCTION cogniflow.tax_quotation_row()');
    perform cogniflow.ensure_trigger(
        'CREATE TRIGGER cogniflow_45_quotation BEFORE INSERT ON public.orders FOR EACH ROW '
        'WHEN ((new.quotation_id IS NOT NULL)) EXECUTE FUNCTION cogniflow.match_quotation()');
    perform cogniflow.ensure_trigger(
        'CREATE TRIGGER cogniflow_45_quotation_kept BEFORE UPDATE OF quotation_id ON public.orders FOR EACH ROW '
        'WHEN ((old.quotation_id IS DISTINCT FROM new.quotation_id)) EXECUTE FUNCTION cogniflow.match_quotation()');
    perform cogniflow.ensure_trigger(
        'CREATE TRIGGER cogniflow_45_quotation BEFORE INSERT OR UPDATE OF quotation_item_id, product_id, order_id ON public.order_items '
        'FOR EACH ROW WHEN ((new.quotation_item_id IS NOT NULL)) EXECUTE FUNCTION cogniflow.match_quotation_row()');
    -- by row: of the rows that no quotation knows, which are most, none costs anything
    perform cogniflow.ensure_trigger(format(
        'CREATE TRIGGER cogniflow_ordered_%s AFTER %s ON public.order_items FOR EACH ROW WHEN (%s) '
        'EXECUTE FUNCTION cogniflow.count_ordered()', letter, moment, condition))
    from (values ('i', 'INSERT', '(new.quotation_item_id IS NOT NULL)'), ('d', 'DELETE', '(old.quotation_item_id IS NOT NULL)'),
                 ('u', 'UPDATE OF quotation_item_id, quantity',
                  '((old.quotation_item_id IS NOT NULL) OR (new.quotation_item_id IS NOT NULL))')
    ) as moments (letter, moment, condition);
    perform cogniflow.ensure_trigger(
        'CREATE TRIGGER cogniflow_ordered AFTER UPDATE OF status ON public.orders FOR EACH ROW WHEN (((new.quotation_id IS NOT NULL) '
        'AND ((new.status)::text = ''cancelled''::text))) EXECUTE FUNCTION cogniflow.count_ordered()');
end $$;
