package tests

import (
	"cmp"
	"fmt"
	"net/url"
	"path/filepath"
	"slices"
	"sort"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgproto3"
	"github.com/stretchr/testify/require"
)

// TestAttacks tries every attack of testdata/attacks by both protocols. Nothing that the subject may not see may come back, in rows or
// in errors, and nothing that is not his may change. What could have been won is shown by the superuser's own run.
func TestAttacks(t *testing.T) {
	attacks := readAttacks(t)
	const database = "attacks"
	newSample(t, database)
	pg.execFile(t, database, "testdata/attacks/bait.sql")
	pg.exec(t, database, keepPristine)
	options := sampleOptions(database)
	options.policy = append(options.policy, "testdata/attacks/policy.yaml")
	p := startProxy(t, options)
	f := &fortress{
		database: openOracleDatabase(t, database),
		logins:   newLogins(func(subject string) string { return p.dsn(subject) }),
		root:     dial(t, withSearchPath(t, pg.adminDSN(database))),
		foreign:  map[string]string{},
	}
	t.Cleanup(f.logins.close)
	for _, a := range attacks {
		t.Run(strings.TrimSuffix(filepath.Base(a.file), ".txt")+"/"+a.name, func(t *testing.T) { f.withstand(t, a) })
	}
}

// withSearchPath makes names mean to a login what they mean to the subjects.
func withSearchPath(t testing.TB, dsn string) string {
	t.Helper()
	u, err := url.Parse(dsn)
	require.NoError(t, err)
	q := u.Query()
	q.Set("search_path", "app,billing")
	u.RawQuery = q.Encode()
	return u.String()
}

func readAttacks(t testing.TB) []*attack {
	t.Helper()
	paths, err := filepath.Glob("testdata/attacks/*.txt")
	require.NoError(t, err)
	var all []*attack
	for _, path := range paths {
		attacks, err := readAttackFile(path)
		require.NoError(t, err)
		all = append(all, attacks...)
	}
	require.GreaterOrEqual(t, len(all), 120, "the suite lost attacks")
	return slices.DeleteFunc(all, func(a *attack) bool { return !a.has(pg.major) })
}

// fortress is the sample behind Wherewall while it is attacked.
type fortress struct {
	database *oracleDatabase
	logins   *logins
	root     *client           // the superuser
	foreign  map[string]string // by tenant: what belongs to others, before anybody touched it
}

func (f *fortress) withstand(t *testing.T, a *attack) {
	for _, subject := range a.subjects {
		f.bait(t, a, subject)
		for _, protocol := range protocols {
			if a.simpleOnly && protocol.name != "simple" || len(a.declares)+len(a.binds) > 0 && protocol.name != "extended" {
				continue
			}
			t.Run(subject+" "+protocol.name, func(t *testing.T) {
				for range a.times {
					f.try(t, a, subject, protocol.run)
				}
			})
		}
	}
}

// bait runs the attack as the superuser, undoes it, and wants that it would have won something.
func (f *fortress) bait(t *testing.T, a *attack, subject string) {
	t.Helper()
	f.root.query(t, "BEGIN")
	defer f.root.query(t, "ROLLBACK; DEALLOCATE ALL")
	before, kept := f.belongings(t, subject), f.ask(t, a.keeps)
	for i, sql := range a.statements {
		o := f.send(t, f.root, a, i, (*client).simple)
		last := i == len(a.statements)-1
		switch {
		case last && a.trap == "any":
			require.NotEmpty(t, o.code(), "PostgreSQL itself says %s to %s", o.describe(), sql)
			return
		case last && a.fails+a.trap != "":
			require.Equal(t, a.fails+a.trap, o.code(), "PostgreSQL itself says %s to %s", o.describe(), sql)
			return
		default:
			require.Equal(t, "", o.code(), "PostgreSQL itself says %s to %s", o.describe(), sql)
		}
		if !last {
			continue
		}
		if a.leaks {
			require.NotEmpty(t, overheard(subject, fmt.Sprint(o.rows)), "there is nothing to be learnt by %s", sql)
		}
		if a.truth != "" {
			require.NotEqual(t, f.ask(t, a.truth), sorted(o.rows), "the truth is all there is to be learnt by %s", sql)
		}
	}
	if a.writes {
		require.NotEqual(t, before, f.belongings(t, subject), "there is nothing to be destroyed")
	}
	if a.keeps != "" {
		require.NotEqual(t, kept, f.ask(t, a.keeps), "there is nothing to be destroyed")
	}
}

// send runs one of the attack's statements; the last one may have parameters.
func (f *fortress) send(t *testing.T, c *client, a *attack, i int, run func(*client, string) (*outcome, error)) *outcome {
	t.Helper()
	if i == len(a.statements)-1 && len(a.declares)+len(a.binds) > 0 {
		run = a.bound
	}
	c.rows = a.rows
	defer func() { c.rows = nil }()
	o, err := run(c, a.statements[i])
	require.NoError(t, err, "the connection broke at %s", a.statements[i])
	return o
}

func (a *attack) bound(c *client, sql string) (*outcome, error) {
	values := make([][]byte, len(a.binds))
	for i, v := range a.binds {
		values[i] = []byte(v)
	}
	c.Send(&pgproto3.Parse{Query: sql, ParameterOIDs: a.declares})
	c.Send(&pgproto3.Describe{ObjectType: 'S'})
	c.Send(&pgproto3.Bind{Parameters: values})
	c.Send(&pgproto3.Execute{})
	c.Send(&pgproto3.Sync{})
	return c.outcome()
}

// try attacks once and looks at what came of it.
func (f *fortress) try(t *testing.T, a *attack, subject string, run func(*client, string) (*outcome, error)) {
	t.Helper()
	if f.foreign[subject] == "" {
		f.foreign[subject] = f.belongings(t, subject)
	}
	kept := f.ask(t, a.keeps)
	if a.fresh {
		f.dismiss(a, subject)
		defer f.dismiss(a, subject)
	}
	var o *outcome
	for i, sql := range a.statements {
		speaker := cmp.Or(a.speakers[i], subject)
		defer f.logins.settle(t, speaker)
		o = f.send(t, f.logins.of(t, speaker), a, i, run)
		f.harmless(t, speaker, sql, o)
		if i < len(a.statements)-1 {
			require.Equal(t, "", o.code(), "%s\n%s", sql, o.describe())
		}
	}
	f.judge(t, a, o)
	for _, speaker := range append(a.speakers, subject) {
		f.logins.settle(t, speaker)
	}
	alive := f.logins.of(t, subject).query(t, "SELECT 1")
	require.Equal(t, [][]string{{`"1"`}}, alive.rows, "the session did not survive")
	mine := f.belongings(t, subject)
	safe := f.ask(t, a.keeps)
	f.database.restore(t, f.database.changed(t))
	require.Equal(t, f.foreign[subject], mine, "rows of others have changed")
	require.Equal(t, kept, safe, "what was to be kept has changed")
}

// dismiss ends the connections of everybody who has a part in an attack.
func (f *fortress) dismiss(a *attack, subject string) {
	for _, speaker := range append(slices.Clone(a.speakers), subject) {
		f.logins.drop(speaker)
	}
}

// harmless wants that not one byte of an answer shows what is not for the subject, or how statements are rewritten.
func (f *fortress) harmless(t *testing.T, subject, sql string, o *outcome) {
	t.Helper()
	named := o.fields
	if o.err != nil && o.code() != "42939" { // which names our prefix
		named += o.err.Message + o.err.Detail + o.err.Hint + o.err.Where + o.err.InternalQuery
		require.False(t, strings.HasPrefix(o.code(), "23") && strings.Contains(o.err.Detail, "("), "the detail of an integrity error is told: %s", o.err.Detail)
		require.NotRegexp(t, "[0-9a-f]{32}", o.err.Message+o.err.Detail+o.err.Where, "the session's mark is told")
	}
	for _, ours := range []string{"ww_", "wherewall_svc"} {
		if !strings.Contains(strings.ToLower(sql), ours) {
			require.NotContains(t, named, ours, "how statements are rewritten is told by\n%s", sql)
		}
	}
	require.Empty(t, overheard(subject, o.raw), "%s was told by\n%s", subject, sql)
}

func (f *fortress) judge(t *testing.T, a *attack, o *outcome) {
	t.Helper()
	sql := a.statements[len(a.statements)-1]
	want := a.refused
	if want == "" {
		want = a.fails
	}
	if a.may == "" || o.code() != a.may {
		require.Equal(t, want, o.code(), "%s\n%s", sql, o.describe())
	}
	if a.says != "" {
		require.Contains(t, o.err.Message, a.says)
	}
	if a.truth != "" && o.err == nil {
		require.Equal(t, f.ask(t, a.truth), sorted(o.rows), sql)
	}
}

// belongings is a digest of every row that is not the tenant's own.
func (f *fortress) belongings(t testing.TB, subject string) string {
	t.Helper()
	_, tenant, _ := strings.Cut(subject, "@")
	mine := "'" + tenant + "'"
	const digest = "SELECT count(*) || '/' || coalesce(sum(hashtextextended(r::text, 0)), 0) FROM "
	var parts []string
	for _, rows := range []string{
		"app.country r", "app.audit_log r", "app.hidden r",
		"app.org r WHERE id <> " + mine, "app.member r WHERE org_id <> " + mine, "app.project r WHERE org_id <> " + mine,
		"app.membership r JOIN app.project p ON p.id = r.project_id WHERE p.org_id <> " + mine,
		"app.task r JOIN app.project p ON p.id = r.project_id WHERE p.org_id <> " + mine,
		"app.comment r JOIN app.task t ON t.id = r.task_id JOIN app.project p ON p.id = t.project_id WHERE p.org_id <> " + mine,
		"billing.invoice r WHERE org_id <> " + mine, "app.event r WHERE org_id <> " + mine,
		`app."Order Line" r WHERE "org id" <> ` + mine, "app.note r WHERE org_id IS DISTINCT FROM " + mine,
		"app.vault r WHERE org_id <> " + mine, "app.ledger r WHERE org_id <> " + mine, "app.parcel r WHERE org_id <> " + mine,
		"app.ticket r WHERE org_id <> " + mine, "app.trap r WHERE org_id <> " + mine, "app.trap_path r WHERE org_id <> " + mine, "app.trap_shared r WHERE org_id <> " + mine,
		"app.crate r WHERE org_id <> " + mine, "app.ruled r",
	} {
		parts = append(parts, "("+digest+rows+")")
	}
	return unquoted(f.ask(t, "SELECT concat_ws(' ', "+strings.Join(parts, ", ")+")")[0])
}

// ask is the superuser's answer, sorted; nil for no question.
func (f *fortress) ask(t testing.TB, sql string) []string {
	t.Helper()
	if sql == "" {
		return nil
	}
	o := f.root.query(t, sql)
	require.Nil(t, o.err, "%s: %s", sql, o.describe())
	return sorted(o.rows)
}

func sorted(rows [][]string) []string {
	lines := make([]string, len(rows))
	for i, r := range rows {
		lines[i] = strings.Join(r, " | ")
	}
	sort.Strings(lines)
	return lines
}
