-- The company's settings are always there and always usable: what is declared of each is kept, whoever changes it.

create or replace function cogniflow.is_time_zone(said text) returns boolean
language sql stable set search_path = pg_catalog, pg_temp as $$ select exists (select from pg_timezone_names where name = said) $$;

create or replace function cogniflow.is_currency(said text) returns boolean
language sql stable set search_path = pg_catalog, public, pg_temp as $$
    select exists (select from currencies where code = said and archived_at is null);
$$;

-- The value of a setting as text.
create or replace function cogniflow.setting(named text) returns text
language sql stable security definer set search_path = public, pg_temp as $$
    select value #>> '{}' from system_settings where key = named;
$$;

-- What is wrong with a value of a setting, in words; NULL where nothing is.
create or replace function cogniflow.wrong_with(s cogniflow.declared_settings, value jsonb) returns text
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
declare
    said text := value #>> '{}';
    is_right boolean := true;
begin
    case s.kind
        when 'text' then
            if jsonb_typeof(value) <> 'string' or btrim(said) = '' then return 'is a text'; end if;
        when 'flag' then
            if jsonb_typeof(value) <> 'boolean' then return 'is true or false'; end if;
        when 'number' then
            if jsonb_typeof(value) <> 'number' or said::numeric % 1 <> 0 then return 'is a whole number'; end if;
            if said::numeric < s.least then return 'is at least ' || s.least; end if;
            if said::numeric > s.most then return 'is at most ' || s.most; end if;
        when 'choice' then
            if jsonb_typeof(value) <> 'string' or said <> all (s.choices) then
                return 'is one of ' || array_to_string(s.choices, ', ');
            end if;
    end case;
    if s.test is not null then execute format('select cogniflow.%I($1)', s.test) into is_right using said; end if;
    return case when not is_right then 'is ' || s.expects end;
end $$;

create or replace function cogniflow.guard_setting() returns trigger
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare
    s cogniflow.declared_settings;
    wrong text;
begin
    if tg_op <> 'INSERT' and exists (select from cogniflow.declared_settings d where d.key = old.key)
       and (tg_op = 'DELETE' or new.key <> old.key) then
        raise exception '% is needed and stays; give it another value.', old.key using errcode = 'CF409', column = 'key';
    elsif tg_op = 'DELETE' then
        return old;
    end if;
    select * into s from cogniflow.declared_settings d where d.key = new.key;
    if not found then
        raise exception 'Nothing reads a setting %.', new.key using errcode = 'CF422', column = 'key';
    end if;
    wrong := cogniflow.wrong_with(s, new.value);
    if wrong is not null then
        raise exception '% %.', new.key, wrong using errcode = 'CF422', column = 'value';
    end if;
    return new;
end $$;

do $$
begin
    perform cogniflow.ensure_trigger(
        'CREATE TRIGGER cogniflow_40_setting BEFORE INSERT OR DELETE OR UPDATE ON public.system_settings FOR EACH ROW '
        'EXECUTE FUNCTION cogniflow.guard_setting()');
end $$;
