-- Everything that a filtered session must not learn from catalogs has this mark, or one of two numbers: 54321 rows, position 987654321.
CREATE SCHEMA zqmark_schema;
CREATE TYPE app.zqmark_kind AS ENUM ('zqmark label one', 'zqmark label two');
CREATE TYPE app.zqmark_pair AS (zqmark_left int, zqmark_right app.zqmark_kind);
CREATE DOMAIN app.zqmark_domain AS text DEFAULT 'zqmark domain' CHECK (VALUE <> 'zqmark check of a domain');
CREATE TYPE app.zqmark_range AS RANGE (subtype = float8, multirange_type_name = app.zqmark_multirange);
CREATE COLLATION app.zqmark_collation FROM "C";
CREATE FUNCTION app.zqmark_code(zqmark_argument int DEFAULT 1) RETURNS int LANGUAGE sql IMMUTABLE SET work_mem = '1MB' AS 'SELECT 1 /* zqmark source */';
CREATE FUNCTION app.zqmark_trigger() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE NOTICE 'zqmark'; RETURN NEW; END $$;
CREATE PROCEDURE app.zqmark_procedure() LANGUAGE sql AS 'SELECT 2 /* zqmark */';
CREATE AGGREGATE app.zqmark_sum (int) (sfunc = int4pl, stype = int, initcond = '0');
CREATE OPERATOR app.@@@@ (leftarg = int, rightarg = int, function = int4eq);
CREATE TEXT SEARCH CONFIGURATION app.zqmark_search (copy = simple);
CREATE TEXT SEARCH DICTIONARY app.zqmark_dictionary (template = simple, stopwords = english);
CREATE CAST (app.zqmark_pair AS text) WITH INOUT;

-- A table that nobody is given.
CREATE TABLE app.zqmark_table (
    zqmark_id serial PRIMARY KEY, kind app.zqmark_kind DEFAULT 'zqmark label one', body text COLLATE app.zqmark_collation DEFAULT 'zqmark default',
    CONSTRAINT zqmark_check CHECK (body <> 'zqmark check')
);
INSERT INTO app.zqmark_table (body) SELECT 'zqmark row ' || n % 5 FROM generate_series(1, 54321) n;
SELECT setval('app.zqmark_table_zqmark_id_seq', 987654321);
CREATE INDEX zqmark_index ON app.zqmark_table (lower(body)) WHERE body <> 'zqmark predicate';
CREATE STATISTICS app.zqmark_statistics ON zqmark_id, body FROM app.zqmark_table;
CREATE TRIGGER zqmark_fires BEFORE UPDATE ON app.zqmark_table FOR EACH ROW WHEN (NEW.body <> 'zqmark condition') EXECUTE FUNCTION app.zqmark_trigger('zqmark argument');
CREATE RULE zqmark_rule AS ON DELETE TO app.zqmark_table DO INSTEAD NOTHING;
ALTER TABLE app.zqmark_table ENABLE ROW LEVEL SECURITY;
CREATE POLICY zqmark_policy ON app.zqmark_table USING (body = 'zqmark policy');
COMMENT ON TABLE app.zqmark_table IS 'zqmark comment';
CREATE VIEW app.zqmark_view AS SELECT *, 'zqmark view'::text AS zqmark_text FROM app.zqmark_table;
CREATE MATERIALIZED VIEW app.zqmark_stored AS SELECT 'zqmark stored'::text AS zqmark_text;

-- A table of which some columns are shown, and what touches the others.
CREATE TABLE app.part (
    id serial PRIMARY KEY, org_id text NOT NULL, name text DEFAULT 'open default' CONSTRAINT part_open CHECK (name <> 'open check'),
    zqmark_secret text DEFAULT 'zqmark secret default', zqmark_kind app.zqmark_kind, zqmark_serial serial,
    zqmark_made text GENERATED ALWAYS AS ('zqmark made of ' || name) STORED, zqmark_domain app.zqmark_domain,
    CONSTRAINT zqmark_of_secret CHECK (zqmark_secret <> 'zqmark'), CONSTRAINT zqmark_of_both CHECK (name <> zqmark_secret),
    CONSTRAINT zqmark_of_row CHECK ((part.*) IS NOT NULL OR name <> 'zqmark row') NO INHERIT,
    CONSTRAINT zqmark_calls CHECK (app.zqmark_code(id) > 0 OR name <> 'zqmark called'), CONSTRAINT zqmark_unique UNIQUE (org_id, zqmark_secret)
);
CREATE TABLE app.zqmark_child (note text DEFAULT 'zqmark') INHERITS (app.part);
CREATE INDEX part_name ON app.part (name) WHERE name <> 'open predicate';
CREATE INDEX zqmark_on_secret ON app.part (zqmark_secret);
CREATE INDEX zqmark_expression ON app.part ((name || zqmark_secret));
CREATE INDEX zqmark_predicate ON app.part (id) WHERE zqmark_secret <> 'zqmark';
CREATE INDEX zqmark_calling ON app.part (app.zqmark_code(id));
CREATE TRIGGER part_fires BEFORE UPDATE ON app.part FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger();
CREATE TRIGGER zqmark_calls BEFORE UPDATE ON app.part FOR EACH ROW WHEN (NEW.name <> 'zqmark condition') EXECUTE FUNCTION app.zqmark_trigger('zqmark argument');
CREATE TRIGGER zqmark_of_secret BEFORE UPDATE OF zqmark_secret ON app.part FOR EACH ROW EXECUTE FUNCTION app.zqmark_trigger();
CREATE TRIGGER zqmark_when BEFORE UPDATE ON app.part FOR EACH ROW WHEN (NEW.zqmark_secret IS NULL) EXECUTE FUNCTION app.zqmark_trigger();
COMMENT ON COLUMN app.part.zqmark_secret IS 'zqmark comment';
COMMENT ON COLUMN app.part.name IS 'open comment';
COMMENT ON CONSTRAINT zqmark_of_secret ON app.part IS 'zqmark comment';
COMMENT ON FUNCTION app.zqmark_code(int) IS 'zqmark comment';
COMMENT ON TYPE app.zqmark_kind IS 'zqmark comment';
COMMENT ON TRIGGER zqmark_when ON app.part IS 'zqmark comment';
INSERT INTO app.part (org_id, name, zqmark_secret, zqmark_domain) SELECT 'acme', 'zqmark common ' || n % 3, 'zqmark most common ' || n, 'zqmark' FROM generate_series(1, 300) n;
ALTER TABLE app.zqmark_table ADD zqmark_part int REFERENCES app.part, ADD zqmark_added text DEFAULT 'zqmark missing value';
ALTER TABLE app.part ADD other int CONSTRAINT zqmark_refers REFERENCES app.zqmark_table, ADD UNIQUE (id, org_id);

-- A partitioned table whose parts are called, and bounded, like tenants.
CREATE TABLE app.parted (org_id text NOT NULL, id int NOT NULL, body text, PRIMARY KEY (org_id, id)) PARTITION BY LIST (org_id);
CREATE TABLE app.parted_zqmark PARTITION OF app.parted FOR VALUES IN ('zqmark tenant');
CREATE TABLE app.parted_rest PARTITION OF app.parted DEFAULT;
CREATE TABLE app.keyed (org_id text NOT NULL, id int, zqmark_key text) PARTITION BY LIST ((zqmark_key || org_id));
CREATE TABLE app.keyed_zqmark PARTITION OF app.keyed FOR VALUES IN ('zqmark bound');

CREATE VIEW app.part_view AS SELECT id, org_id, name FROM app.part WHERE zqmark_secret <> 'zqmark in a view';
CREATE FOREIGN DATA WRAPPER zqmark_wrapper OPTIONS (zqmark_option 'zqmark');
CREATE SERVER zqmark_server FOREIGN DATA WRAPPER zqmark_wrapper OPTIONS (zqmark_option 'zqmark');
CREATE USER MAPPING FOR wherewall_svc SERVER zqmark_server OPTIONS (password 'zqmark');
CREATE PUBLICATION zqmark_publication FOR TABLE app.zqmark_table WHERE (zqmark_id > 0);
SELECT lo_create(0);
ALTER DEFAULT PRIVILEGES IN SCHEMA zqmark_schema GRANT SELECT ON TABLES TO wherewall_svc;
GRANT SELECT ON ALL TABLES IN SCHEMA app TO wherewall_svc;
GRANT USAGE ON SCHEMA zqmark_schema TO wherewall_svc;
CREATE FUNCTION app.zqmark_event() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';
ANALYZE;
CREATE EVENT TRIGGER zqmark_event ON ddl_command_end EXECUTE FUNCTION app.zqmark_event();
