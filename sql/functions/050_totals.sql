-- Totals and the status that follows from the lines: found out by the database whenever the document is touched.
-- A change of lines touches their document (010), so both are right at the end of every statement.

create or replace function cogniflow.sum_order() returns trigger
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare
    amended boolean := new.status in ('confirmed', 'partially_delivered', 'delivered') and cogniflow.is_being_amended('orders', new.id);
begin
    if tg_op = 'INSERT' then
        new.net_total := 0;
        new.tax_total := 0;
    elsif old.status = 'draft' or amended then
        -- rounded once per rate, not per line
        select coalesce(sum(net), 0), coalesce(sum(round(net * rate, 2)), 0) into new.net_total, new.tax_total
        from (select sum(i.line_total) as net, coalesce(t.rate, 0) as rate from order_items i left join tax_codes t on t.id = i.tax_code_id
              where i.order_id = new.id group by 2) per_rate;
    end if;
    if tg_op = 'UPDATE' and old.status <> 'draft' and new.status in ('confirmed', 'partially_delivered', 'delivered') then
        select case when bool_and(delivered_quantity >= quantity) then 'delivered'
                    when bool_or(delivered_quantity > 0) then 'partially_delivered' else 'confirmed' end
        into new.status from order_items where order_id = new.id;
    end if;
    new.total := new.net_total + new.tax_total + new.freight;
    return new;
end $$;

create or replace function cogniflow.sum_purchase_order() returns trigger
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
    if tg_op = 'INSERT' then
        new.total := 0;
    elsif old.status = 'draft' then
        select coalesce(sum(line_total), 0) into new.total from purchase_order_items where purchase_order_id = new.id;
    elsif new.status in ('confirmed', 'partially_received', 'received') then
        select case when bool_and(received_quantity >= quantity) then 'received'
                    when bool_or(received_quantity > 0) then 'partially_received' else 'confirmed' end
        into new.status from purchase_order_items where purchase_order_id = new.id;
    end if;
    return new;
end $$;

-- AFTER lines came, and their documents were touched: one made by this very transaction was passed over, and needs its total.
-- Arguments: document table, its column here.
create or replace function cogniflow.total_new_documents() returns trigger
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
    execute format('update public.%I set version = version + 1 where id in (select %I from newt) '
                   'and version = 1 and xmin = pg_current_xact_id()::xid', tg_argv[0], tg_argv[1]);
    return null;
end $$;

do $$
begin
    perform cogniflow.ensure_trigger(
        'CREATE TRIGGER cogniflow_50_totals BEFORE INSERT OR UPDATE ON public.orders FOR EACH ROW EXECUTE FUNCTION cogniflow.sum_order()');
    perform cogniflow.ensure_trigger(
        'CREATE TRIGGER cogniflow_50_totals BEFORE INSERT OR UPDATE ON public.purchase_orders FOR EACH ROW '
        'EXECUTE FUNCTION cogniflow.sum_purchase_order()');
    -- by its name it fires after cogniflow_touch_i
    perform cogniflow.ensure_trigger(format(
        'CREATE TRIGGER cogniflow_update_new AFTER INSERT ON public.%I REFERENCING NEW TABLE AS newt FOR EACH STATEMENT '
        'EXECUTE FUNCTION cogniflow.total_new_documents(%L, %L)', tbl, document_table, document_column))
    from cogniflow.tracked where tbl in ('order_items', 'purchase_order_items', 'quotation_items');
end $$;
