-- What the application's role may do: read everything, write what a person may write, and nothing that the database gives.
do $$
declare
    t cogniflow.tracked;
begin
    revoke all on all tables in schema public, cogniflow from public;
    revoke all on all functions in schema cogniflow from public;
    if not exists (select from pg_roles where rolname = 'cogniflow_app') then return; end if;
    grant usage on schema public, cogniflow to cogniflow_app;
    revoke all on all tables in schema public, cogniflow from cogniflow_app;
    revoke all on all functions in schema cogniflow from cogniflow_app;
    for t in select * from cogniflow.tracked order by tbl loop
        execute format('grant select on public.%I to cogniflow_app', t.tbl);
        if t.insertable <> '{}' then
            execute format('grant insert (%s), delete on public.%I to cogniflow_app',
                           (select string_agg(quote_ident(c), ', ') from unnest(t.insertable) c), t.tbl);
        end if;
        if t.updatable <> '{}' then
            execute format('grant update (%s) on public.%I to cogniflow_app',
                           (select string_agg(quote_ident(c), ', ') from unnest(t.updatable) c), t.tbl);
        end if;
    end loop;
    grant select on cogniflow.alembic_version, cogniflow.change_floor, cogniflow.change_log, cogniflow.document_movements,
        cogniflow.incarnation, cogniflow.order_demand, cogniflow.record_history, cogniflow.reorder_position, cogniflow.stock_position,
        cogniflow.tracked, cogniflow.transitions to cogniflow_app;
    grant select, insert, update, delete on public.analytics_cache, cogniflow.demo_shift, cogniflow.idempotency_keys,
        cogniflow.session_uses, cogniflow.token_uses to cogniflow_app;
    grant execute on function cogniflow.actor, cogniflow.begin_amendment, cogniflow.begin_incarnation, cogniflow.bell,
        cogniflow.called, cogniflow.changed_since, cogniflow.company_timezone, cogniflow.company_today, cogniflow.follows_merger,
        cogniflow.hush_bell, cogniflow.new_secret, cogniflow.plain, cogniflow.post_movements, cogniflow.restore_bell,
        cogniflow.reverse_movements, cogniflow.sign_in_succeeded, cogniflow.switched_off, cogniflow.take_sign_in,
        cogniflow.tell_webhooks, cogniflow.token to cogniflow_app;
end $$;
