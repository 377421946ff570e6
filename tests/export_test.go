package tests

import (
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/wherewall/wherewall/catalog"
	"github.com/wherewall/wherewall/plan"
	"github.com/wherewall/wherewall/rewrite"
)

// TestExportedPoliciesAreTheHandWrittenOnes runs the oracle's statements under the row-level security that Wherewall exports
// and under the one that was written by hand, as the same logins with the same rights on tables.
func TestExportedPoliciesAreTheHandWrittenOnes(t *testing.T) {
	cases := readOracleCases(t)
	exported, native := newOracleDatabases(t)
	world := readWorld(t, sampleOptions(exported.name))
	script, err := rewrite.ExportRLS(world.Snapshot, "wherewall_svc")
	require.NoError(t, err)
	if path := os.Getenv("WHEREWALL_EXPORT_TO"); path != "" {
		require.NoError(t, os.WriteFile(path, []byte(script), 0o600))
	}
	pg.exec(t, exported.name, script)
	pg.exec(t, exported.name, script)
	o := &exportOracle{oracle: oracle{behind: exported, native: native, known: map[string]bool{}}}
	for _, subject := range subjectsOf(cases) {
		copyRights(t, native, exported, subject)
		setForLogin(t, exported.name, subject, settingsOf(t, world.Snapshot, subject))
	}
	o.through = newLogins(func(subject string) string { return pg.dsn(subject, "native", exported.name) })
	o.plain = newLogins(func(subject string) string { return pg.dsn(subject, "native", native.name) })
	t.Cleanup(func() { o.through.close(); o.plain.close() })
	for _, c := range cases {
		t.Run(strings.TrimSuffix(filepath.Base(c.file), ".txt")+"/"+c.name, func(t *testing.T) { o.judge(t, c) })
	}
	o.degeneracy.check(t)
}

// exportOracle compares two databases with native policies.
type exportOracle struct{ oracle }

// judge runs a case. What Wherewall alone refuses is left out: PostgreSQL has no such wall.
func (o *exportOracle) judge(t *testing.T, c *oracleCase) {
	if c.open != "" {
		t.Skip(c.open)
	}
	short := *c
	if c.refused != "" {
		short.statements = c.statements[:len(c.statements)-1]
		short.refused = ""
	}
	for _, subject := range c.subjects {
		t.Run(subject, func(t *testing.T) {
			if !short.readOnly() {
				defer o.judgeTables(t)
			}
			o.run(t, &short, subject)
		})
	}
	o.degeneracy.note(t, c)
}

func (o *exportOracle) run(t *testing.T, c *oracleCase, subject string) {
	if c.fresh {
		o.through.drop(subject)
		o.plain.drop(subject)
		defer o.through.drop(subject)
		defer o.plain.drop(subject)
	}
	defer o.through.settle(t, subject)
	defer o.plain.settle(t, subject)
	for _, sql := range c.statements {
		got := o.through.of(t, subject).query(t, sql)
		want := o.plain.of(t, subject).query(t, sql)
		where := fmt.Sprintf("%s runs\n%s\nby hand:  %s\nexported: %s", subject, sql, want.describe(), got.describe())
		require.Equal(t, want.code(), got.code(), where)
		if want.err == nil {
			require.Equal(t, want.fields, got.fields, where)
			require.Equal(t, want.comparable(sql), got.comparable(sql), where)
		}
		require.Equal(t, want.tags, got.tags, where)
		require.Equal(t, want.notices, got.notices, where)
		require.Equal(t, string(want.status), string(got.status), where)
		if want.err != nil && !c.readOnly() {
			o.alignSequences(t)
		}
		o.degeneracy.saw(want)
	}
}

func subjectsOf(cases []*oracleCase) []string {
	seen := map[string]bool{}
	for _, c := range cases {
		for _, s := range c.subjects {
			seen[s] = true
		}
	}
	all := make([]string, 0, len(seen))
	for s := range seen {
		all = append(all, s)
	}
	sort.Strings(all)
	return all
}

func planOf(t testing.TB, s *catalog.Snapshot, login string) *plan.Plan {
	t.Helper()
	subject, err := plan.Resolve(s, login, "")
	require.NoError(t, err)
	p, err := plan.Build(s, subject)
	require.NoError(t, err)
	return p
}

func settingsOf(t testing.TB, s *catalog.Snapshot, login string) []rewrite.Setting {
	t.Helper()
	settings, err := rewrite.RowSecuritySettings(planOf(t, s, login))
	require.NoError(t, err)
	return settings
}

// setForLogin makes the settings those of every session of a login, which are there after DISCARD ALL too.
func setForLogin(t testing.TB, database, login string, settings []rewrite.Setting) {
	t.Helper()
	for _, s := range settings {
		pg.exec(t, database, fmt.Sprintf("ALTER ROLE %s IN DATABASE %s SET %s = %s",
			quoteIdentifier(login), database, strings.ReplaceAll(quoteIdentifier(s.Name), ".", `"."`), quoteValue(s.Value)))
	}
}

func quoteValue(s string) string {
	return "E'" + strings.NewReplacer(`\`, `\\`, "'", "''").Replace(s) + "'"
}

// copyRights gives a login the rights on tables, schemas and sequences that it has in the other database, by whatever role.
func copyRights(t testing.TB, from, to *oracleDatabase, login string) {
	t.Helper()
	for _, row := range from.query(t, fmt.Sprintf(`
		SELECT format('GRANT %%s ON %%s TO %%I', verb, c.oid::regclass, '%[1]s') FROM pg_class c, unnest('{SELECT,INSERT,UPDATE,DELETE}'::text[]) verb
		WHERE c.relkind IN ('r', 'p') AND c.relnamespace IN ('app'::regnamespace, 'billing'::regnamespace) AND has_table_privilege('%[1]s', c.oid, verb)
		UNION ALL
		SELECT format('GRANT USAGE ON SCHEMA %%I TO %%I', nspname, '%[1]s') FROM pg_namespace WHERE nspname IN ('app', 'billing')
		UNION ALL
		SELECT format('GRANT USAGE ON SEQUENCE %%s TO %%I', c.oid::regclass, '%[1]s') FROM pg_class c
		WHERE c.relnamespace IN ('app'::regnamespace, 'billing'::regnamespace)
			AND CASE WHEN c.relkind = 'S' THEN has_sequence_privilege('%[1]s', c.oid, 'USAGE') END`, login)) {
		to.query(t, unquoted(row[0]))
	}
}
