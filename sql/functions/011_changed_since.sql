-- The tables of the changes that are to be seen now and were not at an earlier position, which the parts of its snapshot give; NULL
-- where they are more than a thousand, or some may be forgotten.
create or replace function cogniflow.changed_since(lowest xid8, unborn xid8, open_then xid8[]) returns text[]
-- planned once: it is asked with every request, and finds what there is by the index whatever is guessed of the table
language plpgsql stable set search_path = pg_catalog, pg_temp set plan_cache_mode = force_generic_plan set enable_seqscan = off as $$
begin
    return (select case when count(*) <= 1000 and not exists (select from cogniflow.change_floor where floor_xid >= lowest)
                        then coalesce(array_agg(distinct tbl), '{}') end
            from (select tbl from cogniflow.change_log where xid = any(open_then)
                  union all (select tbl from cogniflow.change_log where xid >= unborn order by xid desc limit 1001)) changes);
end $$;
