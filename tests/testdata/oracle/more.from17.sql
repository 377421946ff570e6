-- What PostgreSQL 17 adds, identity columns of partitions, beside what every version has and the sample has not: a tenant that is computed when a row is
-- stored, a unique constraint for which NULL is a value, and a table without a log.

CREATE TABLE app.tally (
    id     int GENERATED ALWAYS AS IDENTITY,
    org_id text NOT NULL,
    kind   text NOT NULL,
    PRIMARY KEY (id, kind)
) PARTITION BY LIST (kind);
CREATE TABLE app.tally_a PARTITION OF app.tally FOR VALUES IN ('a');
CREATE TABLE app.tally_other PARTITION OF app.tally DEFAULT;
INSERT INTO app.tally (org_id, kind) SELECT (ARRAY['acme', 'globex'])[1 + n % 2], (ARRAY['a', 'b', 'c'])[1 + n % 3] FROM generate_series(1, 30) n;

CREATE UNLOGGED TABLE app.badge (
    code   text PRIMARY KEY,
    serial int,
    org_id text GENERATED ALWAYS AS (split_part(code, '/', 1)) STORED,
    UNIQUE NULLS NOT DISTINCT (serial)
);
INSERT INTO app.badge SELECT (ARRAY['acme', 'globex'])[1 + n % 2] || '/' || n, nullif(n, 9) FROM generate_series(1, 20) n;

GRANT SELECT, INSERT, UPDATE, DELETE ON app.tally, app.tally_a, app.tally_other, app.badge TO wherewall_svc;
ANALYZE;
