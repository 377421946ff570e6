-- Makes a copy of the sample into what dana may see: the relations, columns and functions of her policy and nothing else. What a client finds here
-- it must find through Wherewall, and no more than that.

DROP TABLE app.audit_log;
ALTER TABLE app.member DROP COLUMN email;
DROP TRIGGER IF EXISTS touch ON app.task;
DROP FUNCTION app.touch();

DO $$ BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'dana') THEN
        CREATE ROLE dana LOGIN PASSWORD 'demo' NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS NOREPLICATION;
    END IF;
END $$;
ALTER ROLE dana SET search_path = app, billing;

GRANT USAGE ON SCHEMA app, billing TO dana;
GRANT SELECT ON ALL TABLES IN SCHEMA app, billing TO dana;
GRANT INSERT, UPDATE, DELETE ON app.project, app.membership, app.task, app.comment, app.specimen, app.reading TO dana;
GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA app, billing TO dana;
