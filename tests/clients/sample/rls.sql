-- What a DBA would write by hand to give dana the rows of her policy with PostgreSQL's own row-level security. Whether a task is in her tenant
-- does not depend on what she may read, so parents are looked up with the owner's rights, in a schema that is not hers.

CREATE SCHEMA who;
GRANT USAGE ON SCHEMA who TO dana;
CREATE FUNCTION who.has_project(which bigint) RETURNS bool STABLE SECURITY DEFINER LANGUAGE sql
    AS $$ SELECT EXISTS (SELECT FROM app.project p WHERE p.id = which AND p.org_id = 'acme') $$;
CREATE FUNCTION who.has_task(which bigint) RETURNS bool STABLE SECURITY DEFINER LANGUAGE sql
    AS $$ SELECT EXISTS (SELECT FROM app.task t JOIN app.project p ON p.id = t.project_id WHERE t.id = which AND p.org_id = 'acme') $$;

ALTER TABLE app.org ENABLE ROW LEVEL SECURITY;
ALTER TABLE app.member ENABLE ROW LEVEL SECURITY;
ALTER TABLE app.project ENABLE ROW LEVEL SECURITY;
ALTER TABLE app.membership ENABLE ROW LEVEL SECURITY;
ALTER TABLE app.task ENABLE ROW LEVEL SECURITY;
ALTER TABLE app.comment ENABLE ROW LEVEL SECURITY;
ALTER TABLE app.specimen ENABLE ROW LEVEL SECURITY;
ALTER TABLE app.reading ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing.invoice ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON app.org TO dana USING (id = 'acme');
CREATE POLICY own ON app.member TO dana USING (org_id = 'acme');
CREATE POLICY own ON app.project TO dana USING (org_id = 'acme');
CREATE POLICY own ON app.membership TO dana USING (who.has_project(project_id));
CREATE POLICY own ON app.task TO dana USING (who.has_project(project_id));
CREATE POLICY own ON app.comment TO dana USING (who.has_task(task_id));
CREATE POLICY own ON app.specimen TO dana USING (org_id = 'acme');
CREATE POLICY own ON app.reading TO dana USING (org_id = 'acme');
CREATE POLICY own ON billing.invoice TO dana USING (org_id = 'acme');
