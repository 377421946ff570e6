-- What PostgreSQL 18 adds: columns computed when they are read, keys without overlaps, temporal foreign keys, and NOT NULL that old rows break.

CREATE TABLE app.reading (
    id      int PRIMARY KEY,
    code    text NOT NULL,
    amount  int,
    org_id  text GENERATED ALWAYS AS (split_part(code, '/', 1)) VIRTUAL,
    inverse int GENERATED ALWAYS AS (100 / amount) VIRTUAL
);
-- Only other tenants have a row whose column cannot be computed.
INSERT INTO app.reading
SELECT n, (ARRAY['acme', 'globex', 'initech'])[1 + n % 3] || '/' || n, CASE WHEN n % 3 = 0 THEN n ELSE n % 2 END FROM generate_series(1, 60) n;

CREATE TABLE app.stay (
    room   int4range NOT NULL,
    during daterange NOT NULL,
    org_id text,
    PRIMARY KEY (room, during WITHOUT OVERLAPS)
);
INSERT INTO app.stay
SELECT int4range(n, n + 1), daterange('2026-01-01'::date + n, '2026-01-01'::date + n + 9), (ARRAY['acme', 'globex', NULL])[1 + n % 3]
FROM generate_series(1, 30) n;
ALTER TABLE app.stay ADD CONSTRAINT tenant NOT NULL org_id NOT VALID;

CREATE TABLE app.visit (
    id     int PRIMARY KEY,
    room   int4range NOT NULL,
    during daterange NOT NULL,
    org_id text NOT NULL,
    FOREIGN KEY (room, PERIOD during) REFERENCES app.stay (room, PERIOD during)
);
INSERT INTO app.visit
SELECT n, int4range(n, n + 1), daterange('2026-01-01'::date + n, '2026-01-01'::date + n + 2), (ARRAY['globex', 'acme'])[1 + n % 2] FROM generate_series(1, 30) n;

GRANT SELECT, INSERT, UPDATE, DELETE ON app.reading, app.stay, app.visit TO wherewall_svc;
ANALYZE;
