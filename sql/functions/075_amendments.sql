-- Amendments: the lines of a confirmed order change only together with a row that says why, what they were and what they became.

-- The lines of an order as an amendment keeps them.
create or replace function cogniflow.order_lines(of_order bigint) returns jsonb
language sql stable security definer set search_path = pg_catalog, public, pg_temp as $$
    select coalesce(jsonb_agg(jsonb_build_object(
        'id', id, 'product_id', product_id, 'quantity', trim_scale(quantity)::text, 'unit_price', trim_scale(unit_price)::text,
        'discount', trim_scale(discount)::text, 'tax_code_id', tax_code_id) order by position, id), '[]')
    from order_items where order_id = of_order;
$$;

-- Whether the lines of a document may change in this transaction although they are fixed: an amendment has begun and not ended.
create or replace function cogniflow.is_being_amended(document_table text, document bigint) returns boolean
language plpgsql stable security definer set search_path = pg_catalog, public, pg_temp as $$
begin
    return document_table = 'orders' and exists (select from order_amendments where order_id = document and after is null);
end $$;

-- Begin to amend a confirmed order; the amendment ends with the transaction. Returns its id.
create or replace function cogniflow.begin_amendment(amended bigint, why text) returns bigint
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare
    standing text; begun bigint;
begin
    select status into standing from orders where id = amended for no key update;
    if standing is null or standing not in ('confirmed', 'partially_delivered') then
        raise exception 'Only a confirmed order is amended; this one is %.', coalesce(standing, 'unknown') using errcode = 'CF409';
    elsif why !~ '\S' then
        raise exception 'Say why the order is amended.' using errcode = 'CF422', column = 'reason';
    elsif cogniflow.is_being_amended('orders', amended) then
        raise exception 'The order is being amended already.' using errcode = 'CF409';
    end if;
    -- before any stock is locked, as when an order is confirmed
    perform cogniflow.take_turns(array['credit of contact ' || c.id])
    from orders o join contacts c on c.id = o.customer_id where o.id = amended and c.credit_limit is not null;
    insert into order_amendments (order_id, revision, reason, before)
    select amended, count(*) + 1, why, cogniflow.order_lines(amended) from order_amendments where order_id = amended
    returning id into begun;
    return begun;
end $$;

-- At commit: what the lines became; an order is not amended into nothing, nor into itself, nor beyond the customer's credit.
create or replace function cogniflow.end_amendment() returns trigger
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare
    became jsonb := cogniflow.order_lines(new.order_id);
begin
    if became = new.before then
        raise exception 'The amendment changes nothing.' using errcode = 'CF409';
    elsif became = '[]' then
        raise exception 'An order without lines is cancelled, not amended.' using errcode = 'CF409';
    end if;
    if exists (
        select from orders o join contacts c on c.id = o.customer_id
        where o.id = new.order_id and o.total > coalesce(o.credit_approved, -1)
          and o.net_total > (select sum(round((line ->> 'quantity')::numeric * (line ->> 'unit_price')::numeric
                                              * (1 - (line ->> 'discount')::numeric), 2)) from jsonb_array_elements(new.before) line)
          and c.credit_limit < (select sum(total) from orders
                                where customer_id = c.id and status not in ('draft', 'cancelled', 'closed'))) then
        raise exception 'The amended order exceeds the customer''s credit limit.' using errcode = 'CF409';
    end if;
    update order_amendments set after = became where id = new.id;
    return null;
end $$;

-- BEFORE a row of an order becomes one of another product: not while a delivery note names it.
create or replace function cogniflow.guard_order_row() returns trigger
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
    if exists (select from gdn_items where order_item_id = old.id) then
        raise exception 'A delivery note names this row of the order; it keeps its product.' using errcode = 'CF409', column = 'product_id';
    end if;
    return new;
end $$;

do $$
begin
    perform cogniflow.ensure_trigger(
        'CREATE CONSTRAINT TRIGGER cogniflow_effects AFTER INSERT ON public.order_amendments DEFERRABLE INITIALLY DEFERRED '
        'FOR EACH ROW EXECUTE FUNCTION cogniflow.end_amendment()');
    perform cogniflow.ensure_trigger(
        'CREATE TRIGGER cogniflow_45_noted BEFORE UPDATE OF order_id, product_id ON public.order_items FOR EACH ROW '
        'WHEN (((old.order_id <> new.order_id) OR (old.product_id <> new.product_id))) EXECUTE FUNCTION cogniflow.guard_order_row()');
end $$;
