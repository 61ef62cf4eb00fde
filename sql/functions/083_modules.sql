-- What is switched off: the records of a table whose entries in the navigation, or the modules above them, all are.
create or replace function cogniflow.switched_off() returns text[]
language sql stable security definer set search_path = pg_catalog, public, pg_temp as $$
    select array(
        select t.tbl from cogniflow.tracked t
        join system_sub_modules s on s.entity = coalesce(t.document_table, t.tbl) join system_modules m on m.id = s.module_id
        -- never what it takes to switch something on again, and to let somebody do so
        where t.tbl <> all ('{system_modules,system_sub_modules,users,user_roles,roles,permissions}')
        group by t.tbl having not bool_or(s.enabled and m.enabled))
$$;
