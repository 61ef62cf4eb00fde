-- Attempts to sign in: each is counted before it is judged, so that many at once count as many; the more have failed, the longer the
-- next one waits, and no wait is longer than its key's own.

-- Count an attempt under each of the keys ("account:…", "address:…", "device:…"). The seconds to wait where one of them is not open
-- yet, and then nothing is counted; 0 to go on. The first `free` failures of a key cost nothing, then the wait doubles from a second
-- up to `longest`. A day without failures forgets them.
create or replace function cogniflow.take_sign_in(keys text[], free integer[], longest integer[]) returns integer
language plpgsql security definer set search_path = pg_catalog, cogniflow, pg_temp as $$
declare
    at timestamptz;
    wait double precision;
begin
    insert into cogniflow.sign_in_failures (key, failures, last_at, open_at)
        select k, 0, now(), now() from unnest(keys) k order by k on conflict do nothing;
    perform from cogniflow.sign_in_failures where key = any(keys) order by key for update;
    at := clock_timestamp();
    select max(extract(epoch from open_at - at)) into wait from cogniflow.sign_in_failures where key = any(keys);
    if wait > 0 then return ceil(wait); end if;
    update cogniflow.sign_in_failures f set failures = counted.n, last_at = at,
        open_at = at + case when counted.n < k.free then interval '0'
                            else least(k.longest, power(2, least(counted.n - k.free, 20))) * interval '1 second' end
    from unnest(keys, free, longest) as k (key, free, longest),
         lateral (select case when last_at < at - interval '1 day' then 1 else failures + 1 end as n
                  from cogniflow.sign_in_failures where key = k.key) counted
    where f.key = k.key;
    return 0;
end $$;

-- An attempt under these keys has succeeded: of an account or a known browser nothing is held against it any more; of an address,
-- which others share, this one attempt.
create or replace function cogniflow.sign_in_succeeded(keys text[]) returns void
language sql security definer set search_path = pg_catalog, cogniflow, pg_temp as $$
    delete from cogniflow.sign_in_failures where key = any(keys) and key not like 'address:%';
    update cogniflow.sign_in_failures set failures = greatest(failures - 1, 0), open_at = last_at
    where key = any(keys) and key like 'address:%';
$$;
