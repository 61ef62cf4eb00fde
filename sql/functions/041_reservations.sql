-- What orders have reserved, and what waits for goods to arrive. A balance is locked before anything is reserved of it or released.

-- Give what is available of these balances, which the caller has locked, to those who wait for it: the oldest promise first.
create or replace function cogniflow.allocate(balances bigint[]) returns void
language plpgsql security definer set search_path = pg_catalog, public, pg_temp set enable_seqscan = off as $$
begin
    with waiting as materialized (
        select r.id, b.id as balance_id, least(r.backordered_quantity, b.available - sum(r.backordered_quantity)
                   over (partition by b.id order by r.promised_on, r.id) + r.backordered_quantity) as given
        from stock_balances b join stock_reservations r on r.product_id = b.product_id and r.warehouse_id = b.warehouse_id
        where b.id = any(balances) and b.available > 0 and r.backordered_quantity > 0
    ), served as (
        update stock_reservations r set reserved_quantity = r.reserved_quantity + w.given from waiting w
        where r.id = w.id and w.given > 0)
    update stock_balances b set reserved = b.reserved + g.given
    from (select balance_id, sum(given) as given from waiting where given > 0 group by 1) g where b.id = g.balance_id;
end $$;

-- Take `excess` units of a balance, which the caller has locked, from those who reserved last; they wait for goods again.
create or replace function cogniflow.release_youngest(balance bigint, excess numeric) returns void
language plpgsql security definer set search_path = pg_catalog, public, pg_temp set enable_seqscan = off as $$
begin
    with holding as materialized (
        select r.id, least(r.reserved_quantity, excess - sum(r.reserved_quantity) over (order by r.id desc)
                   + r.reserved_quantity) as taken
        from stock_balances b join stock_reservations r on r.product_id = b.product_id and r.warehouse_id = b.warehouse_id
        where b.id = balance and r.reserved_quantity > 0
    ), released as (
        update stock_reservations r set reserved_quantity = r.reserved_quantity - h.taken, released_at = now() from holding h
        where r.id = h.id and h.taken > 0)
    update stock_balances set reserved = reserved - (select sum(taken) from holding where taken > 0) where id = balance;
end $$;

-- What rows of orders are to have reserved: all that is open of a confirmed order, nothing of one that is on hold or called off.
create or replace view cogniflow.order_demand as
select o.id as order_id, i.id as line_id, i.product_id, o.warehouse_id, o.promised_on,
       case when o.status in ('confirmed', 'partially_delivered') then i.quantity - i.delivered_quantity else 0 end as quantity
from orders o join order_items i on i.order_id = o.id join products p on p.id = i.product_id where p.kind = 'stockable';

-- Bring what these orders, which the caller has locked, have reserved to what they are to have, as far as it is available.
create or replace function cogniflow.reserve_orders(ids bigint[]) returns void
language plpgsql security definer set search_path = pg_catalog, public, pg_temp
set plan_cache_mode = force_generic_plan set enable_seqscan = off as $$
declare
    balances bigint[];
begin
    -- where nothing ever was there is a balance from now on: who brings goods finds, through it, who waits for them
    insert into stock_balances (product_id, warehouse_id)
    select distinct product_id, warehouse_id from cogniflow.order_demand d where order_id = any(ids) and quantity > 0
        and not exists (select from stock_balances b where b.product_id = d.product_id and b.warehouse_id = d.warehouse_id)
    order by 1, 2 on conflict do nothing;
    with locked as materialized (
        select b.id from stock_balances b
        join (select distinct product_id, warehouse_id from cogniflow.order_demand where order_id = any(ids)) d
            on d.product_id = b.product_id and d.warehouse_id = b.warehouse_id
        order by b.product_id, b.warehouse_id for no key update of b)
    select array_agg(id) into balances from locked;
    with wanted as materialized (
        select * from cogniflow.order_demand where order_id = any(ids)
    ), kept as materialized (
        select r.id, r.product_id, r.warehouse_id, w.promised_on, coalesce(w.quantity, 0) as quantity,
               least(r.reserved_quantity, coalesce(w.quantity, 0)) as reserved, r.reserved_quantity as before
        from stock_reservations r left join wanted w on w.line_id = r.line_id
        where r.document = 'orders' and r.document_id = any(ids)
    ), gone as (
        delete from stock_reservations r using kept k where r.id = k.id and k.quantity = 0
    ), changed as (
        update stock_reservations r set quantity = k.quantity, reserved_quantity = k.reserved, promised_on = k.promised_on from kept k
        where r.id = k.id and k.quantity > 0
    ), added as (
        insert into stock_reservations (product_id, warehouse_id, document, document_id, line_id, promised_on, quantity)
        select product_id, warehouse_id, 'orders', order_id, line_id, promised_on, quantity from wanted w
        where quantity > 0 and not exists (select from stock_reservations r where r.document = 'orders' and r.line_id = w.line_id)
        order by order_id, line_id)
    update stock_balances b set reserved = b.reserved - f.freed
    from (select product_id, warehouse_id, sum(before - reserved) as freed from kept group by 1, 2 having sum(before - reserved) > 0) f
    where b.product_id = f.product_id and b.warehouse_id = f.warehouse_id;
    perform cogniflow.allocate(balances);
end $$;

-- AFTER orders moved or are amended: one that is confirmed or goes on reserves its goods, one that stops gives them back.
create or replace function cogniflow.on_order_moved() returns trigger
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare
    moved bigint[] := array(select n.id from newt n join oldt o using (id) where n.status <> o.status
                            and (n.status = 'confirmed' or n.status in ('on_hold', 'cancelled') and o.status <> 'draft')
                            or n.status in ('confirmed', 'partially_delivered', 'delivered')
                               and cogniflow.is_being_amended('orders', n.id));
begin
    if moved <> '{}' then perform cogniflow.reserve_orders(moved); end if;
    return null;
end $$;

do $$
begin
    perform cogniflow.ensure_trigger(
        'CREATE TRIGGER cogniflow_reserve AFTER UPDATE ON public.orders REFERENCING OLD TABLE AS oldt NEW TABLE AS newt '
        'FOR EACH STATEMENT EXECUTE FUNCTION cogniflow.on_order_moved()');
end $$;
