-- What the proxy's login may do at most.
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'wherewall_svc') THEN
        CREATE ROLE wherewall_svc LOGIN;
    END IF;
END $$;
-- In this database alone: the samples share the login.
DO $$ BEGIN
    EXECUTE format('ALTER ROLE wherewall_svc IN DATABASE %I SET search_path = dw', current_database());
END $$;
GRANT USAGE ON SCHEMA dw TO wherewall_svc;
GRANT SELECT ON ALL TABLES IN SCHEMA dw TO wherewall_svc;
