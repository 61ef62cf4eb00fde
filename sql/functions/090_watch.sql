-- Every declared business table has its triggers from here on.
do $$
declare
    watched text;
begin
    for watched in select tbl from cogniflow.tracked order by tbl loop
        perform cogniflow.watch(watched);
    end loop;
end $$;
