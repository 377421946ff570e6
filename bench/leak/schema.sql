-- WIDE rows with a thousand for each tenant, with a tenant column (task) and with a path to one (note); and BIG rows of which half belong
-- to one tenant (bill). Rows of a tenant lie apart from each other.
CREATE SCHEMA app;
CREATE TABLE app.project (id int PRIMARY KEY, tenant_id text NOT NULL);
CREATE TABLE app.task (id int, tenant_id text NOT NULL, name text NOT NULL, amount int NOT NULL);
CREATE TABLE app.note (id int PRIMARY KEY, project_id int NOT NULL REFERENCES app.project, amount int NOT NULL);
CREATE TABLE app.bill (id int PRIMARY KEY, tenant_id text NOT NULL, project_id int NOT NULL REFERENCES app.project, name text NOT NULL, amount int NOT NULL);

INSERT INTO app.project SELECT p, 't' || p % TENANTS FROM generate_series(0, 20 * TENANTS - 1) p;
INSERT INTO app.task SELECT i, 't' || i % TENANTS, chr(97 + i % 26) || i, i % 997 FROM generate_series(1, WIDE) i;
INSERT INTO app.note SELECT i, i % TENANTS + TENANTS * (i / TENANTS % 20), i % 997 FROM generate_series(1, WIDE) i;
INSERT INTO app.bill SELECT i, 't' || t, t + TENANTS * (i / 2 % 20), chr(97 + i / 2 % 23) || i, i % 997
    FROM generate_series(1, BIG) i, LATERAL (SELECT 1 + i % 2 AS t) s;

CREATE UNIQUE INDEX task_tenant_id ON app.task (tenant_id, id);
CREATE INDEX task_name ON app.task (name);
CREATE INDEX note_project ON app.note (project_id);
CREATE INDEX project_tenant ON app.project (tenant_id);
CREATE UNIQUE INDEX bill_tenant_id ON app.bill (tenant_id, id);
CREATE INDEX bill_project ON app.bill (project_id);

CREATE SCHEMA barrier;
CREATE VIEW barrier.project WITH (security_barrier) AS SELECT * FROM app.project WHERE PROJECT;
CREATE VIEW barrier.task WITH (security_barrier) AS SELECT * FROM app.task WHERE TASK;
CREATE VIEW barrier.note WITH (security_barrier) AS SELECT * FROM app.note WHERE NOTE;
CREATE VIEW barrier.bill WITH (security_barrier) AS SELECT * FROM app.bill WHERE BILL;
