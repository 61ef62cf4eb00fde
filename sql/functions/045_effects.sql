-- At commit: a document that counts has its effects, exactly, and one that does not has none. Nothing is locked here.
-- Rows are read by index only, lines before their notes: a plan made while a table was small is kept when it has grown.

-- A document that counts from now on has moved what its lines say, and its orders' rows know; one that is reversed has taken all
-- of it back. Argument: the statuses that are looked at.
create or replace function cogniflow.check_document() returns trigger
language plpgsql security definer set search_path = pg_catalog, public, pg_temp set enable_seqscan = off as $$
declare
    looked_at text[] := tg_argv[0];
    has_lines boolean; agrees boolean := true;
begin
    if new.status <> all(looked_at) or tg_op = 'UPDATE' and old.status = new.status then return null; end if;
    -- a line in the ledger came there with its order's row; one that moves no stock has nothing but the row to show
    case tg_table_name
        when 'goods_delivery_notes' then
            select count(*) > 0, coalesce(bool_and(m.line_id is not null or cogniflow.is_delivered(l.order_item_id)), true)
            into has_lines, agrees from gdn_items l
            left join stock_ledger m on m.document = tg_table_name and m.line_id = l.id
            where l.goods_delivery_note_id = new.id;
        when 'goods_receipt_notes' then
            select count(*) > 0, coalesce(bool_and(m.line_id is not null or cogniflow.is_received(l.purchase_order_item_id)), true)
            into has_lines, agrees from grn_items l
            left join stock_ledger m on m.document = tg_table_name and m.line_id = l.id
            where l.goods_receipt_note_id = new.id;
        when 'stock_transfers' then has_lines := exists (select from stock_transfer_items where stock_transfer_id = new.id);
        when 'stock_counts' then has_lines := exists (select from stock_count_items where stock_count_id = new.id);
        when 'stock_adjustments' then has_lines := exists (select from stock_adjustment_items where stock_adjustment_id = new.id);
        -- it has had its lines since it was released
        when 'assembly_orders' then has_lines := true;
    end case;
    if not has_lines then
        raise exception 'This % has no lines and moves nothing.', cogniflow.called(tg_table_name) using errcode = 'CF409';
    elsif not agrees or exists (
        select from (select line_id, product_id, warehouse_id, quantity, moved_at from cogniflow.document_movements
                     where document = tg_table_name and document_id = new.id and posted) said
        full join (select line_id, product_id, warehouse_id, quantity, moved_at from stock_ledger
                   where document = tg_table_name and document_id = new.id and reverses_id is null) done
            using (line_id, product_id, warehouse_id, quantity, moved_at)
        where said is null or done is null) then
        raise exception 'This % has not moved exactly what its lines say.', cogniflow.called(tg_table_name) using errcode = 'CF409';
    elsif new.status = 'reversed' and exists (
        select from stock_ledger m left join stock_ledger r on r.reverses_id = m.id
        where m.document = tg_table_name and m.document_id = new.id and m.reverses_id is null and r.id is null) then
        raise exception 'This % has not taken back what it moved.', cogniflow.called(tg_table_name) using errcode = 'CF409';
    end if;
    return null;
end $$;

-- Whether an order's row counts as delivered what the notes that have left say; NULL for no row. The settings are its caller's:
-- it is asked for every line.
create or replace function cogniflow.is_delivered(row_id bigint) returns boolean
language plpgsql stable strict as $$
begin
    return (select delivered_quantity = (select coalesce(sum(l.quantity) filter (where (
                        select status from goods_delivery_notes where id = l.goods_delivery_note_id) in ('shipped', 'delivered')), 0)
                                         from gdn_items l where l.order_item_id = i.id)
            from order_items i where id = row_id);
end $$;

-- Whether a purchase order's row counts as received what the posted notes accepted; NULL for no row.
create or replace function cogniflow.is_received(row_id bigint) returns boolean
language plpgsql stable strict as $$
begin
    return (select received_quantity = (select coalesce(sum(l.accepted_quantity) filter (where (
                        select status from goods_receipt_notes where id = l.goods_receipt_note_id) = 'posted'), 0)
                                        from grn_items l where l.purchase_order_item_id = i.id)
            from purchase_order_items i where id = row_id);
end $$;

-- A row of an order counts as fulfilled what its notes say.
create or replace function cogniflow.check_order_row() returns trigger
language plpgsql security definer set search_path = pg_catalog, public, pg_temp set enable_seqscan = off as $$
begin
    if not (case tg_table_name when 'order_items' then cogniflow.is_delivered(new.id) else cogniflow.is_received(new.id) end) then
        raise exception 'What is fulfilled of a row of an order is what its notes say.' using errcode = 'CF409';
    end if;
    return null;
end $$;

-- A movement in the ledger is one of a posted document, or takes back one of a reversed document.
create or replace function cogniflow.check_movement() returns trigger
language plpgsql security definer set search_path = pg_catalog, public, pg_temp set enable_seqscan = off as $$
declare
    posted boolean;
begin
    if new.reverses_id is not null then
        posted := exists (select from stock_ledger m where m.id = new.reverses_id and m.reverses_id is null
            and (m.document, m.document_id, m.line_id, m.product_id, m.warehouse_id, m.quantity)
                = (new.document, new.document_id, new.line_id, new.product_id, new.warehouse_id, -new.quantity))
            and 'reversed' = case new.document
                when 'goods_delivery_notes' then (select status from goods_delivery_notes where id = new.document_id)
                when 'goods_receipt_notes' then (select status from goods_receipt_notes where id = new.document_id) end;
    -- the frequent kind by itself: five lines are five checks, and the other parts of the view would be prepared for each
    elsif new.document = 'goods_delivery_notes' then
        posted := exists (select from cogniflow.document_movements m
            where m.document = 'goods_delivery_notes' and m.document_id = new.document_id and m.line_id = new.line_id and m.posted
              and (m.product_id, m.warehouse_id, m.quantity, m.moved_at)
                  = (new.product_id, new.warehouse_id, new.quantity, new.moved_at));
    else
        posted := exists (select from cogniflow.document_movements m
            where m.document = new.document and m.document_id = new.document_id and m.line_id = new.line_id and m.posted
              and (m.product_id, m.warehouse_id, m.quantity, m.moved_at)
                  = (new.product_id, new.warehouse_id, new.quantity, new.moved_at));
    end if;
    if posted is not true then
        raise exception 'A movement in stock is one of a posted document; % % is not posted, or says otherwise.',
            cogniflow.called(new.document), new.document_id using errcode = 'CF409';
    end if;
    return null;
end $$;

-- An order that counts has lines and a number, and has reserved its goods or waits for them.
create or replace function cogniflow.check_order() returns trigger
language plpgsql security definer set search_path = pg_catalog, public, pg_temp set enable_seqscan = off as $$
declare
    numbered boolean; has_lines boolean;
begin
    if new.status in ('draft', 'cancelled') then return null; end if;
    if tg_table_name = 'orders' then
        select number is not null, exists (select from order_items where order_id = o.id) into numbered, has_lines
        from orders o where id = new.id;
        if exists (select from cogniflow.order_demand d left join stock_reservations r on r.document = 'orders' and r.line_id = d.line_id
                   where d.order_id = new.id and d.quantity <> coalesce(r.quantity, 0)) then
            raise exception 'This order has not reserved what is open of it.' using errcode = 'CF409';
        end if;
    else
        select number is not null, exists (select from purchase_order_items where purchase_order_id = o.id) into numbered, has_lines
        from purchase_orders o where id = new.id;
    end if;
    if not has_lines then
        raise exception 'This % has no lines and cannot be confirmed.', cogniflow.called(tg_table_name) using errcode = 'CF409';
    elsif not numbered then
        raise exception 'This % has no number and is not confirmed.', cogniflow.called(tg_table_name) using errcode = 'CF409';
    end if;
    return null;
end $$;

do $$
begin
    perform cogniflow.ensure_trigger(format(
        'CREATE CONSTRAINT TRIGGER cogniflow_effects AFTER INSERT OR UPDATE OF status ON public.%I DEFERRABLE INITIALLY DEFERRED '
        'FOR EACH ROW EXECUTE FUNCTION cogniflow.%I(%s)', tbl, checked, quote_literal(argument)))
    from (values ('goods_delivery_notes', 'check_document', '{shipped,reversed}'),
                 ('goods_receipt_notes', 'check_document', '{posted,reversed}'),
                 ('stock_transfers', 'check_document', '{in_transit,received}'), ('stock_counts', 'check_document', '{posted}'),
                 ('stock_adjustments', 'check_document', '{posted}'), ('assembly_orders', 'check_document', '{done}'),
                 ('orders', 'check_order', ''), ('purchase_orders', 'check_order', '')
    ) as each (tbl, checked, argument);
    -- what begins as fulfilled in no part, as every row does, need not be looked at again
    perform cogniflow.ensure_trigger(format(
        'CREATE CONSTRAINT TRIGGER cogniflow_effects%s ON public.%I DEFERRABLE INITIALLY DEFERRED FOR EACH ROW '
        '%sEXECUTE FUNCTION cogniflow.check_order_row()', format(moment, fulfilled), tbl, format(condition, fulfilled)))
    from (values ('order_items', 'delivered_quantity'), ('purchase_order_items', 'received_quantity')) as each (tbl, fulfilled)
    cross join (values ('_i AFTER INSERT', 'WHEN ((new.%I <> (0)::numeric)) '),
                       (' AFTER UPDATE OF %I', '')) as moments (moment, condition);
    perform cogniflow.ensure_trigger(
        'CREATE CONSTRAINT TRIGGER cogniflow_effects AFTER INSERT ON public.stock_ledger DEFERRABLE INITIALLY DEFERRED '
        'FOR EACH ROW EXECUTE FUNCTION cogniflow.check_movement()');
end $$;
drop function if exists cogniflow.check_note;
