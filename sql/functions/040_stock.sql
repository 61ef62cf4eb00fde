-- Stock moves by posted documents alone: ledger, balances and what is fulfilled of the orders, in one transaction.

-- What each document moves, or will when it is posted. A product is looked up aside, by its line: whatever the statistics of a
-- table that has just grown say, no plan begins with all products and reads every line there is.
create or replace view cogniflow.document_movements as
select 'goods_receipt_notes'::text as document, n.id as document_id, i.id as line_id, i.product_id, n.warehouse_id,
       i.accepted_quantity as quantity, i.unit_cost, coalesce(n.posted_at, now()) as moved_at,
       n.status in ('posted', 'reversed') as posted
from goods_receipt_notes n join grn_items i on i.goods_receipt_note_id = n.id
cross join lateral (select cost from products where id = i.product_id and kind = 'stockable' offset 0) p
where i.accepted_quantity > 0
union all
select 'goods_delivery_notes', n.id, i.id, i.product_id, n.warehouse_id,
       -i.quantity, p.cost, coalesce(n.shipped_at, now()), n.status in ('shipped', 'delivered', 'reversed')
from goods_delivery_notes n join gdn_items i on i.goods_delivery_note_id = n.id
cross join lateral (select cost from products where id = i.product_id and kind = 'stockable' offset 0) p
union all
select 'stock_transfers', n.id, i.id, i.product_id, n.from_warehouse_id,
       -i.quantity, p.cost, coalesce(n.shipped_at, now()), n.status in ('in_transit', 'received')
from stock_transfers n join stock_transfer_items i on i.stock_transfer_id = n.id
cross join lateral (select cost from products where id = i.product_id and kind = 'stockable' offset 0) p
union all
-- what has left arrives next
select 'stock_transfers', n.id, i.id, i.product_id, n.to_warehouse_id,
       i.quantity, l.unit_cost, coalesce(n.received_at, now()), n.status = 'received'
from stock_transfers n join stock_transfer_items i on i.stock_transfer_id = n.id
-- aside, so that each line's own movement is found by index
cross join lateral (select unit_cost from stock_ledger
                    where document = 'stock_transfers' and line_id = i.id and quantity < 0 offset 0) l
union all
select 'stock_counts', n.id, i.id, i.product_id, n.warehouse_id,
       i.difference, p.cost, coalesce(n.posted_at, now()), n.status = 'posted'
from stock_counts n join stock_count_items i on i.stock_count_id = n.id
cross join lateral (select cost from products where id = i.product_id and kind = 'stockable' offset 0) p
where i.difference <> 0
union all
select 'stock_adjustments', n.id, i.id, i.product_id, n.warehouse_id,
       i.quantity, p.cost, coalesce(n.posted_at, now()), n.status = 'posted'
from stock_adjustments n join stock_adjustment_items i on i.stock_adjustment_id = n.id
cross join lateral (select cost from products where id = i.product_id and kind = 'stockable' offset 0) p
union all
select 'assembly_orders', n.id, i.id, i.product_id, n.warehouse_id,
       -i.quantity, p.cost, coalesce(n.done_at, now()), n.status = 'done'
from assembly_orders n join assembly_components i on i.assembly_order_id = n.id
cross join lateral (select cost from products where id = i.product_id and kind = 'stockable' offset 0) p
union all
-- what is made has no line: the order stands for it, as no line's id is negative
select 'assembly_orders', n.id, -n.id, b.product_id, n.warehouse_id,
       n.quantity, (select sum(i.quantity * c.cost) / n.quantity from assembly_components i join products c on c.id = i.product_id
                    where i.assembly_order_id = n.id)::numeric(20,8), coalesce(n.done_at, now()), n.status = 'done'
from assembly_orders n join bill_of_materials b on b.id = n.bill_of_materials_id
cross join lateral (select cost from products where id = b.product_id and kind = 'stockable' offset 0) p;

-- Raise what is delivered of the orders' rows by the lines of these delivery notes; lower it again where `sign` is -1.
-- Locks order, document, order rows, each by id: every posting takes its locks in the same order.
create or replace function cogniflow.fulfil_orders(notes bigint[], sign integer default 1) returns void
language plpgsql set search_path = pg_catalog, public, pg_temp as $$
declare
    refused record;
begin
    with locked as materialized (
        select number, status from orders where id in (select order_id from goods_delivery_notes where id = any(notes))
        order by id for no key update)
    select * into refused from locked
    where status <> all(case sign when 1 then '{confirmed,partially_delivered}' else '{partially_delivered,delivered}' end::text[]);
    if found then
        raise exception 'Nothing is shipped of order %, or taken back: it is %.', refused.number, refused.status
            using errcode = 'CF409';
    end if;
    with locked as materialized (
        select number, status, updated_at from goods_delivery_notes where id = any(notes) order by id for no key update)
    -- one that this transaction posts or reverses may stand so already
    select * into refused from locked where updated_at < now()
        and status = any(case sign when 1 then '{shipped,delivered,reversed}' else '{reversed}' end::text[]);
    if found then
        raise exception 'Goods delivery note % is % already.', refused.number,
            case refused.status when 'reversed' then 'reversed' else 'posted' end using errcode = 'CF409';
    end if;
    with asked as materialized (
        select order_item_id as id, sign * sum(quantity) as asked from gdn_items
        where goods_delivery_note_id = any(notes) group by 1 order by 1
    ), fulfilled as (
        update order_items i set delivered_quantity = i.delivered_quantity + a.asked from asked a
        where i.id = a.id and i.delivered_quantity + a.asked <= i.quantity returning i.id)
    select i.product_id, i.quantity - i.delivered_quantity as open, a.asked into refused
    from asked a join order_items i on i.id = a.id where not exists (select from fulfilled f where f.id = a.id) limit 1;
    if found then
        raise exception 'Of % only % are still to be delivered with this order, not %.',
            (select name from products where id = refused.product_id), trim_scale(refused.open), trim_scale(refused.asked)
            using errcode = 'CF409', column = 'quantity';
    end if;
end $$;

-- Raise, or lower, what is received of the purchase orders' rows by the accepted lines of these receipt notes; locks as above.
create or replace function cogniflow.fulfil_purchases(notes bigint[], sign integer default 1) returns void
language plpgsql set search_path = pg_catalog, public, pg_temp as $$
declare
    refused record;
begin
    with locked as materialized (
        select number, status from purchase_orders
        where id in (select purchase_order_id from goods_receipt_notes where id = any(notes)) order by id for no key update)
    select * into refused from locked
    where status <> all(case sign when 1 then '{confirmed,partially_received}'
                                  else '{confirmed,partially_received,received}' end::text[]);
    if found then
        raise exception 'Nothing is received of purchase order %, or taken back: it is %.', refused.number, refused.status
            using errcode = 'CF409';
    end if;
    with locked as materialized (
        select number, status, updated_at from goods_receipt_notes where id = any(notes) order by id for no key update)
    -- one that this transaction posts or reverses may stand so already
    select * into refused from locked where updated_at < now()
        and status = any(case sign when 1 then '{posted,reversed}' else '{reversed}' end::text[]);
    if found then
        raise exception 'Goods receipt note % is % already.', refused.number, refused.status using errcode = 'CF409';
    end if;
    with asked as materialized (
        select purchase_order_item_id as id, sign * sum(accepted_quantity) as asked from grn_items
        where goods_receipt_note_id = any(notes) and purchase_order_item_id is not null
        group by 1 having sum(accepted_quantity) > 0 order by 1
    ), fulfilled as (
        update purchase_order_items i set received_quantity = i.received_quantity + a.asked from asked a
        where i.id = a.id and i.received_quantity + a.asked <= i.quantity returning i.id)
    select i.product_id, i.quantity - i.received_quantity as open, a.asked into refused
    from asked a join purchase_order_items i on i.id = a.id where not exists (select from fulfilled f where f.id = a.id) limit 1;
    if found then
        raise exception 'Of % only % are still to be received with this purchase order, not %: the rest is a line of its own.',
            (select name from products where id = refused.product_id), trim_scale(refused.open), trim_scale(refused.asked)
            using errcode = 'CF409', column = 'accepted_quantity';
    end if;
end $$;

-- Write the movements of documents into the ledger, at `moved` or as the documents say; how many there are.
-- The documents must stand posted when the transaction commits, or it is refused.
create or replace function cogniflow.post_movements(tbl text, documents bigint[], moved timestamptz default null) returns bigint
language plpgsql security definer set search_path = pg_catalog, public, pg_temp
-- planned once, by index: planning all of it anew for every note costs more than doing it
set plan_cache_mode = force_generic_plan set enable_seqscan = off as $$
declare
    written bigint;
begin
    case tbl
        when 'goods_delivery_notes' then perform cogniflow.fulfil_orders(documents);
        when 'goods_receipt_notes' then perform cogniflow.fulfil_purchases(documents);
        when 'stock_transfers', 'stock_counts', 'stock_adjustments' then
            execute format('select from public.%I where id = any($1) order by id for no key update', tbl) using documents;
        when 'assembly_orders' then perform cogniflow.lock_assemblies(documents);
        else raise exception 'Records of % move no stock.', tbl using errcode = 'CF422';
    end case;
    insert into stock_ledger (product_id, warehouse_id, quantity, unit_cost, moved_at, document, document_id, line_id)
    select m.product_id, m.warehouse_id, m.quantity, m.unit_cost, coalesce(moved, m.moved_at), m.document, m.document_id, m.line_id
    from cogniflow.document_movements m where m.document = tbl and m.document_id = any(documents)
    order by m.product_id, m.warehouse_id, m.line_id
    -- a transfer moves twice: what has left has left
    on conflict (document, line_id, warehouse_id, reverses_id) do nothing;
    get diagnostics written = row_count;
    return written;
end $$;

-- Whether somebody has let a document's goods into a warehouse that may not hold so much.
create or replace function cogniflow.may_overfill(tbl text, document bigint) returns boolean
language sql stable set search_path = pg_catalog, public, pg_temp as $$
    select case tbl when 'goods_receipt_notes' then (select capacity_approved from goods_receipt_notes where id = document)
                    when 'stock_transfers' then (select capacity_approved from stock_transfers where id = document)
                    else false end;
$$;

-- AFTER the ledger grew: the balances follow, with what had been reserved for what left, and no warehouse gives what it has not or
-- has promised to others, or takes what it cannot hold. What only tells the truth, a count say, needs nobody's leave.
create or replace function cogniflow.move_balances() returns trigger
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare
    refused record;
    limited bigint[] := '{}';
    arrives boolean; is_true boolean;
begin
    select bool_or(quantity > 0), bool_or(reverses_id is not null or document in ('stock_counts', 'stock_adjustments'))
    into arrives, is_true from newt;
    if arrives then
        limited := array(select w.id from warehouses w where w.hard_limit
                         and w.id in (select n.warehouse_id from newt n where not cogniflow.may_overfill(n.document, n.document_id)
                                      group by 1 having sum(n.quantity) > 0) order by 1);
        if limited <> '{}' then
            perform cogniflow.take_turns(array(select 'capacity of warehouse ' || id from unnest(limited) id));
        end if;
        if exists (select from newt n where not exists (
            select from stock_balances b where b.product_id = n.product_id and b.warehouse_id = n.warehouse_id)) then
            insert into stock_balances (product_id, warehouse_id) select distinct product_id, warehouse_id from newt order by 1, 2
            on conflict do nothing;
        end if;
    end if;
    -- by product, then warehouse: every posting takes its locks in the same order
    perform from stock_balances b
    join (select distinct product_id, warehouse_id from newt) m on m.product_id = b.product_id and m.warehouse_id = b.warehouse_id
    order by b.product_id, b.warehouse_id for no key update of b;
    if is_true then
        perform cogniflow.release_youngest(b.id, b.reserved - greatest(b.on_hand + sum(n.quantity), 0))
        from newt n join stock_balances b on b.product_id = n.product_id and b.warehouse_id = n.warehouse_id
        group by b.id having b.reserved > greatest(b.on_hand + sum(n.quantity), 0);
    end if;
    with own as materialized (
        select r.id, r.product_id, r.warehouse_id, r.quantity + sum(n.quantity) as rest,
               least(-sum(n.quantity), r.reserved_quantity) as freed
        from newt n left join gdn_items g on n.document = 'goods_delivery_notes' and g.id = n.line_id
        join stock_reservations r on r.document = case n.document when 'goods_delivery_notes' then 'orders' else n.document end
                                 and r.line_id = coalesce(g.order_item_id, n.line_id)
        where n.quantity < 0 and n.reverses_id is null group by r.id
    ), done as (
        delete from stock_reservations r using own o where r.id = o.id and o.rest <= 0
    ), less as (
        update stock_reservations r set quantity = o.rest, reserved_quantity = r.reserved_quantity - o.freed from own o
        where r.id = o.id and o.rest > 0
    ), moved as materialized (
        select n.product_id, n.warehouse_id, sum(n.quantity) as quantity,
               coalesce((select sum(freed) from own o where o.product_id = n.product_id and o.warehouse_id = n.warehouse_id), 0) as freed
        from newt n group by 1, 2
    ), balanced as (
        update stock_balances b set on_hand = b.on_hand + m.quantity, reserved = b.reserved - m.freed from moved m
        where b.product_id = m.product_id and b.warehouse_id = m.warehouse_id and b.on_hand + m.quantity >= b.reserved - m.freed
        returning b.product_id, b.warehouse_id)
    select m.product_id, m.warehouse_id, coalesce(b.available, 0) + m.freed as available, -m.quantity as asked into refused
    from moved m left join stock_balances b on b.product_id = m.product_id and b.warehouse_id = m.warehouse_id
    where not exists (select from balanced d where d.product_id = m.product_id and d.warehouse_id = m.warehouse_id) limit 1;
    if found then
        raise exception 'Only % of % are available in %, not %.',
            trim_scale(refused.available), (select name from products where id = refused.product_id),
            (select name from warehouses where id = refused.warehouse_id), trim_scale(refused.asked)
            using errcode = 'CF409', column = 'quantity';
    end if;
    if arrives then
        perform cogniflow.allocate(array_agg(b.id)) from newt n
        join stock_balances b on b.product_id = n.product_id and b.warehouse_id = n.warehouse_id
        where n.quantity > 0 and exists (select from stock_reservations r where r.product_id = b.product_id
                                         and r.warehouse_id = b.warehouse_id and r.backordered_quantity > 0)
        having count(*) > 0;
    end if;
    if limited = '{}' then return null; end if;
    select w.name into refused from warehouses w join stock_balances b on b.warehouse_id = w.id join products p on p.id = b.product_id
    where w.id = any(limited) group by w.id having sum(b.on_hand) > w.capacity_units
        or sum(b.on_hand * p.volume_m3) > w.capacity_m3 or sum(b.on_hand * p.weight_kg) > w.capacity_kg;
    if found then
        raise exception '% cannot hold that much.', refused.name using errcode = 'CF409', column = 'warehouse_id';
    end if;
    return null;
end $$;

-- BEFORE anything but growth: the ledger only grows.
create or replace function cogniflow.refuse_change() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
    raise exception 'The % is never changed; a movement is taken back by another one.', cogniflow.called(tg_table_name)
        using errcode = 'CF409';
end $$;

-- BEFORE a product: whether it is kept in stock decides what its documents have moved, so it stays as it is on them.
create or replace function cogniflow.guard_product_kind() returns trigger
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
    if new.kind <> old.kind and (exists (select from gdn_items where product_id = new.id)
                                 or exists (select from grn_items where product_id = new.id)
                                 or exists (select from stock_reservations where product_id = new.id)
                                 or exists (select from order_items i join orders o on o.id = i.order_id where i.product_id = new.id
                                            and o.status in ('confirmed', 'partially_delivered'))
                                 or exists (select from stock_transfer_items where product_id = new.id)
                                 or exists (select from stock_count_items where product_id = new.id)
                                 or exists (select from stock_adjustment_items where product_id = new.id)
                                 or exists (select from assembly_components where product_id = new.id)
                                 or exists (select from assembly_orders o join bill_of_materials b on b.id = o.bill_of_materials_id
                                            where b.product_id = new.id)) then
        raise exception 'It is on open orders, or on documents that move stock, and stays %.', old.kind
            using errcode = 'CF409', column = 'kind';
    end if;
    return new;
end $$;

do $$
begin
    perform cogniflow.ensure_trigger(
        'CREATE TRIGGER cogniflow_balances AFTER INSERT ON public.stock_ledger REFERENCING NEW TABLE AS newt FOR EACH STATEMENT '
        'EXECUTE FUNCTION cogniflow.move_balances()');
    perform cogniflow.ensure_trigger(
        'CREATE TRIGGER cogniflow_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.stock_ledger FOR EACH STATEMENT '
        'EXECUTE FUNCTION cogniflow.refuse_change()');
    perform cogniflow.ensure_trigger(
        'CREATE TRIGGER cogniflow_40_kind BEFORE UPDATE OF kind ON public.products FOR EACH ROW '
        'EXECUTE FUNCTION cogniflow.guard_product_kind()');
end $$;
