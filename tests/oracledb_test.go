package tests

import (
	"fmt"
	"sort"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// sample is where the sample's schema, rows, grants and policy are.
const sample = "../examples/saas"

// oracleDatabase is one of the two copies of the sample, seen by the superuser. Both are clones of one template, so
// that even the OIDs agree.
type oracleDatabase struct {
	name   string
	admin  *client
	tables []*oracleTable
}

// oracleTable is a table of the sample and what it looked like before anybody wrote to it.
type oracleTable struct {
	name    string // schema-qualified
	own     string // what its own rows are read from, those of children left out
	key     []string
	columns string // those that are not generated
	// The number of rows and the greatest xmin; a change of the table changes one of them.
	rows, xmin string
}

// newOracleDatabases makes the two copies: `behind` is for Wherewall's service login, `native` has the row-level security.
func newOracleDatabases(t testing.TB) (behind, native *oracleDatabase) {
	t.Helper()
	newSample(t, "oracle_behind")
	newSample(t, "oracle_native")
	for _, name := range []string{"oracle_behind", "oracle_native"} {
		pg.exec(t, name, keepPristine)
	}
	for _, f := range ofVersion("testdata/oracle/rls.sql") {
		pg.execFile(t, "oracle_native", f)
	}
	return openOracleDatabase(t, "oracle_behind"), openOracleDatabase(t, "oracle_native")
}

// keepPristine keeps a copy of every table and sequence value in a schema that nobody but the superuser sees.
const keepPristine = `
CREATE SCHEMA pristine;
DO $$ DECLARE t regclass; BEGIN
	FOR t IN SELECT c.oid FROM pg_class c WHERE relkind IN ('r', 'p') AND relnamespace IN ('app'::regnamespace, 'billing'::regnamespace) LOOP
		EXECUTE format('CREATE TABLE pristine.%I AS SELECT %s FROM %s %s', t::text, (
			SELECT string_agg(quote_ident(attname), ',' ORDER BY attnum) FROM pg_attribute
			WHERE attrelid = t AND attnum > 0 AND NOT attisdropped AND attgenerated = ''
		), CASE WHEN (SELECT relkind FROM pg_class WHERE oid = t) = 'r' THEN 'ONLY' END, t);
	END LOOP;
END $$;
CREATE TABLE pristine.sequence AS
	SELECT format('%I.%I', schemaname, sequencename) AS name, last_value FROM pg_sequences WHERE schemaname IN ('app', 'billing')`

func openOracleDatabase(t testing.TB, name string) *oracleDatabase {
	t.Helper()
	d := &oracleDatabase{name: name, admin: dial(t, pg.adminDSN(name))}
	d.query(t, "SET session_replication_role = replica")
	found := d.query(t, `SELECT c.oid::regclass, string_agg(quote_ident(a.attname), ',') FILTER (WHERE a.attnum = ANY (indkey)),
			string_agg(quote_ident(a.attname), ',') FILTER (WHERE a.attgenerated = ''),
			CASE WHEN relkind = 'r' THEN 'ONLY ' ELSE '' END || c.oid::regclass
		FROM pg_class c JOIN pg_index i ON i.indrelid = c.oid AND indisprimary JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
		WHERE relkind IN ('r', 'p') AND relnamespace IN ('app'::regnamespace, 'billing'::regnamespace) AND NOT relispartition
		GROUP BY c.oid ORDER BY 1`)
	for _, row := range found {
		d.tables = append(d.tables, &oracleTable{
			name: unquoted(row[0]), key: strings.Split(unquoted(row[1]), ","), columns: unquoted(row[2]), own: unquoted(row[3]),
		})
	}
	for _, table := range d.tables {
		table.rows, table.xmin = d.fingerprint(t, table)
	}
	return d
}

// unquoted undoes how an outcome writes a value.
func unquoted(s string) string {
	if v, err := strconv.Unquote(s); err == nil {
		return v
	}
	return s
}

func quoteIdentifier(s string) string { return `"` + strings.ReplaceAll(s, `"`, `""`) + `"` }

func (d *oracleDatabase) query(t testing.TB, sql string) [][]string {
	t.Helper()
	o := d.admin.query(t, sql)
	require.Nil(t, o.err, "%s: %v", sql, o.err)
	return o.rows
}

func (d *oracleDatabase) fingerprint(t testing.TB, table *oracleTable) (rows, xmin string) {
	t.Helper()
	r := d.query(t, "SELECT count(*), coalesce(max(xmin::text::bigint), 0) FROM "+table.own)
	return unquoted(r[0][0]), unquoted(r[0][1])
}

// changed is the set of tables that no longer are what they were.
func (d *oracleDatabase) changed(t testing.TB) map[string]bool {
	t.Helper()
	all := map[string]bool{}
	for _, table := range d.tables {
		if rows, xmin := d.fingerprint(t, table); rows != table.rows || xmin != table.xmin {
			all[table.name] = true
		}
	}
	return all
}

// content is every row of a table, sorted, with what differs from run to run masked.
func (d *oracleDatabase) content(t testing.TB, name string) []string {
	t.Helper()
	var all []string
	columns := "*"
	for _, table := range d.tables {
		if table.name == name {
			columns = table.columns
		}
	}
	for _, row := range d.query(t, fmt.Sprintf("SELECT t::text FROM (SELECT %s FROM %s) t", columns, name)) {
		all = append(all, maskRun(row[0]))
	}
	sort.Strings(all)
	return all
}

// restore brings changed tables and all sequences back. Foreign keys and triggers are off in the superuser's session.
func (d *oracleDatabase) restore(t testing.TB, changed map[string]bool) {
	t.Helper()
	for _, table := range d.tables {
		if !changed[table.name] {
			continue
		}
		var same []string
		for _, k := range table.key {
			same = append(same, fmt.Sprintf("t.%s = p.%s", k, k))
		}
		d.query(t, fmt.Sprintf("DELETE FROM %s WHERE xmin::text::bigint > %s", table.own, table.xmin))
		d.query(t, fmt.Sprintf(`INSERT INTO %[1]s (%[2]s) OVERRIDING SYSTEM VALUE SELECT %[2]s FROM pristine.%[3]s p
			WHERE NOT EXISTS (SELECT FROM %[5]s t WHERE %[4]s)`, table.name, table.columns, quoteIdentifier(table.name), strings.Join(same, " AND "), table.own))
		table.rows, table.xmin = d.fingerprint(t, table)
	}
	d.query(t, "SELECT setval(name::regclass, coalesce(last_value, 1), last_value IS NOT NULL) FROM pristine.sequence")
}
