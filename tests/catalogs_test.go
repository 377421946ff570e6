package tests

import (
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestCatalogsOfDrivers asks what drivers ask for before they can work, and wants the answers that PostgreSQL gives, as far as they are about what
// the user has to do with.
func TestCatalogsOfDrivers(t *testing.T) {
	t.Parallel()
	newSample(t, "catalogs")
	pg.exec(t, "catalogs", `
		CREATE TYPE app.mood AS ENUM ('good', 'bad');
		CREATE DOMAIN app.share AS int CHECK (VALUE < 100);
		CREATE TYPE app.secret_pair AS (x int, y int);
		ALTER TABLE app.task ADD mood app.mood, ADD moods app.mood[], ADD share app.share;`)
	p := startProxy(t, sampleOptions("catalogs"))
	direct := dial(t, pg.adminDSN("catalogs"))
	c := dial(t, p.dsn("kim"))
	require.Empty(t, direct.query(t, "SET search_path = app, billing").code())

	for _, sql := range []string{
		"select pg_catalog.version()", "select current_schema()", "show transaction isolation level", "show standard_conforming_strings",
		"SELECT t.oid, typarray\nFROM pg_type t JOIN pg_namespace ns\n    ON typnamespace = ns.oid\nWHERE typname = 'hstore';\n",
		"SELECT typname AS name, oid, typarray AS array_oid, oid::regtype::text AS regtype, typdelim AS delimiter FROM pg_type t WHERE t.oid = to_regtype('mood') ORDER BY t.oid",
		"SELECT typname AS name, oid, typarray AS array_oid, oid::regtype::text AS regtype FROM pg_type t WHERE t.oid = 'int4'::regtype ORDER BY t.oid",
		"SELECT typname AS name, oid, typarray AS array_oid, oid::regtype::text AS regtype FROM pg_type t WHERE t.oid = to_regtype('hstore') ORDER BY t.oid",
		`SELECT name, oid, array_oid, array_agg(label) AS labels FROM (
			SELECT t.typname AS name, t.oid AS oid, t.typarray AS array_oid, e.enumlabel AS label FROM pg_type t LEFT JOIN  pg_enum e ON e.enumtypid = t.oid
			WHERE t.oid = 'mood'::regtype ORDER BY e.enumsortorder) x GROUP BY name, oid, array_oid`,
		`SELECT t.typname AS name, t.oid AS oid, t.typarray AS array_oid, t.oid::regtype::text AS regtype, r.rngsubtype AS subtype_oid
			FROM pg_type t JOIN pg_range r ON t.oid = r.rngtypid WHERE t.oid = 'int4range'::regtype`,
		"SELECT t.oid, t.typelem AS elemtype, t.typtype AS kind FROM pg_catalog.pg_type AS t WHERE t.oid = 114",
		`SELECT t.oid, t.typelem AS elemtype, t.typtype AS kind FROM pg_catalog.pg_type AS t INNER JOIN pg_catalog.pg_namespace AS ns ON (ns.oid = t.typnamespace)
			WHERE t.typname = 'json' AND ns.nspname = 'pg_catalog'`,
		"SELECT pg_type.oid, enumlabel FROM pg_enum JOIN pg_type ON pg_type.oid=enumtypid ORDER BY oid, enumsortorder",
		`WITH ranges AS (SELECT pg_range.rngtypid, pg_type.typname AS rngtypname, pg_type.typarray AS rngtyparray, pg_range.rngsubtype FROM pg_range
			LEFT OUTER JOIN pg_type ON pg_type.oid = pg_range.rngtypid)
			SELECT pg_type.typname, pg_type.typtype, pg_type.oid, pg_type.typarray, ranges.rngtypname, ranges.rngsubtype, ranges.rngtyparray
			FROM pg_type LEFT OUTER JOIN ranges ON pg_type.oid = ranges.rngtypid WHERE (pg_type.typtype IN('b', 'e')) AND (pg_type.oid < 16384 OR typname ~ 'mood') ORDER BY pg_type.oid`,
		"SELECT t.oid, t.typname, t.typelem, t.typdelim, t.typinput, r.rngsubtype, t.typtype, t.typbasetype FROM pg_type as t LEFT JOIN pg_range as r ON oid = rngtypid WHERE t.typname IN ('int2', 'mood', '_mood', 'share') ORDER BY 1",
		"SELECT n.nspname = ANY(current_schemas(true)), n.nspname, t.typname FROM pg_catalog.pg_type t JOIN pg_catalog.pg_namespace n ON t.typnamespace = n.oid WHERE t.typname = 'mood'",
		"SELECT attname, attnotnull, atttypid FROM pg_attribute a JOIN pg_class c ON a.attrelid = c.oid WHERE c.relname = 'task' AND attnum > 0 ORDER BY attnum",
		"SELECT to_regtype('nonesuch')", "SELECT 99999999::oid::regtype::text, 0::oid::regtype::text AS zero", "SELECT 'int4'::regtype::text", "SELECT relname, relkind FROM pg_class WHERE relname IN ('task', 'project', 'pg_type') ORDER BY 1",
		"SELECT tableoid::int, relname FROM pg_class c WHERE relname = 'task'", "SELECT c.tableoid, n.tableoid AS n FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace LIMIT 1",
		"SELECT pg_catalog.pg_class.relname FROM pg_catalog.pg_class WHERE pg_catalog.pg_class.relname = 'task'", "SELECT tableoid FROM pg_class LIMIT 1",
		npgsqlTypes, npgsqlComposites, asyncpgTypes,
	} {
		want, got := direct.query(t, sql), c.query(t, sql)
		require.Nil(t, want.err, sql)
		require.Nil(t, got.err, "%s\n%s", sql, describeIf(got))
		require.Equal(t, want.rows, got.rows, sql)
		require.Equal(t, columnNames(want.fields), columnNames(got.fields), sql)
	}

	t.Run("what the user has nothing to do with is not there", func(t *testing.T) {
		for _, sql := range []string{
			"SELECT oid FROM pg_class WHERE relname = 'audit_log'", "SELECT oid FROM pg_type WHERE typname IN ('audit_log', '_audit_log', 'secret_pair')",
			"SELECT attname FROM pg_attribute WHERE attrelid >= 16384 AND attname = 'what'", "SELECT to_regtype('app.audit_log') WHERE to_regtype('app.audit_log') IS NOT NULL",
			"SELECT oid FROM pg_namespace WHERE nspname LIKE 'pg_temp%'", "SELECT reltuples FROM pg_class WHERE reltuples <> -1",
			"SELECT oid::regtype::text FROM pg_type WHERE oid::regtype::text LIKE '%audit%'", "SELECT proname FROM pg_proc WHERE oid >= 16384",
			"SELECT relname FROM pg_class WHERE relname = 'invoice'", "SELECT prosrc FROM pg_proc WHERE prosrc IS NOT NULL",
			"SELECT p.relacl FROM pg_class p WHERE p.relacl IS NOT NULL OR relpartbound IS NOT NULL", "SELECT typdefault FROM pg_type WHERE typdefault IS NOT NULL",
		} {
			o := c.query(t, sql)
			require.Nil(t, o.err, "%s\n%s", sql, describeIf(o))
			require.Empty(t, o.rows, sql)
		}
		for oid := range strings.FieldsSeq(pg.rows(t, "catalogs", "SELECT string_agg(oid::text, ' ') FROM pg_type WHERE typname ~ 'audit_log|secret'")[0][0]) {
			require.Equal(t, [][]string{{strconv.Quote(oid)}}, c.query(t, "SELECT "+oid+"::oid::regtype::text").rows)
		}
	})
	t.Run("system columns are constants", func(t *testing.T) {
		require.Equal(t, [][]string{{`"(0,0)"`, `"1"`, `"1"`, `"0"`}}, c.query(t, "SELECT DISTINCT ctid, xmin, c.xmin, cmax FROM pg_class c").rows)
	})
	t.Run("a condition does not meet hidden rows", func(t *testing.T) {
		for _, sql := range []string{
			"SELECT 1 FROM pg_class WHERE 1 / (CASE WHEN relname = 'audit_log' THEN 0 ELSE 1 END) > 0 AND oid = 1",
			"SELECT count(*) FROM pg_type WHERE CASE WHEN typname = 'audit_log' THEN 1 / (oid::int8 - oid::int8) > 0 ELSE true END",
			"SELECT count(*) FROM pg_attribute WHERE CASE WHEN attname = 'what' AND attrelid >= 16384 THEN 1 / (attnum - attnum) > 0 ELSE true END",
		} {
			require.Nil(t, c.query(t, sql).err, sql)
		}
	})
	t.Run("what is not listed stays out of reach", func(t *testing.T) {
		for sql, code := range map[string]string{
			"SELECT * FROM pg_authid": "42P01", "SELECT * FROM pg_catalog.pg_proc p, pg_stats": "42P01", "SELECT * FROM pg_locks": "42P01",
			"SELECT * FROM information_schema._pg_user_mappings": "42P01", "SELECT nonesuch FROM pg_proc": "42703", "SELECT ctid FROM pg_tables": "42703",
			"SELECT * FROM pg_type, task": "0A000", "SELECT (SELECT count(*) FROM pg_class) FROM task": "0A000", "SELECT to_regtype('int4') FROM task": "0A000",
			"INSERT INTO task (title) SELECT typname FROM pg_type": "0A000", "WITH x AS (DELETE FROM task RETURNING id) SELECT * FROM x, pg_type": "42501",
			"UPDATE pg_class SET relname = 'x'": "42P01", "DELETE FROM pg_type": "42P01", "INSERT INTO pg_enum VALUES (1)": "42P01",
			"SELECT oid FROM pg_class FOR UPDATE": "42501", "SELECT oid FROM pg_class TABLESAMPLE system (1)": "42501",
			"SELECT 'app.audit_log'::regclass": "42P01", "SELECT 'nonesuch'::regclass": "42P01", "SELECT 'app.secret_pair'::regtype": "42704",
			"SELECT 'wherewall_svc'::regrole": "42704", "SELECT 'nonesuch'::regnamespace": "3F000", "SELECT 'nonesuch'::regproc": "42883",
			"SELECT x FROM other.pg_catalog.pg_type x": "0A000",
		} {
			o := c.query(t, sql)
			require.Equal(t, code, o.code(), "%s\n%s", sql, describeIf(o))
		}
	})
}

func describeIf(o *outcome) string {
	if o.err == nil {
		return ""
	}
	return describeError(o.err) + " " + o.err.Hint
}

// columnNames are what the columns are called, without the types that look-ups print in another one.
func columnNames(fields string) []string {
	var names []string
	for field := range strings.SplitSeq(strings.Trim(fields, "[]"), ", ") {
		name, _, _ := strings.Cut(field, " table=")
		names = append(names, name)
	}
	return names
}
