package tests

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/wherewall/wherewall/catalog"
	"github.com/wherewall/wherewall/catalog/expr"
	"github.com/wherewall/wherewall/plan"
	"github.com/wherewall/wherewall/rewrite"
)

// exportedWorld is a sample with its policy's exported row-level security.
type exportedWorld struct {
	database string
	*catalog.Snapshot
	rewriter *rewrite.Rewriter
	admin    *client
}

// exportedSample is where a sample's files are.
type exportedSample struct {
	name     string
	sql      []string
	policy   []string
	subjects int // at least so many
}

func exportedSamples() []exportedSample {
	example := func(name string, subjects int) exportedSample {
		folder := filepath.Join("../examples", name)
		return exportedSample{name: name, policy: []string{filepath.Join(folder, "policy")}, subjects: subjects, sql: []string{
			filepath.Join(folder, "schema.sql"), filepath.Join(folder, "grants.sql"), filepath.Join(folder, "seed.sql"),
		}}
	}
	return []exportedSample{
		example("saas", 6), example("hospital", 5), example("bi", 4),
		{name: "model", sql: []string{"testdata/export/model.sql"}, policy: []string{"testdata/export/model.yaml"}, subjects: 12},
	}
}

func newExportedWorld(t testing.TB, s exportedSample) *exportedWorld {
	t.Helper()
	database := "export_" + s.name
	pg.createDatabase(t, database, "template0")
	for _, file := range s.sql {
		pg.execFile(t, database, file)
	}
	// The samples set the search path of the login, which is one for all databases.
	pg.exec(t, "postgres", "ALTER ROLE wherewall_svc PASSWORD '"+servicePassword+"'; ALTER ROLE wherewall_svc SET search_path = app, billing")
	world := readWorld(t, proxyOptions{database: database, role: "wherewall_svc", policy: s.policy})
	script, err := rewrite.ExportRLS(world.Snapshot, "wherewall_svc")
	require.NoError(t, err)
	pg.exec(t, database, script)
	pg.exec(t, database, `DO $$ BEGIN
		IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'export_plain') THEN CREATE ROLE export_plain LOGIN PASSWORD 'native'; END IF;
	END $$`)
	for _, r := range world.Snapshot.Schema.Relations {
		if r.Kind == 'r' || r.Kind == 'p' {
			// Foreign keys would stand in the way of deleting what others refer to.
			pg.exec(t, database, fmt.Sprintf("ALTER TABLE %s DISABLE TRIGGER ALL", relation(r)))
			pg.exec(t, database, fmt.Sprintf(`GRANT USAGE ON SCHEMA %[1]s TO export_plain; GRANT ALL ON ALL TABLES IN SCHEMA %[1]s TO export_plain`, quoteIdentifier(r.Schema)))
		}
	}
	return &exportedWorld{database: database, Snapshot: world.Snapshot, rewriter: world.Rewriter, admin: dial(t, pg.adminDSN(database))}
}

// TestPlansAreTheExportedPolicies compares, for every user in every tenant and for every entity, the rows that the plan allows with those that
// PostgreSQL allows a plain login under the exported policies.
func TestPlansAreTheExportedPolicies(t *testing.T) {
	for _, s := range exportedSamples() {
		t.Run(s.name, func(t *testing.T) {
			w := newExportedWorld(t, s)
			plain := dial(t, pg.dsn("export_plain", "native", w.database))
			seen := map[string]map[string]bool{}
			subjects := w.subjects()
			require.GreaterOrEqual(t, len(subjects), s.subjects)
			for _, subject := range subjects {
				t.Run(subject.User+"@"+subject.Tenant, func(t *testing.T) { w.compare(t, plain, subject, seen) })
			}
			some := 0
			for _, rows := range seen {
				if len(rows) > 1 {
					some++
				}
			}
			require.Greater(t, some, len(seen)/3, "most subjects see the same, and the comparison shows little")
		})
	}
}

func (w *exportedWorld) subjects() []plan.Subject {
	var all []plan.Subject
	for _, name := range slices.Sorted(maps.Keys(w.Users)) {
		if len(w.Users[name].Memberships) == 0 || len(w.Users[name].Platform) > 0 {
			all = append(all, plan.Subject{User: name})
		}
		for _, tenant := range slices.Sorted(maps.Keys(w.Users[name].Memberships)) {
			all = append(all, plan.Subject{User: name, Tenant: tenant})
		}
	}
	return all
}

func (w *exportedWorld) compare(t *testing.T, plain *client, subject plan.Subject, seen map[string]map[string]bool) {
	p, err := plan.Build(w.Snapshot, subject)
	require.NoError(t, err)
	settings, err := rewrite.RowSecuritySettings(p)
	require.NoError(t, err)
	for name, r := range w.Schema.Relations {
		e := w.EntityOf(name)
		if e == nil || r.Kind != 'r' && r.Kind != 'p' {
			continue
		}
		read := p.Rule(e.Name, catalog.Read)
		for _, c := range []struct{ what, statement, planned string }{
			{"read", "SELECT %[1]s FROM %[2]s t", w.planned(t, p, read.Kind, read.Filter)},
			{"update", "UPDATE %[2]s t SET %[3]s = %[3]s RETURNING %[1]s", w.both(t, p, e, catalog.Update)},
			{"delete", "DELETE FROM %[2]s t RETURNING %[1]s", w.both(t, p, e, catalog.Delete)},
		} {
			want := w.keys(t, r, e, "t", c.planned)
			sql := fmt.Sprintf(c.statement, keyText(e, "t"), relation(r), quoteIdentifier(e.Key[0]))
			got := w.native(t, plain, settings, c.what, sql, r, e)
			require.Equal(t, want, got, "%s of %s.%s where %s", c.what, r.Schema, r.Name, c.planned)
			if c.what != "read" {
				continue
			}
			key := name.Schema + "." + name.Name
			if seen[key] == nil {
				seen[key] = map[string]bool{}
			}
			seen[key][strings.Join(got, " ")] = true
		}
		for command, action := range map[string]catalog.Action{"INSERT": catalog.Create, "UPDATE": catalog.Update} {
			rule := p.Rule(e.Name, action)
			want := w.keys(t, r, e, "t", w.planned(t, p, rule.Kind, rule.Check))
			require.Equal(t, want, w.checked(t, settings, r, e, command), "check of %s on %s.%s", command, r.Schema, r.Name)
		}
	}
}

// planned is a rule's condition as SQL.
func (w *exportedWorld) planned(t *testing.T, p *plan.Plan, kind plan.Kind, condition expr.Expr) string {
	t.Helper()
	switch {
	case kind == plan.FullAccess:
		return "true"
	case kind == plan.NoAccess || condition == nil:
		return "false"
	}
	predicate, err := w.rewriter.Predicate(condition, "t")
	require.NoError(t, err)
	text, err := predicate.Text(rewrite.NewValues(p, strings.Repeat("0", 32)))
	require.NoError(t, err)
	return text
}

// both says that a row may be read and changed.
func (w *exportedWorld) both(t *testing.T, p *plan.Plan, e *catalog.Entity, action catalog.Action) string {
	t.Helper()
	read, change := p.Rule(e.Name, catalog.Read), p.Rule(e.Name, action)
	return "(" + w.planned(t, p, read.Kind, read.Filter) + ") AND (" + w.planned(t, p, change.Kind, change.Filter) + ")"
}

// keys are the keys of the rows for which a condition is TRUE, seen by the superuser.
func (w *exportedWorld) keys(t *testing.T, r *catalog.Relation, e *catalog.Entity, alias, condition string) []string {
	t.Helper()
	o := w.admin.query(t, fmt.Sprintf("SELECT %s FROM %s AS %s WHERE %s", keyText(e, alias), relation(r), quoteIdentifier(alias), condition))
	require.Nil(t, o.err, "%s: %s", condition, o.describe())
	return first(o)
}

// native are the keys of the rows that a statement of a plain login reaches. An UPDATE leaves rows as they are, so a row that may not be
// written as it is fails; then the row-level predicate alone is looked at.
func (w *exportedWorld) native(t *testing.T, plain *client, settings []rewrite.Setting, what, sql string, r *catalog.Relation, e *catalog.Entity) []string {
	t.Helper()
	defer plain.query(t, "ROLLBACK")
	set(t, plain, settings)
	o := plain.query(t, sql)
	if what == "update" && o.code() == "42501" {
		plain.query(t, "ROLLBACK")
		set(t, plain, settings)
		o = plain.query(t, fmt.Sprintf("SELECT %s FROM %s t FOR UPDATE", keyText(e, "t"), relation(r)))
	}
	require.Nil(t, o.err, "%s: %s", sql, o.describe())
	return first(o)
}

// checked are the keys of the rows that a command's WITH CHECK would let in.
func (w *exportedWorld) checked(t *testing.T, settings []rewrite.Setting, r *catalog.Relation, e *catalog.Entity, command string) []string {
	t.Helper()
	checks := w.admin.query(t, fmt.Sprintf(`SELECT coalesce(pg_get_expr(polwithcheck, polrelid), 'true'), polpermissive FROM pg_policy
		WHERE polrelid = %s::regclass AND polcmd IN ('*', %s)`, quoteValue(relation(r)), quoteValue(map[string]string{"INSERT": "a", "UPDATE": "w"}[command])))
	some, always := []string{"false"}, []string{"true"}
	for _, row := range checks.rows {
		if unquoted(row[1]) == "t" {
			some = append(some, unquoted(row[0]))
		} else {
			always = append(always, unquoted(row[0]))
		}
	}
	defer w.admin.query(t, "ROLLBACK")
	set(t, w.admin, settings)
	return w.keys(t, r, e, r.Name, "("+strings.Join(some, " OR ")+") AND "+strings.Join(always, " AND "))
}

func set(t *testing.T, c *client, settings []rewrite.Setting) {
	t.Helper()
	require.Nil(t, c.query(t, "BEGIN").err)
	for _, s := range settings {
		o := c.query(t, fmt.Sprintf("SELECT set_config(%s, %s, true)", quoteValue(s.Name), quoteValue(s.Value)))
		require.Nil(t, o.err, "%v: %s", s, o.describe())
	}
}

func first(o *outcome) []string {
	keys := []string{}
	for _, row := range o.rows {
		keys = append(keys, row[0])
	}
	slices.Sort(keys)
	return keys
}

func relation(r *catalog.Relation) string {
	return quoteIdentifier(r.Schema) + "." + quoteIdentifier(r.Name)
}

func keyText(e *catalog.Entity, alias string) string {
	parts := make([]string, len(e.Key))
	for i, k := range e.Key {
		parts[i] = quoteIdentifier(alias) + "." + quoteIdentifier(k)
	}
	return "ROW(" + strings.Join(parts, ", ") + ")::text"
}
