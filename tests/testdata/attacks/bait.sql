-- Marks every row with whose it is, as bait.TENANT.TABLE.OWNER, so that an answer shows by itself whether it says too much.
SET session_replication_role = replica;
UPDATE app.org SET name = name || ' bait.' || id || '.org.all';
UPDATE app.member SET full_name = full_name || ' bait.' || org_id || '.member.' || username;
UPDATE app.project SET name = name || ' bait.' || org_id || '.project.' || owner_id;
UPDATE app.task t SET title = title || ' bait.' || p.org_id || '.task.' || coalesce(assignee_id, 'all') FROM app.project p WHERE p.id = t.project_id;
UPDATE app.comment c SET body = c.body || ' bait.' || p.org_id || '.comment.' || author_id
FROM app.task t JOIN app.project p ON p.id = t.project_id WHERE t.id = c.task_id;
UPDATE billing.invoice SET customer = customer || ' bait.' || org_id || '.invoice.' || created_by;
UPDATE app."Order Line" SET "select" = "select" || ' bait.' || "org id" || '.order_line.all';
UPDATE app.note SET body = body || ' bait.' || coalesce(org_id, 'nobody') || '.note.all';
INSERT INTO app.audit_log (who, what) SELECT 'system', jsonb_build_object('secret', 'bait.nobody.audit_log.all') FROM generate_series(1, 3);
UPDATE app.hidden SET org_id = 'bait.nobody.hidden.all';

-- Rows whose numbers the cases know: kim's comment on a task of acme, and one of a stranger.
INSERT INTO app.comment (id, task_id, author_id, body) VALUES
    ('00000000-0000-4000-8000-000000000001', 3, 'kim', 'own bait.acme.comment.kim'),
    ('00000000-0000-4000-8000-000000000002', 679, 'kim', 'foreign bait.globex.comment.kim'),
    ('00000000-0000-4000-8000-000000000003', 3, 'lee', 'other bait.acme.comment.lee');
INSERT INTO billing.invoice (id, org_id, number, customer, amount, created_by) VALUES
    (9001, 'acme', 'A-1', 'own bait.acme.invoice.bea', 10, 'bea'), (9002, 'acme', 'A-2', 'other bait.acme.invoice.lee', 10, 'lee'),
    (9003, 'globex', 'G-1', 'foreign bait.globex.invoice.bea', 10, 'bea'), (9004, 'initech', 'I-1', 'own bait.initech.invoice.pat', 10, 'pat');


-- What real databases have beside tables. Columns that not everybody sees, and a child with more of them:
CREATE TABLE app.vault (
    id int PRIMARY KEY, org_id text NOT NULL, label text, secret text DEFAULT 'bait.nobody.vault_secret.all', pin text, amount numeric,
    code text UNIQUE DEFERRABLE INITIALLY DEFERRED, rank int UNIQUE
);
CREATE TABLE app.vault_old (PRIMARY KEY (id), legacy text) INHERITS (app.vault);
INSERT INTO app.vault SELECT n, o, 'box ' || n || ' bait.' || o || '.vault.all', 'bait.' || o || '.vault_secret.all', 'bait.' || o || '.vault_pin.all', n * 10, 'code ' || n, n
FROM generate_series(1, 24) n, LATERAL (SELECT (ARRAY['acme', 'globex', 'initech'])[1 + n % 3] AS o) x;
INSERT INTO app.vault_old SELECT n, o, 'old box bait.' || o || '.vault.all', 'bait.' || o || '.vault_secret.all', 'bait.' || o || '.vault_pin.all', n * 10, NULL, NULL, 'bait.' || o || '.vault_legacy.all'
FROM generate_series(101, 112) n, LATERAL (SELECT (ARRAY['acme', 'globex', 'initech'])[1 + n % 3] AS o) x;

-- A table in parts, one for each tenant:
CREATE TABLE app.ledger (id int, org_id text, body text NOT NULL, PRIMARY KEY (id, org_id)) PARTITION BY LIST (org_id);
CREATE TABLE app.ledger_acme PARTITION OF app.ledger FOR VALUES IN ('acme');
CREATE TABLE app.ledger_globex PARTITION OF app.ledger FOR VALUES IN ('globex');
CREATE TABLE app.ledger_rest PARTITION OF app.ledger DEFAULT;
INSERT INTO app.ledger SELECT n, o, 'entry bait.' || o || '.ledger.all'
FROM generate_series(1, 30) n, LATERAL (SELECT (ARRAY['acme', 'globex', 'initech'])[1 + n % 3] AS o) x;

-- A tenant that the database makes of another column, and one that has a default:
CREATE TABLE app.parcel (id int PRIMARY KEY, label text NOT NULL, org_id text GENERATED ALWAYS AS (split_part(label, ':', 1)) STORED, body text);
INSERT INTO app.parcel (id, label, body) SELECT n, o || ':' || n, 'bait.' || o || '.parcel.all'
FROM generate_series(1, 12) n, LATERAL (SELECT (ARRAY['acme', 'globex', 'initech'])[1 + n % 3] AS o) x;
CREATE TABLE app.ticket (id int PRIMARY KEY, org_id text NOT NULL DEFAULT 'globex', up int REFERENCES app.ticket ON DELETE CASCADE, body text);
INSERT INTO app.ticket SELECT n, o, CASE WHEN n > 3 THEN n - 3 END, 'bait.' || o || '.ticket.all'
FROM generate_series(1, 12) n, LATERAL (SELECT (ARRAY['acme', 'globex', 'initech'])[1 + n % 3] AS o) x;

-- A table whose tenant not everybody may name:
CREATE TABLE app.crate (id int PRIMARY KEY, org_id text NOT NULL, body text);
INSERT INTO app.crate SELECT n, o, 'bait.' || o || '.crate.all' FROM generate_series(1, 36) n, LATERAL (SELECT (ARRAY['acme', 'globex', 'initech'])[1 + n % 3] AS o) x;

-- A table with a column of a domain:
CREATE TABLE app.report (id int PRIMARY KEY, org_id text NOT NULL, grade app.grade);

-- Rows of others that make a condition fail which is true of the own ones, with a tenant in a column, over a path and shared with everybody:
CREATE TABLE app.trap (id int PRIMARY KEY, org_id text, project_id bigint, ref text, j jsonb, pat text, x int, zero numeric, born text, body text);
INSERT INTO app.trap
SELECT n, p.org_id, p.id, CASE WHEN p.org_id = 'acme' THEN '1' ELSE 'bait.' || p.org_id || '.trap_ref.all' END, CASE WHEN p.org_id = 'acme' THEN 'true' ELSE '"x"' END::jsonb,
       CASE WHEN p.org_id = 'acme' THEN 'o' ELSE '(' END, CASE WHEN p.org_id = 'acme' THEN 1 ELSE 100 END, CASE WHEN p.org_id = 'acme' THEN 1 ELSE 0 END,
       CASE WHEN p.org_id = 'acme' THEN '2026-01-01' ELSE 'never' END, 'bait.' || p.org_id || '.trap.all'
FROM generate_series(1, 240) n JOIN app.project p ON p.id = 1 + n % 24;
CREATE INDEX ON app.trap (ref);
CREATE INDEX ON app.trap (x);
CREATE TABLE app.trap_path AS SELECT * FROM app.trap;
ALTER TABLE app.trap_path ADD PRIMARY KEY (id);
CREATE INDEX ON app.trap_path (ref);
CREATE TABLE app.trap_shared AS SELECT id, nullif(org_id, 'nobody') AS org_id, project_id, ref, j, pat, x, zero, born, body FROM app.trap;
ALTER TABLE app.trap_shared ADD PRIMARY KEY (id);
CREATE VIEW app.trap_view AS SELECT id, org_id, ref, j, pat, x, zero, born, body FROM app.trap;

-- Views and what is stored of them, with and without an entity, a table with a rule, a foreign table, types, functions and operators:
CREATE VIEW app.all_project AS SELECT * FROM app.project;
CREATE VIEW app.own_project AS SELECT id, org_id, name FROM app.project;
CREATE VIEW app.open_task AS SELECT t.id, t.title, p.name AS project, p.org_id FROM app.task t JOIN app.project p ON p.id = t.project_id WHERE t.status <> 'done';
CREATE MATERIALIZED VIEW app.stored_project AS SELECT * FROM app.project;
CREATE MATERIALIZED VIEW app.total AS SELECT org_id, count(*) AS projects, max(name) AS last FROM app.project GROUP BY org_id;
CREATE TABLE app.ruled (id int PRIMARY KEY, org_id text);
CREATE RULE ruled AS ON UPDATE TO app.ruled DO ALSO DELETE FROM app.note;
INSERT INTO app.ruled VALUES (1, 'acme');
CREATE FOREIGN DATA WRAPPER nowhere;
CREATE SERVER nowhere FOREIGN DATA WRAPPER nowhere;
CREATE FOREIGN TABLE app.elsewhere (id int, org_id text) SERVER nowhere;
CREATE FUNCTION app.peek(text) RETURNS text LANGUAGE sql STABLE AS $$ SELECT max(what ->> 'secret') FROM app.audit_log WHERE $1 IS NOT NULL $$;
CREATE FUNCTION app.peek(app.project) RETURNS text LANGUAGE sql STABLE AS $$ SELECT max(what ->> 'secret') FROM app.audit_log $$;
CREATE FUNCTION app.tell(text) RETURNS bool LANGUAGE plpgsql COST 0.0001 AS $$ BEGIN RAISE NOTICE '%', $1; RETURN true; END $$;
CREATE FUNCTION app.collect(text, text) RETURNS text LANGUAGE sql AS $$ SELECT max(what ->> 'secret') FROM app.audit_log $$;
CREATE AGGREGATE app.collected(text) (SFUNC = app.collect, STYPE = text);
CREATE FUNCTION app.same(text, text) RETURNS bool LANGUAGE plpgsql AS $$ BEGIN RAISE NOTICE '%', $1; RETURN true; END $$;
CREATE OPERATOR app.=== (LEFTARG = text, RIGHTARG = text, FUNCTION = app.same);
CREATE DOMAIN app.tattle AS text CHECK (app.tell(VALUE));
CREATE TYPE app.pair AS (a text, b app.tattle);

-- Triggers that talk, with what the client may not know in every field that they can fill:
CREATE FUNCTION app.chatter() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE everything text;
BEGIN
    SELECT max(what ->> 'secret') INTO everything FROM app.audit_log;
    RAISE NOTICE '%', everything;
    RAISE WARNING '%', everything USING DETAIL = everything, HINT = everything;
    RAISE INFO '%', everything;
    IF NEW.body LIKE 'divide%' THEN
        EXECUTE format('SELECT 1 / 0 AS %I', everything);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER chatter AFTER INSERT OR UPDATE ON app.ledger FOR EACH ROW EXECUTE FUNCTION app.chatter();
CREATE FUNCTION app.late() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.body LIKE 'late%' THEN
        PERFORM format('%s', (SELECT max(what ->> 'secret') FROM app.audit_log)), 1 / (SELECT count(*) - 3 FROM app.audit_log WHERE what ->> 'secret' <> '');
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER late AFTER INSERT OR UPDATE ON app.ticket DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION app.late();

-- A table whose columns hold names of others:
CREATE DOMAIN app.table_name AS regclass;
CREATE TYPE app.place AS (number int, via app.table_name);
CREATE TABLE app.pointer (id int PRIMARY KEY, org_id text NOT NULL, about regclass DEFAULT 'app.task', kinds regtype[], via app.table_name, places app.place[]);
INSERT INTO app.pointer SELECT n, o, 'app.task', '{int4}', 'app.task', ARRAY[ROW(1, 'app.task')::app.place] FROM generate_series(1, 4) n, LATERAL (SELECT (ARRAY['acme', 'globex'])[1 + n % 2]) AS t(o);

-- No right of the service login is to hold an attack back: whatever is withheld is withheld by Wherewall.
GRANT SELECT, INSERT, UPDATE, DELETE, TRUNCATE ON ALL TABLES IN SCHEMA app, billing TO wherewall_svc;
GRANT ALL ON ALL SEQUENCES IN SCHEMA app, billing TO wherewall_svc;
GRANT CREATE, TEMP ON DATABASE attacks TO wherewall_svc;
ANALYZE;

-- A comment on what nobody sees:
COMMENT ON TABLE app.audit_log IS 'bait.nobody.comment.none';

-- What the catalogs tell of hidden objects, and a table that is called like one of them:
COMMENT ON COLUMN app.vault.secret IS 'bait.nobody.comment.all';
COMMENT ON TABLE app.audit_log IS 'bait.nobody.comment.all';
CREATE TYPE app.secret_kind AS ENUM ('bait.nobody.label.all');
CREATE TABLE app.pg_class (relname text);
INSERT INTO app.pg_class VALUES ('bait.nobody.shadow.all');
ANALYZE;
