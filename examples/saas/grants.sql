-- The login that Wherewall itself uses: it may read and write the mapped tables and nothing else. It owns nothing, is no
-- superuser, and cannot log in before it is given a password:
--
--     ALTER ROLE wherewall_svc PASSWORD '...';

DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'wherewall_svc') THEN
        CREATE ROLE wherewall_svc LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS NOREPLICATION;
    END IF;
END $$;

-- What an unqualified name means to every session behind Wherewall.
ALTER ROLE wherewall_svc SET search_path = app, billing;

GRANT USAGE ON SCHEMA app, billing TO wherewall_svc;
GRANT SELECT ON app.country TO wherewall_svc;
GRANT SELECT, UPDATE ON app.org TO wherewall_svc;
GRANT SELECT, INSERT, UPDATE, DELETE
    ON app.member, app.project, app.membership, app.task, app.comment, billing.invoice
    TO wherewall_svc;
-- For INSERT, and for clients that take numbers with nextval() first.
GRANT USAGE ON SEQUENCE app.member_id_seq, app.project_id_seq, app.task_id_seq, billing.invoice_id_seq TO wherewall_svc;
