-- What a posted note moved is taken back by opposite movements, once; its order waits for the goods again.

-- Write the counter-movements of notes into the ledger; how many there are.
-- The notes must stand reversed when the transaction commits, or it is refused.
create or replace function cogniflow.reverse_movements(tbl text, documents bigint[]) returns bigint
language plpgsql security definer set search_path = pg_catalog, public, pg_temp
set plan_cache_mode = force_generic_plan set enable_seqscan = off as $$
declare
    written bigint;
begin
    case tbl
        when 'goods_delivery_notes' then
            perform cogniflow.fulfil_orders(documents, -1);
            -- before the goods are back, so that they go to whom they were promised first
            perform cogniflow.reserve_orders(array(select distinct order_id from goods_delivery_notes where id = any(documents)));
        when 'goods_receipt_notes' then perform cogniflow.fulfil_purchases(documents, -1);
        else raise exception 'Records of % are not reversed.', tbl using errcode = 'CF422';
    end case;
    insert into stock_ledger (product_id, warehouse_id, quantity, unit_cost, moved_at, document, document_id, line_id, reverses_id)
    select product_id, warehouse_id, -quantity, unit_cost, now(), document, document_id, line_id, id
    from stock_ledger where document = tbl and document_id = any(documents) and reverses_id is null
    order by product_id, warehouse_id, line_id;
    get diagnostics written = row_count;
    return written;
end $$;
