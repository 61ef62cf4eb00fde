-- Somebody can always set the rights right again: neither the last role that may do everything is lost, nor the last user with one.

create or replace function cogniflow.is_everything(p permissions) returns boolean
language sql immutable set search_path = pg_catalog, pg_temp as $$
    select p.entity = '*' and p.can_read and p.can_create and p.can_update and p.can_delete and '*' = any(p.operate) and p.reach = 'all';
$$;

-- Whether a user who may sign in has one of the roles.
create or replace function cogniflow.has_users(variadic role_ids bigint[]) returns boolean
language sql stable security definer set search_path = pg_catalog, public, pg_temp as $$
    select exists (select from user_roles h join users u on u.id = h.user_id
                   where h.role_id = any(role_ids) and u.active and u.archived_at is null);
$$;

-- At commit, when such a right was changed, taken, or its role put away, or a user lost it or can no longer sign in: there still
-- is a role that may do everything, and a user who has it, where there was one.
create or replace function cogniflow.check_administrator() returns trigger
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare
    mighty bigint[];
    had_it boolean := false;
begin
    -- one after the other: two transactions that each take one of the last two would miss each other
    perform cogniflow.take_turns('{administrator}');
    mighty := array(select r.id from permissions p join roles r on r.id = p.role_id
                    where cogniflow.is_everything(p) and r.archived_at is null);
    if mighty = '{}' then
        raise exception 'This is the last role that may do everything; give another one that right first.' using errcode = 'CF409';
    end if;
    if cogniflow.has_users(variadic mighty) then return null; end if;
    if tg_table_name = 'users' then
        had_it := exists (select from user_roles where user_id = old.id and role_id = any(mighty));
    elsif tg_table_name = 'user_roles' then
        had_it := old.role_id = any(mighty);
    elsif tg_table_name = 'roles' then
        had_it := cogniflow.has_users(old.id) and exists (
            select from permissions p where p.role_id = old.id and cogniflow.is_everything(p));
    else
        had_it := cogniflow.has_users(old.role_id) and cogniflow.is_everything(old);
    end if;
    if had_it then
        raise exception 'This is the last user who may do everything; give another one such a role first.' using errcode = 'CF409';
    end if;
    return null;
end $$;

do $$
begin
    perform cogniflow.ensure_trigger(format(
        'CREATE CONSTRAINT TRIGGER cogniflow_administrator AFTER %s ON public.%I DEFERRABLE INITIALLY DEFERRED '
        'FOR EACH ROW %sEXECUTE FUNCTION cogniflow.check_administrator()', moment, tbl, condition))
    from (values ('permissions', 'DELETE OR UPDATE', 'WHEN (((old.entity)::text = ''*''::text)) '),
                 ('roles', 'UPDATE OF archived_at', ''),
                 ('users', 'UPDATE OF active, archived_at', ''),
                 ('user_roles', 'DELETE OR UPDATE', '')
    ) as each (tbl, moment, condition);
end $$;
