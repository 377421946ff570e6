package tests

import (
	"fmt"
	"path/filepath"
	"slices"
	"sort"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestOracle runs every statement of testdata/oracle as every subject of its case, by the simple and by the extended
// protocol, through Wherewall and under native row-level security, and wants the same answers and the same tables afterwards.
func TestOracle(t *testing.T) {
	behind, native := newOracleDatabases(t)
	judgeAll(t, readOracleCases(t), behind, native)
}

// TestOracleBesideExtensions runs what reads, and what changes rows, with a dozen of extensions on the search path: their operators and
// functions have the names of PostgreSQL's own, and must not make a difference to statements that have none of their types.
func TestOracleBesideExtensions(t *testing.T) {
	const extensions = `DO $$ DECLARE e text; BEGIN
		FOREACH e IN ARRAY '{citext,hstore,pg_trgm,ltree,intarray,btree_gist,cube,isn,seg,unaccent,uuid-ossp,pgcrypto,fuzzystrmatch}'::text[] LOOP
			EXECUTE format('CREATE EXTENSION IF NOT EXISTS %I SCHEMA app', e);
		END LOOP;
	END $$`
	if pg.rows(t, "postgres", "SELECT count(*) FROM pg_available_extensions WHERE name IN ('citext', 'hstore', 'ltree', 'isn')")[0][0] != "4" {
		t.Skip("this PostgreSQL has no extensions")
	}
	var cases []*oracleCase
	for _, c := range readOracleCases(t) {
		switch filepath.Base(c.file) {
		case "select.txt", "update.txt", "delete.txt", "leaks.txt", "functions.txt":
			cases = append(cases, c)
		}
	}
	for _, name := range []string{"extended_behind", "extended_native"} {
		newSample(t, name)
		pg.exec(t, name, keepPristine)
		pg.exec(t, name, extensions)
	}
	pg.execFile(t, "extended_native", "testdata/oracle/rls.sql")
	judgeAll(t, cases, openOracleDatabase(t, "extended_behind"), openOracleDatabase(t, "extended_native"))
}

func judgeAll(t *testing.T, cases []*oracleCase, behind, native *oracleDatabase) {
	t.Helper()
	p := startProxy(t, sampleOptions(behind.name))
	o := &oracle{
		behind: behind, native: native, known: map[string]bool{},
		through: newLogins(func(subject string) string { return p.dsn(subject) }),
		plain:   newLogins(func(subject string) string { return pg.dsn(subject, "native", native.name) }),
	}
	t.Cleanup(func() { o.through.close(); o.plain.close() })
	for _, c := range cases {
		t.Run(strings.TrimSuffix(filepath.Base(c.file), ".txt")+"/"+c.name, func(t *testing.T) { o.judge(t, c) })
	}
	o.degeneracy.check(t)
}

func readOracleCases(t testing.TB) []*oracleCase {
	t.Helper()
	paths, err := filepath.Glob("testdata/oracle/*.txt")
	require.NoError(t, err)
	var all []*oracleCase
	statements := 0
	for _, path := range paths {
		cases, err := readOracleFile(path)
		require.NoError(t, err)
		for _, c := range cases {
			statements += len(c.statements)
		}
		all = append(all, cases...)
	}
	require.GreaterOrEqual(t, statements, 220, "the suite lost statements")
	return slices.DeleteFunc(all, func(c *oracleCase) bool { return !c.has(pg.major) })
}

// oracle holds the two sides and what the cases have shown so far.
type oracle struct {
	behind, native *oracleDatabase
	through, plain *logins
	known          map[string]bool // subject and table: whether native gives the subject anything on it
	degeneracy     degeneracy
}

// protocols are the two ways to send a statement.
var protocols = []struct {
	name string
	run  func(*client, string) (*outcome, error)
}{{"simple", (*client).simple}, {"extended", (*client).extended}}

func (o *oracle) judge(t *testing.T, c *oracleCase) {
	if c.open != "" {
		t.Skip(c.open)
	}
	for _, subject := range c.subjects {
		for _, protocol := range protocols {
			t.Run(subject+" "+protocol.name, func(t *testing.T) {
				if !c.readOnly() {
					defer o.judgeTables(t)
				}
				o.judgeStatements(t, c, subject, protocol.run)
			})
		}
	}
	o.degeneracy.note(t, c)
}

func (o *oracle) judgeStatements(t *testing.T, c *oracleCase, subject string, run func(*client, string) (*outcome, error)) {
	if c.fresh {
		o.through.drop(subject)
		o.plain.drop(subject)
		defer o.through.drop(subject)
		defer o.plain.drop(subject)
	}
	defer o.through.settle(t, subject)
	defer o.plain.settle(t, subject)
	for i, sql := range c.statements {
		last := i == len(c.statements)-1
		got, err := run(o.through.of(t, subject), sql)
		if err != nil {
			o.through.drop(subject)
		}
		require.NoError(t, err, "the connection through Wherewall broke at: %s", sql)
		if last && c.refused != "" {
			require.Equal(t, c.refused, got.code(), "refusal of: %s\ngot %s", sql, got.describe())
			require.Empty(t, got.rows, "a refused statement shows rows")
			return
		}
		expected, err := run(o.plain.of(t, subject), sql)
		require.NoError(t, err, "the connection to PostgreSQL broke at: %s", sql)
		if last && c.fails != "" {
			require.Equal(t, c.fails, expected.code(), "the case is wrong, PostgreSQL says %s", expected.describe())
		}
		o.compare(t, subject, sql, expected, got)
		if expected.err != nil && !c.readOnly() {
			o.alignSequences(t)
		}
		o.degeneracy.saw(expected)
	}
}

// compare wants everything equal that a client can see, but for the documented mapping of wantedCode.
func (o *oracle) compare(t *testing.T, subject, sql string, expected, got *outcome) {
	t.Helper()
	where := fmt.Sprintf("%s runs\n%s\nnative:  %s\nthrough: %s", subject, sql, expected.describe(), got.describe())
	require.Equal(t, o.wantedCode(t, subject, expected), got.code(), where)
	if expected.err == nil {
		require.Equal(t, expected.fields, got.fields, where)
		require.Equal(t, expected.comparable(sql), got.comparable(sql), where)
	}
	require.Equal(t, expected.tags, got.tags, where)
	require.Equal(t, expected.notices, got.notices, where)
	require.Equal(t, string(expected.status), string(got.status), where)
}

// wantedCode is native's SQLSTATE, with one mapping: a relation on which the subject has no right at all does not exist for
// him behind Wherewall (42P01), where PostgreSQL says permission denied (42501).
func (o *oracle) wantedCode(t *testing.T, subject string, native *outcome) string {
	t.Helper()
	if native.code() != "42501" {
		return native.code()
	}
	table, ok := strings.CutPrefix(native.err.Message, "permission denied for table ")
	if !ok {
		return "42501"
	}
	key := subject + " " + table
	if _, ok := o.known[key]; !ok {
		o.known[key] = o.native.query(t, fmt.Sprintf(`SELECT coalesce(bool_or(has_table_privilege('%s', oid, 'SELECT, INSERT, UPDATE, DELETE')), false)
			FROM pg_class WHERE relname = '%s' AND relkind IN ('r', 'p')`, subject, table))[0][0] == `"t"`
	}
	if o.known[key] {
		return "42501"
	}
	return "42P01"
}

// alignSequences gives both sides the same next numbers. A failed INSERT may have drawn some or not, depending on when its
// failure was noticed; that is nobody's business.
func (o *oracle) alignSequences(t *testing.T) {
	for _, s := range o.native.query(t, "SELECT name, coalesce(pg_sequence_last_value(name::regclass), 0) FROM pristine.sequence") {
		name, last := unquoted(s[0]), unquoted(s[1])
		o.behind.query(t, fmt.Sprintf("SELECT setval('%s', greatest(%s, 1), %s > 0)", name, last, last))
	}
}

// judgeTables compares what the case left in the tables, and then brings them back.
func (o *oracle) judgeTables(t *testing.T) {
	changed := o.behind.changed(t)
	for name := range o.native.changed(t) {
		changed[name] = true
	}
	defer o.behind.restore(t, changed)
	defer o.native.restore(t, changed)
	names := make([]string, 0, len(changed))
	for name := range changed {
		names = append(names, name)
	}
	sort.Strings(names)
	if t.Failed() { // the statements have shown the difference already
		return
	}
	for _, name := range names {
		onlyNative, onlyBehind := difference(o.native.content(t, name), o.behind.content(t, name))
		require.Empty(t, onlyNative, "%s afterwards has rows under native row-level security only", name)
		require.Empty(t, onlyBehind, "%s afterwards has rows behind Wherewall only", name)
	}
}
