-- What the proxy's login may do at most.
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'wherewall_svc') THEN
        CREATE ROLE wherewall_svc LOGIN;
    END IF;
END $$;
ALTER ROLE wherewall_svc SET search_path = med;
GRANT USAGE ON SCHEMA med TO wherewall_svc;
GRANT SELECT ON ALL TABLES IN SCHEMA med TO wherewall_svc;
GRANT INSERT, UPDATE ON med.patient, med.note TO wherewall_svc;
