-- What of a document and its lines may still change, and that a note agrees with the order it fulfils.

-- BEFORE a document changes or goes. Arguments: its first status, the columns fixed from then on, the statuses in which
-- nothing changes any more, the columns that a later move out of these may set.
create or replace function cogniflow.guard_document() returns trigger
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    fixed text[] := tg_argv[1];
    final text[] := tg_argv[2];
    later text[] := tg_argv[3];
    before jsonb; after jsonb; refused text;
begin
    if old.status = tg_argv[0] then return case tg_op when 'DELETE' then old else new end; end if;
    if tg_op = 'DELETE' then
        raise exception 'This % is % and cannot be deleted.', cogniflow.called(tg_table_name), old.status using errcode = 'CF409';
    end if;
    before := to_jsonb(old);
    after := to_jsonb(new);
    if old.status = any(final) then
        fixed := array(select key from jsonb_object_keys(before) key
                       where key <> all ('{version,updated_at,updated_by}' || case when new.status <> old.status then later end));
    end if;
    select key into refused from unnest(fixed) key where after -> key is distinct from before -> key order by 1 limit 1;
    if refused is not null and not cogniflow.follows_merger(tg_relid, before, after) then
        raise exception 'This % is % and keeps its %.', cogniflow.called(tg_table_name), old.status, replace(refused, '_', ' ')
            using errcode = 'CF409', column = refused;
    end if;
    return new;
end $$;

-- AFTER lines changed: only those of a document in its first status may; some columns later too.
-- Arguments: document table, its column here, its first status, the columns that may change later, the statuses in which
-- they may (*: always, as the database alone changes them).
create or replace function cogniflow.guard_lines() returns trigger
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare
    free text[] := '{version,updated_at,updated_by}'::text[] || tg_argv[3]::text[];
    documents bigint[]; altered bigint[]; refused text;
begin
    if tg_op = 'UPDATE' then
        select array_agg(distinct d), array_agg(distinct d) filter (where o.image - free <> n.image - free) into documents, altered
        from (select id, to_jsonb(t) as image from oldt t) o join (select id, to_jsonb(t) as image from newt t) n using (id)
        cross join unnest(array[o.image ->> tg_argv[1], n.image ->> tg_argv[1]]::bigint[]) d;
        if altered is null and tg_argv[4] = '{*}' then return null; end if;
    else
        execute format('select array_agg(distinct %I) from %I', tg_argv[1], case tg_op when 'INSERT' then 'newt' else 'oldt' end)
            into documents;
        altered := documents;
    end if;
    if documents is null then return null; end if;
    -- locked whatever their status, by id: none of them moves on while its lines change
    execute format('with locked as materialized (select id, status from public.%I where id = any($1) order by id for no key update) '
                   'select status from locked where status <> $2 and (id = any($3) or status <> all($4)) '
                   'and not cogniflow.is_being_amended(%1$L, id)', tg_argv[0])
        into refused using documents, tg_argv[2], altered, tg_argv[4]::text[];
    if refused is not null then
        raise exception 'This % is %: its lines cannot change.', cogniflow.called(tg_argv[0]), refused using errcode = 'CF409';
    end if;
    return null;
end $$;

-- BEFORE an order changes: it is not called off while goods are under way.
-- Arguments: the notes' table, their order's column, the statuses in which nothing is under way any more.
create or replace function cogniflow.guard_cancellation() returns trigger
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare
    under_way boolean;
begin
    if new.status <> 'cancelled' or old.status = 'cancelled' then return new; end if;
    execute format('select exists (select from public.%I where %I = $1 and status <> all($2))', tg_argv[0], tg_argv[1])
        into under_way using new.id, tg_argv[2]::text[];
    if under_way then
        raise exception 'A % of this % is still open; cancel it first.', cogniflow.called(tg_argv[0]), cogniflow.called(tg_table_name)
            using errcode = 'CF409', column = 'status';
    end if;
    return new;
end $$;

-- BEFORE a delivery note: it leaves from the warehouse of a confirmed order, by the day promised there.
create or replace function cogniflow.match_delivery_note() returns trigger
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare
    fulfilled orders;
begin
    if tg_op = 'UPDATE' and (new.order_id, new.warehouse_id) = (old.order_id, old.warehouse_id) then return new; end if;
    -- locked: it is not cancelled before the note is seen
    select * into fulfilled from orders where id = new.order_id for no key update;
    if fulfilled.status not in ('confirmed', 'on_hold', 'partially_delivered') then
        raise exception 'Only a confirmed order is delivered; this one is %.', fulfilled.status using errcode = 'CF409', column = 'order_id';
    elsif fulfilled.warehouse_id <> new.warehouse_id then
        raise exception 'The order is delivered from another warehouse.' using errcode = 'CF422', column = 'warehouse_id';
    elsif tg_op = 'UPDATE' and new.order_id <> old.order_id and exists (select from gdn_items where goods_delivery_note_id = new.id) then
        raise exception 'The lines belong to another order.' using errcode = 'CF409', column = 'order_id';
    end if;
    new.promised_on := coalesce(new.promised_on, fulfilled.promised_on);
    return new;
end $$;

-- BEFORE a receipt note: what came with a purchase order comes from its supplier into its warehouse.
create or replace function cogniflow.match_receipt_note() returns trigger
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare
    fulfilled purchase_orders;
begin
    if tg_op = 'UPDATE' and ((new.purchase_order_id, new.supplier_id, new.warehouse_id)
                             is not distinct from (old.purchase_order_id, old.supplier_id, old.warehouse_id)
                             or cogniflow.follows_merger(tg_relid, to_jsonb(old), to_jsonb(new))) then return new; end if;
    if tg_op = 'UPDATE' and new.purchase_order_id is distinct from old.purchase_order_id
       and exists (select from grn_items where goods_receipt_note_id = new.id and purchase_order_item_id is not null) then
        raise exception 'The lines belong to another purchase order.' using errcode = 'CF409', column = 'purchase_order_id';
    end if;
    select * into fulfilled from purchase_orders where id = new.purchase_order_id for no key update;
    if fulfilled.status not in ('confirmed', 'partially_received') then
        raise exception 'Only a confirmed purchase order is received; this one is %.', fulfilled.status
            using errcode = 'CF409', column = 'purchase_order_id';
    elsif fulfilled.supplier_id <> new.supplier_id then
        raise exception 'The purchase order is placed with another supplier.' using errcode = 'CF422', column = 'supplier_id';
    elsif fulfilled.warehouse_id <> new.warehouse_id then
        raise exception 'The purchase order comes to another warehouse.' using errcode = 'CF422', column = 'warehouse_id';
    end if;
    return new;
end $$;

-- AFTER lines of a note came or changed: each fulfils a row of the note's own order, and names that row's product.
-- Arguments: note table, its column here, its order's column, the order's row table, its column here, its order's column there.
create or replace function cogniflow.match_lines() returns trigger
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare
    wrong record;
begin
    execute format('select r.product_id <> l.product_id as product from newt l join public.%I n on n.id = l.%I join public.%I r '
                   'on r.id = l.%I where r.product_id <> l.product_id or r.%I is distinct from n.%I limit 1',
                   tg_argv[0], tg_argv[1], tg_argv[3], tg_argv[4], tg_argv[5], tg_argv[2]) into wrong;
    if wrong.product then
        raise exception 'The row of the order is of another product.' using errcode = 'CF422', column = 'product_id';
    elsif wrong.product is not null then
        raise exception 'The row belongs to another order.' using errcode = 'CF422', column = tg_argv[4];
    end if;
    return null;
end $$;

do $$
begin
    perform cogniflow.ensure_trigger(format(
        'CREATE TRIGGER cogniflow_40_document BEFORE DELETE OR UPDATE ON public.%I FOR EACH ROW '
        'EXECUTE FUNCTION cogniflow.guard_document(%L, %L, %L, %L)', tbl, t.initial_status, fixed, final, later))
    from (values ('orders', '{customer_id,warehouse_id,ordered_on,promised_on,freight,credit_approved}', '{}', '{}'),
                 ('purchase_orders', '{supplier_id,warehouse_id,ordered_on}', '{}', '{}'),
                 ('quotations', '{customer_id,quoted_on,valid_until,currency_id,rate,number}', '{rejected,expired,superseded}', '{}'),
                 ('goods_delivery_notes', '{order_id,warehouse_id,promised_on}', '{shipped,delivered,reversed}',
                  '{status,delivered_at,reversed_at,reversal_reason,reversal_number}'),
                 ('goods_receipt_notes', '{supplier_id,purchase_order_id,warehouse_id}', '{posted,reversed}',
                  '{status,reversed_at,reversal_reason,reversal_number}'),
                 ('stock_transfers', '{from_warehouse_id,to_warehouse_id,shipped_at}', '{received}', '{}'),
                 ('stock_counts', '{warehouse_id}', '{posted}', '{}'), ('stock_adjustments', '{warehouse_id,reason}', '{posted}', '{}'),
                 ('stock_periods', '{}', '{closed}', '{status}'),
                 ('assembly_orders', '{bill_of_materials_id,warehouse_id,quantity,planned_on}', '{done}', '{}'),
                 ('bill_of_materials', '{}', '{active,obsolete}', '{status}'),
                 ('branding_template_versions', '{}', '{published,retired}', '{status}'),
                 ('testimonials', '{}', '{}', '{}'), ('blog_posts', '{slug}', '{}', '{}'), ('features', '{slug}', '{}', '{}')
    ) as each (tbl, fixed, final, later) join cogniflow.tracked t using (tbl);

    perform cogniflow.ensure_trigger(format(
        'CREATE TRIGGER cogniflow_45_cancellation BEFORE UPDATE ON public.%I FOR EACH ROW '
        'EXECUTE FUNCTION cogniflow.guard_cancellation(%L, %L, %L)', tbl, notes, order_column, done))
    from (values ('orders', 'goods_delivery_notes', 'order_id', '{shipped,delivered,cancelled,reversed}'),
                 ('purchase_orders', 'goods_receipt_notes', 'purchase_order_id', '{posted,cancelled,reversed}')
    ) as each (tbl, notes, order_column, done);

    perform cogniflow.ensure_trigger(format(
        'CREATE TRIGGER cogniflow_lines_%s AFTER %s ON public.%I REFERENCING %s FOR EACH STATEMENT '
        'EXECUTE FUNCTION cogniflow.guard_lines(%L, %L, %L, %L, %L)',
        letter, moment, t.tbl, images, d.tbl, t.document_column, d.initial_status, columns, statuses))
    from (values ('order_items', '{delivered_quantity}', '{*}'),
                 ('quotation_items', '{ordered_quantity}', '{*}'),
                 ('purchase_order_items', '{received_quantity}', '{*}'),
                 ('gdn_items', '{}', '{}'),
                 ('grn_items', '{accepted_quantity,rejected_quantity,received_quantity}', '{expected,received}'),
                 ('stock_transfer_items', '{}', '{}'), ('stock_adjustment_items', '{}', '{}'),
                 ('stock_count_items', '{counted_quantity,book_quantity,counted_at,difference,moved}', '{counting,review}'),
                 ('bom_items', '{}', '{}'), ('assembly_components', '{product_id,quantity}', '{released,in_progress}')
    ) as each (tbl, columns, statuses) join cogniflow.tracked t using (tbl) join cogniflow.tracked d on d.tbl = t.document_table
    cross join (values ('i', 'INSERT', 'NEW TABLE AS newt'), ('u', 'UPDATE', 'OLD TABLE AS oldt NEW TABLE AS newt'),
                       ('d', 'DELETE', 'OLD TABLE AS oldt')) as moments (letter, moment, images);

    perform cogniflow.ensure_trigger(
        'CREATE TRIGGER cogniflow_45_match BEFORE INSERT OR UPDATE ON public.goods_delivery_notes FOR EACH ROW '
        'EXECUTE FUNCTION cogniflow.match_delivery_note()');
    perform cogniflow.ensure_trigger(
        'CREATE TRIGGER cogniflow_45_match BEFORE INSERT OR UPDATE ON public.goods_receipt_notes FOR EACH ROW '
        'EXECUTE FUNCTION cogniflow.match_receipt_note()');
    perform cogniflow.ensure_trigger(format(
        'CREATE TRIGGER cogniflow_match_%s AFTER %s ON public.%I REFERENCING NEW TABLE AS newt FOR EACH STATEMENT '
        'EXECUTE FUNCTION cogniflow.match_lines(%L, %L, %L, %L, %L, %L)',
        letter, moment, t.tbl, t.document_table, t.document_column, order_column, row_table, row_column, r.document_column))
    from (values ('gdn_items', 'order_id', 'order_items', 'order_item_id'),
                 ('grn_items', 'purchase_order_id', 'purchase_order_items', 'purchase_order_item_id')
    ) as each (tbl, order_column, row_table, row_column) join cogniflow.tracked t using (tbl) join cogniflow.tracked r on r.tbl = row_table
    cross join (values ('i', 'INSERT'), ('u', 'UPDATE')) as moments (letter, moment);
end $$;
