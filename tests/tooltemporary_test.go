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
		`CREATE TEMP TABLE a (i int); INSERT INTO a VALUES (1); SELECT * FROM a`, `DISCARD TEMP`, `SELECT * FROM x`, `DISCARD ALL`,
	} {
		want, got := direct.query(t, sql), c.query(t, sql)
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
	for sql, code := range map[string]string{
		"CREATE TABLE x (a int)": "42501", "CREATE TABLE x AS SELECT 1": "42501", "SELECT 1 INTO x": "42501", "CREATE TABLE app.x (a int)": "42501",
		"CREATE TEMP TABLE task (a int)": "42P07", "CREATE TEMP TABLE pg_temp.task (a int)": "42P07", "CREATE TEMP TABLE ww_x (a int)": "42939", "CREATE TEMP TABLE pg_x (a int)": "42939",
		"CREATE TEMP TABLE x (a int REFERENCES app.task)": "0A000", "CREATE TEMP TABLE x (LIKE app.audit_log)": "0A000", "CREATE TEMP TABLE x () INHERITS (app.audit_log)": "0A000",
		"CREATE TEMP TABLE x (a app.audit_log)": "42704", "CREATE TEMP TABLE x (a regclass)": "42501", "CREATE TEMP TABLE x (a int DEFAULT pg_sleep(1))": "42501",
		"CREATE TEMP TABLE x (a int CHECK (pg_read_file('x') = ''))": "42501", "CREATE TEMP TABLE x PARTITION OF app.task DEFAULT": "0A000", "CREATE TEMP TABLE x (a int) TABLESPACE y": "0A000",
		"CREATE TEMP VIEW x AS SELECT * FROM app.audit_log": "42501", "CREATE TEMP SEQUENCE x": "42501", "ALTER TABLE x ADD b int": "42501", "DROP TABLE task": "42501", "DROP TABLE app.task": "42501",
		"DROP TABLE x, app.task": "42501", "DROP VIEW x": "42501", "TRUNCATE task": "42501", "TRUNCATE x, app.task": "42501", "ANALYZE": "42501", "ANALYZE task": "42501", "VACUUM x": "42501",
		"CREATE INDEX ON task (title)": "42501", "CREATE INDEX ON app.audit_log (id)": "42501", "CREATE TEMP TABLE x AS SELECT * FROM app.audit_log": "42P01",
		"CREATE TEMP TABLE x AS EXECUTE q": "0A000", "SELECT * FROM pg_temp.ww_copy": "42P01", "SELECT * FROM pg_temp.pg_class": "42P01", "EXPLAIN CREATE TEMP TABLE x AS SELECT 1": "42501",
		"MERGE INTO x USING task t ON false WHEN NOT MATCHED THEN DO NOTHING": "42P01", "COPY x FROM STDIN": "42P01",
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
