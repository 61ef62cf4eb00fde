-- Webhooks: what one may be told, and messages to them, which the sender and the operations have made.

-- A webhook is told of tables that there are; one that is switched on again begins anew.
create or replace function cogniflow.guard_webhook() returns trigger
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare
    unknown text := (select t from unnest(new.topics) t where t like 'webhook%'
                     or t <> '*' and not exists (select from cogniflow.tracked where tbl = t) limit 1);
begin
    if new.topics = '{}' or unknown is not null then
        raise exception 'Topics are tables such as orders, or * for every one%.', '; there is no ' || unknown
            using errcode = 'CF422', column = 'topics';
    end if;
    if not new.enabled or tg_op = 'UPDATE' and old.enabled then return new; end if;
    new.failing_since := null;
    new.problem := null;
    if not exists (select from webhooks where enabled) then
        -- the first one hears of all that is committed from now on, whenever somebody begins to tell it
        perform cogniflow.begin_incarnation();
        insert into cogniflow.webhook_position (token) values (cogniflow.token())
        on conflict (one) do update set token = excluded.token;
    end if;
    return new;
end $$;

-- Messages to be sent: [{"webhook_id": 7, "payload": {"type": "orders_updated", ...}}, ...].
create or replace function cogniflow.tell_webhooks(messages jsonb) returns void
language sql security definer set search_path = pg_catalog, public, pg_temp as $$
    insert into webhook_deliveries (webhook_id, event, payload)
    select (m ->> 'webhook_id')::bigint, m -> 'payload' ->> 'type', m -> 'payload' from jsonb_array_elements(messages) m;
$$;

do $$
begin
    perform cogniflow.ensure_trigger(
        'CREATE TRIGGER cogniflow_40_webhook BEFORE INSERT OR UPDATE ON public.webhooks FOR EACH ROW '
        'EXECUTE FUNCTION cogniflow.guard_webhook()');
end $$;
