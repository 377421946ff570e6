package tests

import (
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestTemporaryTablesWorkAsInPostgreSQL says the same to Wherewall and to a database that has nothing but temporary tables and one that is mapped.
func TestTemporaryTablesWorkAsInPostgreSQL(t *testing.T) {
	t.Parallel()
	p := newNeedsProxy(t, "temporary")
	c, direct := dial(t, p.dsn("nia")), dial(t, pg.adminDSN("temporary"))
	require.Empty(t, direct.query(t, "SET search_path = app").code())
	for _, sql := range []string{
		`CREATE TEMPORARY TABLE x (id int PRIMARY KEY, name text DEFAULT 'none' CHECK (name <> ''), at date DEFAULT '2026-01-01', n numeric(10,2) NOT NULL DEFAULT 1.5, tags text[]) ON COMMIT PRESERVE ROWS`,
		`INSERT INTO x (id, name) VALUES (1, 'a'), (2, 'b'), (3, DEFAULT) RETURNING id, name, n`, `INSERT INTO x (id) VALUES (1)`,
		`INSERT INTO x (id, name) VALUES (1, 'c') ON CONFLICT (id) DO UPDATE SET name = excluded.name || x.name RETURNING x.*, 1 AS at`,
		`INSERT INTO x (id, name) VALUES (9, '')`, `UPDATE x SET name = upper(name), n = n * 2 WHERE id < 3 RETURNING id, name, n`, `DELETE FROM x WHERE id = 3 RETURNING id`,
		`SELECT id, name, n, tags FROM x ORDER BY id`, `SELECT x.id, y.name FROM x JOIN x AS y USING (id) ORDER BY 1`, `TABLE pg_temp.x LIMIT 0`, `SELECT (SELECT max(id) FROM x), count(*) FROM x`,
		`CREATE INDEX ON x (lower(name))`, `CREATE UNIQUE INDEX x_name ON x (name) WHERE id > 1`, `ANALYZE x`, `SELECT count(*) FROM x WHERE 1/(id-5) < 1`,
		`CREATE TEMP TABLE x (id int)`, `CREATE TEMP TABLE IF NOT EXISTS x (id int)`, `SELECT nothing FROM x`, `SELECT * FROM nowhere`, `DROP TABLE nowhere`, `DROP TABLE IF EXISTS nowhere`,
		`CREATE TEMP TABLE "#Tableau_1_Connect" (id INTEGER, "Mixed Case" varchar(20)) ON COMMIT PRESERVE ROWS`, `INSERT INTO "#Tableau_1_Connect" VALUES (1, 'x')`,
		`SELECT "Mixed Case" FROM "#Tableau_1_Connect"`, `DROP TABLE "#Tableau_1_Connect"`,
		`CREATE TEMP TABLE made AS SELECT id, name FROM x`, `SELECT * FROM made ORDER BY 1`, `SELECT id AS k INTO TEMPORARY TABLE into_x FROM x`, `SELECT * FROM into_x ORDER BY 1`,
		`CREATE TEMP TABLE named (a, b) AS VALUES (1, 'x'), (2, 'y')`, `SELECT a, b FROM named`, `CREATE TEMP TABLE empty AS SELECT 1 AS a WITH NO DATA`, `SELECT * FROM empty`,
		`CREATE TEMP TABLE s (id serial PRIMARY KEY, g int GENERATED ALWAYS AS IDENTITY, d int GENERATED ALWAYS AS (1 + 1) STORED, v text)`,
		`INSERT INTO s (v) VALUES ('a'), ('b') RETURNING *`, `TRUNCATE s`, `SELECT count(*) FROM s`, `TRUNCATE TABLE s RESTART IDENTITY`,
		`WITH moved AS (DELETE FROM x RETURNING id, name) INSERT INTO made SELECT * FROM moved RETURNING id`, `COPY (SELECT * FROM made ORDER BY 1) TO STDOUT`,
		`BEGIN`, `CREATE TEMP TABLE gone (a int) ON COMMIT DROP`, `INSERT INTO gone VALUES (1)`, `SELECT * FROM gone`, `COMMIT`, `SELECT * FROM gone`,
		`BEGIN`, `CREATE TEMP TABLE undone (a int)`, `ROLLBACK`, `SELECT * FROM undone`, `PREPARE q AS SELECT count(*) FROM made`, `EXECUTE q`, `DROP TABLE made`, `EXECUTE q`,
		`CREATE TEMP TABLE c (i int PRIMARY KEY, t text, g int GENERATED ALWAYS AS (i + 1) STORED)`, `COPY c (i, t) FROM STDIN`, `TABLE c ORDER BY 1`, `COPY c TO STDOUT`,
		`COPY c (t, i) TO STDOUT (FORMAT csv, HEADER)`, `COPY pg_temp.c (i, nothing) TO STDOUT`, `COPY c (i, t) FROM STDIN (FORMAT csv, FORCE_NULL (t)) WHERE i > 1`,
		`COPY c FROM STDIN`, `COPY c (g) FROM STDIN`, `COPY nowhere FROM STDIN`, `COPY nowhere TO STDOUT`, `COPY c (i) FROM STDIN WHERE (SELECT true)`,
		`MERGE INTO c USING (VALUES (1, 'one'), (9, 'nine')) v(k, w) ON i = k WHEN MATCHED AND t <> w THEN UPDATE SET t = w WHEN NOT MATCHED THEN INSERT (i, t) VALUES (k, w)`,
		`MERGE INTO c AS target USING c AS other ON target.i = other.i + 1 WHEN MATCHED THEN DELETE WHEN NOT MATCHED THEN DO NOTHING`, `TABLE c ORDER BY 1`,
		`MERGE INTO c USING (SELECT 1) v(k) ON nothing = k WHEN MATCHED THEN DELETE`, `MERGE INTO nowhere USING c ON true WHEN MATCHED THEN DELETE`,
		`CREATE TEMP TABLE l (LIKE c INCLUDING ALL, more text)`, `INSERT INTO l (i, t) VALUES (1, 'x') RETURNING *`, `INSERT INTO l (i) VALUES (1)`, `CREATE TEMP TABLE l2 (LIKE nowhere)`,
		`ALTER TABLE l ADD COLUMN n numeric(5,1) NOT NULL DEFAULT 1.5 CHECK (n > 0), ADD s serial`, `TABLE l`, `ALTER TABLE l DROP COLUMN more`, `ALTER TABLE l DROP more`,
		`ALTER TABLE IF EXISTS l DROP COLUMN IF EXISTS more, ALTER t TYPE varchar(3) USING left(upper(t), 3), ALTER n SET DEFAULT 7, ALTER n DROP NOT NULL`, `INSERT INTO l (i, t) VALUES (2, 'abcd')`,
		`ALTER TABLE l RENAME COLUMN n TO "New Name"`, `ALTER TABLE l RENAME s TO z`, `ALTER TABLE l RENAME TO renamed`, `TABLE renamed`, `SELECT n FROM renamed`, `TABLE l`,
		`ALTER TABLE renamed ADD CONSTRAINT few CHECK (i < 10)`, `INSERT INTO renamed (i) VALUES (11)`, `ALTER TABLE renamed RENAME CONSTRAINT few TO some`, `ALTER TABLE renamed DROP CONSTRAINT some`,
		`INSERT INTO renamed (i) VALUES (11) RETURNING i, "New Name"`, `ALTER TABLE renamed ALTER t SET NOT NULL`, `ALTER TABLE renamed ADD UNIQUE (z), ADD PRIMARY KEY (i)`, `ALTER TABLE nowhere ADD a int`,
		`ALTER TABLE IF EXISTS nowhere ADD a int`, `ALTER TABLE nowhere RENAME TO elsewhere`, `ALTER TABLE IF EXISTS nowhere RENAME a TO b`, `ALTER TABLE renamed ALTER t TYPE int USING length(t)`,
		`CREATE TEMP TABLE a (i int); INSERT INTO a VALUES (1); SELECT * FROM a`, `DISCARD TEMP`, `SELECT * FROM x`, `DISCARD ALL`,
	} {
		const rows = "1,a\n2,\n"
		data := rows
		if !strings.Contains(sql, "csv") {
			data = strings.ReplaceAll(rows, ",", "\t")
		}
		want, got := direct.load(t, sql, data), c.load(t, sql, data)
		require.Equal(t, want.code(), got.code(), "%s: %v", sql, got.err)
		require.Equal(t, want.tags, got.tags, sql)
		require.Equal(t, want.rows, got.rows, sql)
		require.Equal(t, want.status, got.status, sql)
		if strings.HasPrefix(want.code(), "42") {
			require.Equal(t, want.err.Message, got.err.Message, sql)
		}
	}
}

// TestTemporaryTablesHoldWhatMayBeSeen fills temporary tables from mapped tables, joins the two, and moves rows back.
func TestTemporaryTablesHoldWhatMayBeSeen(t *testing.T) {
	t.Parallel()
	p := newNeedsProxy(t, "temporary_rows")
	c := dial(t, p.dsn("nia"))
	say := func(sql string) *outcome {
		o := c.query(t, sql)
		require.Nil(t, o.err, "%s: %v", sql, o.err)
		return o
	}
	visible := say("SELECT count(*), min(id), max(id) FROM task").rows
	all := pg.rows(t, "temporary_rows", "SELECT count(*)::text FROM app.task")
	say("CREATE TEMP TABLE mine AS SELECT * FROM task")
	require.Equal(t, visible, say("SELECT count(*), min(id), max(id) FROM mine").rows)
	require.NotEqual(t, `"`+all[0][0]+`"`, visible[0][0])
	say("CREATE TEMP TABLE ids (id bigint)")
	say("INSERT INTO ids SELECT generate_series(1, 5000)")
	require.Equal(t, visible, say("SELECT count(*), min(t.id), max(t.id) FROM task t JOIN ids ON ids.id = t.id").rows)
	require.Equal(t, visible[0][:1], say("SELECT count(t.id) FROM ids LEFT JOIN task t USING (id)").rows[0])
	require.Equal(t, visible[0][:1], say("SELECT count(*) FROM ids WHERE EXISTS (SELECT FROM task WHERE task.id = ids.id)").rows[0])
	require.Equal(t, visible[0][:1], say("SELECT count(*) FROM ids i, task t WHERE t.id = i.id AND 1/t.id < 2").rows[0])
	say("UPDATE ids SET id = -t.id FROM task t WHERE t.id = ids.id")
	require.Equal(t, visible[0][:1], say("SELECT count(*) FROM ids WHERE id < 0").rows[0])
	say("DELETE FROM ids USING task t WHERE t.id = -ids.id")
	require.Equal(t, `"0"`, say("SELECT count(*) FROM ids WHERE id < 0").rows[0][0])
	say("CREATE TEMP TABLE stage (LIKE task INCLUDING DEFAULTS INCLUDING INDEXES)")
	require.Equal(t, "23502", c.query(t, "INSERT INTO stage (title) VALUES (NULL)").code())
	say("MERGE INTO stage USING task t ON t.id = stage.id AND 1/(t.id - 5000) < 1 WHEN NOT MATCHED THEN INSERT VALUES (t.*)")
	require.Equal(t, visible, say("SELECT count(*), min(id), max(id) FROM stage").rows)
	require.Equal(t, "23505", c.query(t, "INSERT INTO stage SELECT * FROM stage").code())
	say("UPDATE stage SET title = 'merged'")
	say("CREATE TEMP TABLE stage_too AS SELECT id, org_id, 'merged'::text AS name, owner_id FROM project")
	say("INSERT INTO stage_too SELECT -id, org_id, 'merged', owner_id FROM stage_too")
	projects := say("SELECT count(*) FROM project").rows[0][0]
	into := "MERGE INTO project p USING stage_too s ON s.id = p.id WHEN MATCHED THEN UPDATE SET name = s.name WHEN NOT MATCHED THEN INSERT (org_id, name, owner_id) VALUES (s.org_id, s.name, s.owner_id)"
	say(into)
	require.Equal(t, [][]string{{projects, `"0"`}}, say("SELECT count(*) / 2, count(*) % 2 FROM project WHERE name = 'merged'").rows)
	say("UPDATE stage_too SET org_id = 'globex' WHERE id < 0")
	require.Equal(t, "42501", c.query(t, into).code())
	require.Equal(t, "0", pg.rows(t, "temporary_rows", "SELECT count(*)::text FROM app.project WHERE name = 'merged' AND org_id <> 'acme'")[0][0])
	require.Empty(t, c.load(t, "COPY stage (id, project_id, title) FROM STDIN", "-5\t99999\tother\n").code())
	require.Equal(t, "42501", c.query(t, "INSERT INTO task (project_id, title) SELECT project_id, title FROM stage WHERE id = -5").code())
	require.Equal(t, "42501", c.query(t, "INSERT INTO task (id, project_id, title) SELECT -1, p.id, 'x' FROM (VALUES (99999)) p(id)").code())
	require.Empty(t, c.query(t, "UPDATE task SET title = m.title FROM mine m WHERE m.id = task.id AND m.id = "+visible[0][1][1:len(visible[0][1])-1]).code())
}

// TestTemporaryTablesNeedPermission says it as a user who may not have any, and without the service login's right.
func TestTemporaryTablesNeedPermission(t *testing.T) {
	t.Parallel()
	const database = "temporary_denied"
	p := newNeedsProxy(t, database)
	c := dial(t, p.dsn("kim"))
	for sql, code := range map[string]string{
		"CREATE TEMP TABLE x (a int)": "42501", "CREATE TEMP TABLE x AS SELECT 1": "42501", "SELECT 1 INTO TEMP x": "42501", "DROP TABLE x": "42501",
		"TRUNCATE x": "42501", "ANALYZE x": "42501", "SELECT * FROM pg_temp.x": "42P01", "CREATE TABLE pg_temp.x (a int)": "42501",
	} {
		require.Equal(t, code, c.query(t, sql).code(), sql)
	}
	n := dial(t, p.dsn("nia"))
	for _, sql := range []string{"SET search_path = ''", "SELECT pg_catalog.set_config('search_path', '', false)"} {
		o := n.query(t, sql)
		require.Equal(t, "42501", o.code(), sql)
		require.Contains(t, o.err.Hint, "such as pg_dump, as a user without `allow: [temp_tables]`", sql)
	}
	for sql, code := range map[string]string{
		"CREATE TABLE x (a int)": "42501", "CREATE TABLE x AS SELECT 1": "42501", "SELECT 1 INTO x": "42501", "CREATE TABLE app.x (a int)": "42501",
		"CREATE TEMP TABLE task (a int)": "42P07", "CREATE TEMP TABLE pg_temp.task (a int)": "42P07", "CREATE TEMP TABLE ww_x (a int)": "42939", "CREATE TEMP TABLE pg_x (a int)": "42939",
		"CREATE TEMP TABLE x (a int REFERENCES app.task)": "0A000", "CREATE TEMP TABLE x (LIKE app.audit_log)": "42P01", "CREATE TEMP TABLE x () INHERITS (app.audit_log)": "0A000",
		"CREATE TEMP TABLE x (a app.audit_log)": "42704", "CREATE TEMP TABLE x (a regclass)": "42501", "CREATE TEMP TABLE x (a int DEFAULT pg_sleep(1))": "42501",
		"CREATE TEMP TABLE x (a int CHECK (pg_read_file('x') = ''))": "42501", "CREATE TEMP TABLE x PARTITION OF app.task DEFAULT": "0A000", "CREATE TEMP TABLE x (a int) TABLESPACE y": "0A000",
		"CREATE TEMP VIEW x AS SELECT * FROM app.audit_log": "42501", "CREATE TEMP SEQUENCE x": "42501", "ALTER TABLE x ADD b int": "42P01", "DROP TABLE task": "42501", "DROP TABLE app.task": "42501",
		"DROP TABLE x, app.task": "42501", "DROP VIEW x": "42501", "TRUNCATE task": "42501", "TRUNCATE x, app.task": "42501", "ANALYZE": "42501", "ANALYZE task": "42501", "VACUUM x": "42501",
		"CREATE INDEX ON task (title)": "42501", "CREATE INDEX ON app.audit_log (id)": "42501", "CREATE TEMP TABLE x AS SELECT * FROM app.audit_log": "42P01",
		"CREATE TEMP TABLE x AS EXECUTE q": "0A000", "SELECT * FROM pg_temp.ww_copy": "42P01", "SELECT * FROM pg_temp.pg_class": "42P01", "EXPLAIN CREATE TEMP TABLE x AS SELECT 1": "42501",
		"CREATE TEMP TABLE x (LIKE task INCLUDING ALL)": "0A000", "CREATE TEMP TABLE x (LIKE task INCLUDING CONSTRAINTS)": "0A000", "CREATE TEMP TABLE x (LIKE pg_class)": "42P01",
		"CREATE TEMP TABLE x (LIKE information_schema.tables)": "42P01", "CREATE TEMP TABLE x (LIKE nowhere)": "42P01", "ALTER TABLE task ADD b int": "42501", "ALTER TABLE app.audit_log ADD b int": "42501",
		"ALTER TABLE x RENAME TO task": "42P07", "ALTER TABLE x RENAME TO ww_copy": "42939", "ALTER TABLE x RENAME TO text": "42939", "ALTER TABLE x RENAME TO pg_class": "42939",
		"ALTER TABLE x RENAME a TO ww_check": "42939", "ALTER TABLE x OWNER TO CURRENT_USER": "0A000", "ALTER TABLE x SET SCHEMA app": "42501", "ALTER TABLE x ADD a regclass": "42501",
		"ALTER TABLE x ADD FOREIGN KEY (a) REFERENCES app.task": "0A000", "ALTER TABLE x INHERIT app.task": "0A000", "ALTER TABLE x DISABLE TRIGGER ALL": "0A000", "ALTER TABLE x SET TABLESPACE y": "0A000",
		"ALTER TABLE x ALTER a TYPE text USING pg_read_file(a)": "42501", "ALTER TABLE x ALTER a SET DEFAULT pg_sleep(1)": "42501", "ALTER TABLE x ALTER a TYPE int USING (SELECT max(id) FROM app.audit_log)": "42P01",
		"ALTER TABLE x ENABLE ROW LEVEL SECURITY": "0A000", "ALTER VIEW x RENAME TO y": "42501", "ALTER INDEX task_pkey RENAME TO y": "42501", "ALTER TABLE task RENAME TO y": "42501", "ALTER TABLE task RENAME id TO y": "42501",
		"COPY x TO '/tmp/x'": "42501", "COPY x FROM PROGRAM 'true'": "42501", "COPY x FROM STDIN (FREEZE)": "0A000", "COPY pg_temp.ww_copy TO STDOUT": "42P01", "COPY pg_temp.pg_class TO STDOUT": "42P01",
		"COPY app.audit_log TO STDOUT": "42P01", "COPY x FROM STDIN WHERE pg_sleep(1) IS NULL": "42501",
		"MERGE INTO x USING app.audit_log t ON false WHEN NOT MATCHED THEN DO NOTHING": "42P01",
		"MERGE INTO x USING task t ON false WHEN NOT MATCHED THEN DO NOTHING":          "42P01", "COPY x FROM STDIN": "42P01",
	} {
		require.Equal(t, code, n.query(t, sql).code(), sql)
	}
	pg.exec(t, database, "REVOKE TEMPORARY ON DATABASE "+database+" FROM PUBLIC, wherewall_svc")
	require.Equal(t, "42501", dial(t, p.dsn("nia")).query(t, "CREATE TEMP TABLE x (a int)").code())
}

// TestNoFunctionTakesTemporaryTablesForItsOwn has a trigger that writes what the user does not see to a table that it looks for among the
// temporary ones first. Nobody may make one then, until the function's path ends in pg_temp.
func TestNoFunctionTakesTemporaryTablesForItsOwn(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]string{
		"app": "42501", "pg_temp, app": "42501", "pg_temp, app, pg_temp": "42501", "app, pg_temp": "", "''": "", "pg_catalog": "", "pg_catalog, \"pg_temp\"": "",
	} {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			database := "temporary_path" + regexp.MustCompile(`\W+`).ReplaceAllString("_"+path, "_")
			newSample(t, database)
			pg.exec(t, database, "GRANT TEMPORARY ON DATABASE "+database+" TO wherewall_svc")
			pg.exec(t, database, "CREATE FUNCTION app.taken() RETURNS trigger LANGUAGE plpgsql SET search_path = "+path+" AS 'BEGIN RETURN NEW; END'")
			options := sampleOptions(database)
			options.policy = append(options.policy, "testdata/needs/policy.yaml")
			c := dial(t, startProxy(t, options).dsn("nia"))
			for _, sql := range []string{"CREATE TEMP TABLE x (a int)", "CREATE TEMP TABLE y AS SELECT 1 AS a", "SELECT 1 AS a INTO TEMP z", "CREATE TABLE pg_temp.v (a int)"} {
				require.Equal(t, want, c.query(t, sql).code(), sql)
			}
		})
	}
}
