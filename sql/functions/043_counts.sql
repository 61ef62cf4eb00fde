-- Counting: a line remembers what the books said at that moment, so that goods may move while others are counted.

-- BEFORE a line of a count: what the books say of the product when it is counted.
create or replace function cogniflow.remember_books() returns trigger
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
    if tg_op = 'UPDATE' and (new.counted_quantity, new.product_id, new.stock_count_id)
                            is not distinct from (old.counted_quantity, old.product_id, old.stock_count_id) then return new; end if;
    new.moved := false;
    new.counted_at := case when new.counted_quantity is not null then now() end;
    new.book_quantity := case when new.counted_quantity is not null then coalesce((
        select b.on_hand from stock_balances b join stock_counts c on c.warehouse_id = b.warehouse_id
        where c.id = new.stock_count_id and b.product_id = new.product_id), 0) end;
    return new;
end $$;

-- AFTER counts moved: the review flags lines whose goods have moved since; to be counted again they lose what was counted.
create or replace function cogniflow.on_count_moved() returns trigger
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
    if not exists (select from newt n join oldt o using (id) where n.status <> o.status) then return null; end if;
    update stock_count_items i set moved = true from newt n join oldt o using (id)
    where n.status = 'review' and o.status <> 'review' and i.stock_count_id = n.id and i.book_quantity <> coalesce((
        select on_hand from stock_balances b where b.product_id = i.product_id and b.warehouse_id = n.warehouse_id), 0);
    update stock_count_items i set counted_quantity = null from newt n join oldt o using (id)
    where n.status = 'counting' and o.status = 'review' and i.stock_count_id = n.id and i.moved;
    return null;
end $$;

do $$
begin
    perform cogniflow.ensure_trigger(
        'CREATE TRIGGER cogniflow_40_count BEFORE INSERT OR UPDATE ON public.stock_count_items FOR EACH ROW '
        'EXECUTE FUNCTION cogniflow.remember_books()');
    perform cogniflow.ensure_trigger(
        'CREATE TRIGGER cogniflow_review AFTER UPDATE ON public.stock_counts REFERENCING OLD TABLE AS oldt NEW TABLE AS newt '
        'FOR EACH STATEMENT EXECUTE FUNCTION cogniflow.on_count_moved()');
end $$;
