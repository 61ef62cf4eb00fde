-- What is available and on its way, and the one open suggestion of each reorder rule whose level it has reached.

create or replace view cogniflow.stock_position as
select product_id, warehouse_id, sum(on_hand) as on_hand, sum(reserved) as reserved, sum(available) as available,
       sum(incoming) as incoming, sum(available) + sum(incoming) as projected
from (select product_id, warehouse_id, on_hand, reserved, available, 0::numeric as incoming from stock_balances
      union all
      select i.product_id, o.warehouse_id, 0, 0, 0, i.quantity - i.received_quantity
      from purchase_order_items i join purchase_orders o on o.id = i.purchase_order_id
      where o.status in ('confirmed', 'partially_received') and i.received_quantity < i.quantity
      union all
      -- what comes without a purchase order, until the ledger has it
      select i.product_id, n.warehouse_id, 0, 0, 0, case n.status when 'received' then i.accepted_quantity else i.quantity end
      from grn_items i join goods_receipt_notes n on n.id = i.goods_receipt_note_id
      where n.status in ('expected', 'received') and i.purchase_order_item_id is null
        and not exists (select from stock_ledger l where l.document = 'goods_receipt_notes' and l.line_id = i.id)
      union all
      select i.product_id, t.to_warehouse_id, 0, 0, 0, i.quantity
      from stock_transfer_items i join stock_transfers t on t.id = i.stock_transfer_id
      where t.status = 'in_transit' and not exists (select from stock_ledger l where l.document = 'stock_transfers'
                                                    and l.line_id = i.id and l.warehouse_id = t.to_warehouse_id)) parts
group by product_id, warehouse_id;

-- Every reorder rule with its projected stock, and whether that has reached its level.
create or replace view cogniflow.reorder_position as
select r.id as reorder_rule_id, p.projected,
       r.archived_at is null and g.archived_at is null and g.kind = 'stockable' and p.projected <= r.level as short
from reorder_rules r join products g on g.id = r.product_id
-- aside, so that each rule's own rows are found by index
cross join lateral (select coalesce(sum(s.projected), 0) as projected from cogniflow.stock_position s
                    where s.product_id = r.product_id and s.warehouse_id = r.warehouse_id offset 0) p;

-- Raise a suggestion for the rules whose level is reached, and resolve those whose stock has recovered.
create or replace function cogniflow.refresh_suggestions(rules bigint[]) returns void
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
    -- one transaction at a time looks at a rule: two that change different parts of its stock would miss each other
    perform cogniflow.take_turns(array(select 'reorder rule ' || id from unnest(rules) id order by id));
    update replenishment_suggestions s set status = 'resolved'
    from cogniflow.reorder_position p
    where s.status = 'open' and s.reorder_rule_id = any(rules) and p.reorder_rule_id = s.reorder_rule_id and not p.short;
    insert into replenishment_suggestions (reorder_rule_id, quantity, projected)
    select r.id, r.order_quantity, p.projected from reorder_rules r join cogniflow.reorder_position p on p.reorder_rule_id = r.id
    where r.id = any(rules) and p.short and not exists (
        select from replenishment_suggestions s left join purchase_orders o on o.id = s.purchase_order_id
        where s.reorder_rule_id = r.id and (s.status = 'open' or s.status = 'accepted' and o.status = 'draft'
                                            or s.status = 'dismissed' and s.dismissed_until > cogniflow.company_today()))
    order by r.id;
end $$;

-- AFTER something that decides on projected stock changed: look at the rules concerned.
create or replace function cogniflow.on_stock_position() returns trigger
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare
    rules bigint[];
begin
    case tg_table_name
        when 'reorder_rules' then rules := array(select id from newt);
        when 'products' then
            rules := array(select r.id from newt n join oldt o using (id) join reorder_rules r on r.product_id = n.id
                           where (n.archived_at is null, n.kind) <> (o.archived_at is null, o.kind) and r.archived_at is null);
        when 'stock_balances' then
            rules := array(select r.id from reorder_rules r join newt b using (product_id, warehouse_id) where r.archived_at is null);
        when 'purchase_orders' then
            -- not the moves that follow from a posting: what leaves here enters the balances, which look for themselves
            rules := array(select r.id from newt n join oldt o using (id) join purchase_order_items i on i.purchase_order_id = n.id
                           join reorder_rules r on r.product_id = i.product_id and r.warehouse_id = n.warehouse_id
                           where n.status <> o.status and (o.status = 'draft' or n.status = 'cancelled') and r.archived_at is null);
        when 'stock_transfers' then
            rules := array(select r.id from newt n join oldt o using (id) join stock_transfer_items i on i.stock_transfer_id = n.id
                           join reorder_rules r on r.product_id = i.product_id and r.warehouse_id = n.to_warehouse_id
                           where n.status <> o.status and n.status = 'in_transit' and r.archived_at is null);
        when 'goods_receipt_notes' then
            rules := array(select r.id from newt n join oldt o using (id) join grn_items i on i.goods_receipt_note_id = n.id
                           join reorder_rules r on r.product_id = i.product_id and r.warehouse_id = n.warehouse_id
                           where n.status <> o.status and i.purchase_order_item_id is null and r.archived_at is null);
        when 'grn_items' then
            rules := array(select r.id from newt i join goods_receipt_notes n on n.id = i.goods_receipt_note_id and n.status = 'received'
                           join reorder_rules r on r.product_id = i.product_id and r.warehouse_id = n.warehouse_id
                           where i.purchase_order_item_id is null and r.archived_at is null);
    end case;
    if rules <> '{}' then perform cogniflow.refresh_suggestions(array(select distinct unnest(rules))); end if;
    return null;
end $$;

-- At commit: what is said to be resolved or accepted is so.
create or replace function cogniflow.check_suggestion() returns trigger
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare
    s replenishment_suggestions;
begin
    select * into s from replenishment_suggestions where id = new.id;
    if s.status = 'resolved' and (select short from cogniflow.reorder_position where reorder_rule_id = s.reorder_rule_id)
       and not exists (select from replenishment_suggestions later where later.reorder_rule_id = s.reorder_rule_id and later.id > s.id) then
        raise exception 'The stock has not recovered.' using errcode = 'CF409', column = 'status';
    elsif s.status = 'accepted' and not exists (
        select from purchase_order_items i join purchase_orders o on o.id = i.purchase_order_id
        join reorder_rules r on r.product_id = i.product_id and r.warehouse_id = o.warehouse_id
        where o.id = s.purchase_order_id and r.id = s.reorder_rule_id) then
        raise exception 'The purchase order does not order what is suggested.' using errcode = 'CF409', column = 'purchase_order_id';
    end if;
    return null;
end $$;

do $$
begin
    perform cogniflow.ensure_trigger(format(
        'CREATE TRIGGER cogniflow_position_%s AFTER %s ON public.%I REFERENCING %s FOR EACH STATEMENT '
        'EXECUTE FUNCTION cogniflow.on_stock_position()', letter, moment, tbl, images))
    from (values ('reorder_rules', 'i', 'INSERT', 'NEW TABLE AS newt'), ('reorder_rules', 'u', 'UPDATE', 'NEW TABLE AS newt'),
                 ('products', 'u', 'UPDATE', 'OLD TABLE AS oldt NEW TABLE AS newt'),
                 ('stock_balances', 'u', 'UPDATE', 'NEW TABLE AS newt'), ('grn_items', 'u', 'UPDATE', 'NEW TABLE AS newt'),
                 ('purchase_orders', 'u', 'UPDATE', 'OLD TABLE AS oldt NEW TABLE AS newt'),
                 ('stock_transfers', 'u', 'UPDATE', 'OLD TABLE AS oldt NEW TABLE AS newt'),
                 ('goods_receipt_notes', 'u', 'UPDATE', 'OLD TABLE AS oldt NEW TABLE AS newt')
    ) as each (tbl, letter, moment, images);
    perform cogniflow.ensure_trigger(
        'CREATE CONSTRAINT TRIGGER cogniflow_effects AFTER UPDATE OF status ON public.replenishment_suggestions '
        'DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION cogniflow.check_suggestion()');
end $$;
