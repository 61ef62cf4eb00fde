-- Assembly orders: made by an active bill of materials, of something, in whole units where the product is.

-- BEFORE an assembly order: what it is made by, and of.
create or replace function cogniflow.guard_assembly() returns trigger
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare
    made record;
begin
    -- locked: it is not retired before the order is seen
    select b.status, p.name, u.name as unit, u.whole_only into made
    from bill_of_materials b join products p on p.id = b.product_id join units_of_measure u on u.id = p.unit_id
    where b.id = new.bill_of_materials_id for share of b;
    if made.status <> 'active' and (tg_op = 'INSERT' or new.bill_of_materials_id <> old.bill_of_materials_id
                                    or old.status = 'draft' and new.status <> 'draft') then
        raise exception 'Things are made by an active bill of materials; this one is %.', made.status
            using errcode = 'CF409', column = 'bill_of_materials_id';
    elsif made.whole_only and new.quantity <> trunc(new.quantity) then
        raise exception '% is counted in whole units (%).', made.name, lower(made.unit) using errcode = 'CF422', column = 'quantity';
    elsif new.status <> 'draft' and not exists (select from assembly_components where assembly_order_id = new.id) then
        raise exception 'This % has no lines yet.', cogniflow.called(tg_table_name) using errcode = 'CF409', column = 'status';
    end if;
    return new;
end $$;

-- BEFORE a component: nothing is made of itself.
create or replace function cogniflow.guard_component() returns trigger
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
    if exists (select from assembly_orders o join bill_of_materials b on b.id = o.bill_of_materials_id
               where o.id = new.assembly_order_id and b.product_id = new.product_id) then
        raise exception 'The product would be made of itself.' using errcode = 'CF422', column = 'product_id';
    end if;
    return new;
end $$;

-- Lock assembly orders that are to be posted, by id; one that was posted before is not again.
create or replace function cogniflow.lock_assemblies(orders bigint[]) returns void
language plpgsql set search_path = pg_catalog, public, pg_temp as $$
declare
    refused record;
begin
    with locked as materialized (
        select number, status, updated_at from assembly_orders where id = any(orders) order by id for no key update)
    -- one that this transaction posts may stand posted already
    select * into refused from locked where status = 'done' and updated_at < now();
    if found then
        raise exception 'Assembly order % is posted already.', refused.number using errcode = 'CF409';
    end if;
end $$;

do $$
begin
    perform cogniflow.ensure_trigger(
        'CREATE TRIGGER cogniflow_35_assembly BEFORE INSERT OR UPDATE ON public.assembly_orders FOR EACH ROW '
        'EXECUTE FUNCTION cogniflow.guard_assembly()');
    perform cogniflow.ensure_trigger(
        'CREATE TRIGGER cogniflow_35_component BEFORE INSERT OR UPDATE OF assembly_order_id, product_id ON public.assembly_components '
        'FOR EACH ROW EXECUTE FUNCTION cogniflow.guard_component()');
end $$;
