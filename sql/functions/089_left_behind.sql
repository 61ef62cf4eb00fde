-- What the data of an earlier version lacks, made good in the transaction of the migration that says so (cogniflow.left_behind).

-- Orders were confirmed before there were reservations.
do $$
declare
    owing bigint[];
begin
    if current_setting('cogniflow.left_behind', true) = 'reservations' then
        owing := array(select id from orders where status in ('confirmed', 'partially_delivered') order by id for no key update);
        perform cogniflow.reserve_orders(owing);
    end if;
end $$;
