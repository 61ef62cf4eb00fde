-- Before the tables: their defaults use it. plpgsql, so that it may be created before system_settings is.
CREATE OR REPLACE FUNCTION cogniflow.company_timezone() RETURNS text
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
    RETURN coalesce((SELECT value #>> '{}' FROM system_settings WHERE key = 'company.timezone'), 'UTC');
END $$;

CREATE OR REPLACE FUNCTION cogniflow.company_today() RETURNS date
    LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
    SELECT (now() AT TIME ZONE cogniflow.company_timezone())::date
$$;
