-- What the sample does not have and real schemas do: partitions, names that need quotes, a tenant column that may be NULL,
-- generated and identity columns, a domain, and a trigger that rewrites the tenant of a new row.

CREATE DOMAIN app.grade AS int CHECK (VALUE BETWEEN 1 AND 6);

CREATE TABLE app.event (
    id     bigint NOT NULL,
    org_id text NOT NULL,
    kind   text NOT NULL,
    at     timestamptz NOT NULL,
    PRIMARY KEY (id, kind)
) PARTITION BY LIST (kind);
CREATE TABLE app.event_login PARTITION OF app.event FOR VALUES IN ('login');
CREATE TABLE app.event_other PARTITION OF app.event DEFAULT;
INSERT INTO app.event
SELECT n, (ARRAY['acme', 'globex', 'initech'])[1 + n % 3], (ARRAY['login', 'export', 'invite'])[1 + n % 5 % 3], '2026-05-01 00:00+00'::timestamptz + n * interval '1 hour'
FROM generate_series(1, 90) n;

CREATE TABLE app."Order Line" (
    "Nr"      int PRIMARY KEY,
    "select"  text NOT NULL,
    "Größe"   numeric,
    "org id"  text NOT NULL
);
INSERT INTO app."Order Line" SELECT n, 'line ' || n, n / 4.0, (ARRAY['acme', 'globex'])[1 + n % 2] FROM generate_series(1, 20) n;

CREATE TABLE app.note (
    id     int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    org_id text,
    body   text NOT NULL,
    grade  app.grade,
    size   int GENERATED ALWAYS AS (length(body)) STORED
);
CREATE FUNCTION app.note_tenant() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.body LIKE 'hijack%' THEN NEW.org_id := 'globex'; END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER note_tenant BEFORE INSERT OR UPDATE ON app.note FOR EACH ROW EXECUTE FUNCTION app.note_tenant();
INSERT INTO app.note (org_id, body, grade)
SELECT (ARRAY['acme', 'globex', NULL])[1 + n % 3], 'note ' || n, 1 + n % 6 FROM generate_series(1, 30) n;

-- Nobody is given this one: it must look as if it were not there.
CREATE TABLE app.hidden (id int PRIMARY KEY, org_id text);
INSERT INTO app.hidden VALUES (1, 'acme');

GRANT SELECT, INSERT, UPDATE, DELETE ON app.event, app.event_login, app.event_other, app."Order Line", app.note, app.hidden TO wherewall_svc;
ANALYZE;
