-- Bills of materials: no product is made of itself, and what is active stays as it is.

-- Refuse a bill of materials by which a product would contain itself, through whatever is drafted or active.
create or replace function cogniflow.refuse_circular_bill(bill bigint) returns void
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
    perform cogniflow.take_turns('{bill_of_materials}');
    if exists (
        with recursive parts as (
            select i.product_id, i.id as item from bom_items i where i.bill_of_materials_id = bill
            union
            select s.product_id, i.id from bom_items i join bom_item_substitutes s on s.bom_item_id = i.id
            where i.bill_of_materials_id = bill
        ), within (product_id) as (
            select product_id from parts
            union
            select below.product_id from within w join bill_of_materials b on b.product_id = w.product_id and b.status <> 'obsolete'
            join bom_items i on i.bill_of_materials_id = b.id
            cross join lateral (select i.product_id union select s.product_id from bom_item_substitutes s where s.bom_item_id = i.id) below
        )
        select from within join bill_of_materials b using (product_id) where b.id = bill and b.status <> 'obsolete') then
        raise exception 'The product would be made of itself.' using errcode = 'CF422', column = 'product_id';
    end if;
end $$;

-- AFTER a bill, a line or a substitute came or names another product.
create or replace function cogniflow.guard_bill() returns trigger
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
    perform cogniflow.refuse_circular_bill(case tg_table_name
        when 'bill_of_materials' then new.id
        when 'bom_items' then (to_jsonb(new) ->> 'bill_of_materials_id')::bigint
        else (select bill_of_materials_id from bom_items where id = (to_jsonb(new) ->> 'bom_item_id')::bigint) end);
    return null;
end $$;

-- BEFORE a bill becomes active: it says what the product is made of.
create or replace function cogniflow.guard_activation() returns trigger
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
    if not exists (select from bom_items where bill_of_materials_id = new.id) then
        raise exception 'This % has no lines yet.', cogniflow.called(tg_table_name) using errcode = 'CF409', column = 'status';
    end if;
    return new;
end $$;

-- BEFORE a substitute comes, changes or goes: its bill is still a draft.
create or replace function cogniflow.guard_substitute() returns trigger
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare
    items bigint[] := array_remove(array[case when tg_op <> 'DELETE' then new.bom_item_id end,
                                         case when tg_op <> 'INSERT' then old.bom_item_id end], null);
    refused text;
begin
    -- locked: it does not become active meanwhile
    with locked as materialized (
        select status from bill_of_materials where id in (select bill_of_materials_id from bom_items where id = any(items))
        order by id for no key update)
    select status into refused from locked where status <> 'draft';
    if refused is not null then
        raise exception 'This bill of material is %: its substitutes cannot change.', refused using errcode = 'CF409';
    end if;
    return case tg_op when 'DELETE' then old else new end;
end $$;

do $$
begin
    perform cogniflow.ensure_trigger(format(
        'CREATE TRIGGER cogniflow_circle AFTER INSERT OR UPDATE OF %s ON public.%I FOR EACH ROW EXECUTE FUNCTION cogniflow.guard_bill()',
        columns, tbl))
    from (values ('bill_of_materials', 'product_id'), ('bom_items', 'bill_of_materials_id, product_id'),
                 ('bom_item_substitutes', 'bom_item_id, product_id')) as each (tbl, columns);
    perform cogniflow.ensure_trigger(
        'CREATE TRIGGER cogniflow_22_lines BEFORE UPDATE OF status ON public.bill_of_materials FOR EACH ROW '
        'WHEN (((new.status)::text = ''active''::text)) EXECUTE FUNCTION cogniflow.guard_activation()');
    perform cogniflow.ensure_trigger(
        'CREATE TRIGGER cogniflow_40_substitute BEFORE INSERT OR DELETE OR UPDATE ON public.bom_item_substitutes FOR EACH ROW '
        'EXECUTE FUNCTION cogniflow.guard_substitute()');
end $$;
