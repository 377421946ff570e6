-- Small tables in which everything that a predicate can depend on occurs: rows of no tenant, broken paths, withdrawn parents, NULL in
-- every column that may have it, keys of two columns, names that need quotes, partitions, and owners that are numbers.
CREATE SCHEMA w;
CREATE TYPE w.mood AS ENUM ('sad', 'ok', 'happy');
CREATE DOMAIN w.level AS int CHECK (VALUE < 100);
CREATE TABLE w.project (id int PRIMARY KEY, org text, owner text, amount numeric, gone bool, tags text[]);
CREATE TABLE w.task (id int PRIMARY KEY, project_id int, title text, assignee text, level w.level, day date, mood w.mood, info jsonb);
CREATE TABLE w.note (id int PRIMARY KEY, task_id int, body text, author int);
CREATE TABLE w.label (id int PRIMARY KEY, org text, name text);
CREATE TABLE w.part (key int, b text, org text, size int, PRIMARY KEY (key, b));
CREATE TABLE w.piece (id int PRIMARY KEY, part_a int, part_b text);
CREATE TABLE w.member (task_id int, who text, since date);
CREATE TABLE w."Order" ("select" int, "org id" char(6), "when" text, PRIMARY KEY ("select", "when")) PARTITION BY LIST ("when");
CREATE TABLE w."Order 1" PARTITION OF w."Order" FOR VALUES IN ('now');
CREATE TABLE w."Order 2" PARTITION OF w."Order" DEFAULT;
CREATE TABLE w.stock (id uuid PRIMARY KEY, amount int, project_id int);

INSERT INTO w.project SELECT n, (ARRAY['acme', 'sub', 'globex', NULL])[1 + n % 4], (ARRAY['kim', 'lee', NULL])[1 + n % 3], n * 10,
	(ARRAY[NULL, false, false, true, false])[1 + n % 5], (ARRAY['{}', '{a}', '{a,b}', NULL, '{b,NULL}']::text[])[1 + n % 5]::text[] FROM generate_series(1, 24) n;
INSERT INTO w.task SELECT n, nullif(n % 27, 0), (ARRAY['a', 'A', '', NULL, 'a_b%'])[1 + n % 5], (ARRAY['kim', 'lee', 'max', NULL])[1 + n / 3 % 4],
	nullif(n % 7, 0), date '2026-01-01' + n, (ARRAY['sad', 'ok', 'happy', NULL]::w.mood[])[1 + n % 4], (ARRAY['{"k": "v"}', '{"k": 1}', NULL, '{}']::jsonb[])[1 + n % 4]
	FROM generate_series(1, 90) n;
INSERT INTO w.note SELECT n, n % 100, 'note ' || n, (ARRAY[7, 8, NULL])[1 + n % 3] FROM generate_series(1, 120) n;
INSERT INTO w.label SELECT n, (ARRAY['acme', 'sub', 'globex', NULL])[1 + n % 4], 'l' || n % 5 FROM generate_series(1, 20) n;
INSERT INTO w.part SELECT n, (ARRAY['x', 'y'])[1 + n % 2], (ARRAY['acme', 'sub', 'globex'])[1 + n / 2 % 3], n FROM generate_series(1, 20) n;
INSERT INTO w.piece SELECT n, n % 22, (ARRAY['x', 'y'])[1 + n % 2] FROM generate_series(1, 40) n;
INSERT INTO w.member SELECT n % 90, (ARRAY['kim', 'lee', 'max'])[1 + n % 3], date '2026-01-01' + n FROM generate_series(1, 60) n;
INSERT INTO w."Order" SELECT n, (ARRAY['acme', 'sub', 'globex'])[1 + n % 3], (ARRAY['now', 'later', 'never'])[1 + n / 3 % 3] FROM generate_series(1, 30) n;
INSERT INTO w.stock SELECT md5(n::text)::uuid, n, n % 26 FROM generate_series(1, 40) n;

DO $$ BEGIN
	IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'wherewall_svc') THEN CREATE ROLE wherewall_svc LOGIN; END IF;
END $$;
GRANT USAGE ON SCHEMA w TO wherewall_svc;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA w TO wherewall_svc;
