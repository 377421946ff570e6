package tests

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgproto3"
	"github.com/stretchr/testify/require"

	"github.com/wherewall/wherewall/tests/clients/captured"
)

// The database that clients see through Wherewall, and its judge: a copy that has only what dana may see.
const (
	sentThrough = "sent_through"
	sentJudge   = "sent_judged"
)

// TestWhatClientsSend says again what real clients said on connecting, on introspection and in ordinary use (tests/clients/NAME/statements.txt),
// session by session: through Wherewall, and directly to a database that has nothing but the visible objects and rows. The answers must be the same.
func TestWhatClientsSend(t *testing.T) {
	t.Parallel()
	paths, err := filepath.Glob("clients/*/statements.txt")
	require.NoError(t, err)
	require.NotEmpty(t, paths)
	through, judge := newSentDatabases(t)
	oids := namedOIDs(t)
	for _, path := range paths {
		t.Run(filepath.Base(filepath.Dir(path)), func(t *testing.T) {
			text, err := os.ReadFile(path)
			require.NoError(t, err)
			sessions, err := captured.Parse(string(text))
			require.NoError(t, err)
			for i, session := range sessions {
				replay(t, i+1, session, dial(t, judge), dial(t, through), oids)
			}
		})
	}
}

// newSentDatabases gives dana's URLs. Both databases are copies of one, so that their OIDs are the same.
func newSentDatabases(t *testing.T) (through, judge string) {
	t.Helper()
	const template = "sent_template"
	pg.createDatabase(t, template, "template0")
	for _, f := range []string{"schema.sql", "seed.sql", "grants.sql"} {
		pg.execFile(t, template, filepath.Join(sample, f))
	}
	pg.execFile(t, template, "clients/sample/more.sql")
	pg.execFile(t, template, "clients/sample/specimens.sql")
	pg.exec(t, template, `INSERT INTO app.reading (org_id, sensor, taken_at, value)
		SELECT CASE WHEN n % 2 = 0 THEN 'acme' ELSE 'globex' END, n % 40, timestamptz '2026-01-01 00:00+00' + n * interval '1 minute', n FROM generate_series(1, 200) n`)
	pg.exec(t, template, "DROP TRIGGER touch ON app.task") // Its function is hidden, so the judge cannot have it.
	pg.exec(t, template, "ALTER ROLE wherewall_svc PASSWORD '"+servicePassword+"'")
	pg.createDatabase(t, sentThrough, template)
	pg.createDatabase(t, sentJudge, template)
	pg.execFile(t, sentJudge, "clients/sample/visible.sql")
	pg.execFile(t, sentJudge, "clients/sample/rows.sql")
	pg.exec(t, sentJudge, "SET allow_system_table_mods = on; UPDATE pg_class SET reltuples = -1, relpages = 0, relallvisible = 0") // nobody is told of sizes
	p := startProxy(t, proxyOptions{
		database: sentThrough, role: "wherewall_svc", policy: []string{filepath.Join(sample, "policy"), "clients/sample/more.yaml"},
	})
	return p.dsn("dana"), pg.dsn("dana", "demo", sentJudge)
}

func namedOIDs(t *testing.T) map[string]string {
	t.Helper()
	oids := map[string]string{}
	for _, row := range pg.rows(t, sentThrough, captured.NamesQuery) {
		oids[row[0]] = row[1]
	}
	return oids
}

// replay says a session to both sides at once. After a difference it goes on, so that all of them are told.
func replay(t *testing.T, nr int, session captured.Session, judge, through *client, oids map[string]string) {
	t.Helper()
	for i, s := range session {
		place := fmt.Sprintf("session %d, statement %d", nr, i+1)
		s.SQL, s.Parameters = captured.OIDs(s.SQL, oids), captured.OIDs(s.Parameters, oids)
		values, err := captured.Values(s.Parameters)
		require.NoError(t, err)
		got := through.say(t, s, values)
		if s.Refused != "" {
			if got.code() != s.Refused {
				t.Errorf("%s\n%s\nwanted: %s\ngot:    %s", place, s.SQL, s.Refused, got.describe())
			}
			continue
		}
		want := judge.say(t, s, values)
		if want.status != got.status { // The rest of the session is comparable again outside of what only one of them has left.
			judge.query(t, "ROLLBACK")
			through.query(t, "ROLLBACK")
		}
		if difference := differs(s.SQL, want, got); difference != "" && s.Open == "" {
			t.Errorf("%s\n%s\n%s\n%s", place, s.SQL, s.Parameters, difference)
		}
	}
}

// say sends a statement the way in which the client sent it.
func (c *client) say(t *testing.T, s captured.Statement, values [][]byte) *outcome {
	t.Helper()
	if !s.Extended {
		return c.query(t, s.SQL)
	}
	c.Send(&pgproto3.Parse{Query: s.SQL})
	c.Send(&pgproto3.Bind{Parameters: values})
	c.Send(&pgproto3.Describe{ObjectType: 'P'})
	c.Send(&pgproto3.Execute{})
	c.Send(&pgproto3.Sync{})
	o, err := c.outcome()
	require.NoError(t, err, s.SQL)
	return o
}

// differs says in which way a client would notice, or nothing.
func differs(sql string, want, got *outcome) string {
	if want.code() != got.code() {
		return fmt.Sprintf("wanted: %s\ngot:    %s", want.describe(), got.describe())
	}
	if want.err != nil {
		return ""
	}
	if a, b := namesAndTypes(want.fields), namesAndTypes(got.fields); a != b {
		return fmt.Sprintf("wanted columns: %s\ngot:            %s", a, b)
	}
	if slices.EqualFunc(want.rows, got.rows, slices.Equal) && slices.Equal(want.tags, got.tags) {
		return "" // the same to the letter, as thousands of rows are quickest compared
	}
	if a, b := maskSent(want.comparable(sql)), maskSent(got.comparable(sql)); !slices.Equal(a, b) {
		return fmt.Sprintf("wanted: %d rows, %v\ngot:    %d rows, %v\nonly wanted: %s\nonly got:    %s", len(a), want.tags, len(b), got.tags, without(a, b), without(b, a))
	}
	if !slices.Equal(want.tags, got.tags) {
		return fmt.Sprintf("wanted: %v\ngot:    %v", want.tags, got.tags)
	}
	return ""
}

var (
	columnOrigin = regexp.MustCompile(` table=\d+/-?\d+ `)
	columnFormat = regexp.MustCompile(`/-?\d+/-?\d+ format=\d`)
)

// namesAndTypes leaves out where columns come from: what stands in a catalog's place comes from nowhere.
func namesAndTypes(fields string) string {
	return columnFormat.ReplaceAllString(columnOrigin.ReplaceAllString(fields, " "), "")
}

// maskSent masks what belongs to one of the two databases: its name, the owner of things, who is the user through Wherewall, the rights on the server,
// and the column that only one has dropped.
func maskSent(rows []string) []string {
	names := strings.NewReplacer(sentThrough, "(database)", sentJudge, "(database)", `"postgres"`, `"dana"`, `"pg_database_owner"`, `"dana"`, `"16383"`, `"10"`)
	var masked []string
	for _, row := range rows {
		if !strings.Contains(row, "........pg.dropped") {
			masked = append(masked, today.ReplaceAllString(rights.ReplaceAllString(names.Replace(row), "NULL"), "(now)"))
		}
	}
	return masked
}

var (
	today  = regexp.MustCompile(`20\d\d-\d\d-\d\d \d\d:\d\d:\d\d\.\d+(\+00)?`)
	rights = regexp.MustCompile(`"\{?[a-z_]*=[a-zA-Z*]+/[a-z_]+((,|\\n)[a-z_]*=[a-zA-Z*]+/[a-z_]+)*\}?"`)
)

// without are the first rows that the other side has not.
func without(rows, others []string) string {
	there := map[string]bool{}
	for _, row := range others {
		there[row] = true
	}
	missing := slices.DeleteFunc(slices.Clone(rows), func(row string) bool { return there[row] })
	return strings.Join(missing[:min(4, len(missing))], "\n             ")
}
