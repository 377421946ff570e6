package tests

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// documented is a row of docs/statements.md.
type documented struct {
	sql    string
	code   string // the SQLSTATE of the refusal; empty where it succeeds
	allows string // the permission of `allow:` that it needs
}

// TestStatementsAreAsDocumented runs each statement of docs/statements.md as kim, in a transaction of its own.
func TestStatementsAreAsDocumented(t *testing.T) {
	t.Parallel()
	p := newSampleProxy(t, "documented")
	kim, bea := dial(t, p.dsn("kim")), dial(t, p.dsn("bea")) // Members may ask for plans; clerks may not.
	var wrong []string
	for _, d := range readStatements(t) {
		if d.allows != "" {
			allowed := sampleOptions("documented")
			allowed.policy = append(allowed.policy, allowing(t, d.allows))
			require.Equal(t, "", said(t, dial(t, startProxy(t, allowed).dsn("allowed")), d.sql), "%s, with allow: [%s]", d.sql, d.allows)
		}
		who := kim
		if d.allows != "" {
			who = bea
		}
		if code := said(t, who, d.sql); code != d.code {
			wrong = append(wrong, d.sql+": "+code+", and not "+d.code)
		}
	}
	require.Empty(t, wrong)
}

// said is the SQLSTATE of a statement. The names that it may mention are there: a cursor c, a prepared statement p, a savepoint s.
func said(t *testing.T, c *client, sql string) string {
	t.Helper()
	for _, before := range []string{"BEGIN", "SAVEPOINT s", "PREPARE p AS SELECT 1", "DECLARE c CURSOR FOR SELECT id FROM comment"} {
		if c.query(t, before).err != nil {
			c.query(t, "ROLLBACK TO s") // The clerk has no comments.
		}
	}
	o := c.load(t, sql, "")
	c.query(t, "ROLLBACK")
	if c.query(t, "DEALLOCATE p").err != nil {
		c.query(t, "ROLLBACK")
	}
	return o.code()
}

// allowing is a policy document with a user who has one permission of `allow:` beside the clerk's role.
func allowing(t *testing.T, what string) string {
	t.Helper()
	f, err := os.CreateTemp(t.TempDir(), "*.yaml")
	require.NoError(t, err)
	_, err = f.WriteString("users:\n  allowed: {tenants: {acme: [clerk]}, allow: [" + what + "]}\n")
	require.NoError(t, err)
	require.NoError(t, f.Close())
	return f.Name()
}

func readStatements(t *testing.T) []documented {
	t.Helper()
	text, err := os.ReadFile("../docs/statements.md")
	require.NoError(t, err)
	row := regexp.MustCompile("^\\| `([^`]+)` \\| (?:(yes)|([0-9A-Z]{5})|with `allow: \\[([a-z_]+)\\]`, else ([0-9A-Z]{5})) \\|")
	var all []documented
	for line := range strings.Lines(string(text)) {
		if !strings.HasPrefix(line, "| `") {
			continue
		}
		found := row.FindStringSubmatch(line)
		require.NotNil(t, found, "a row that says something else: %s", line)
		all = append(all, documented{sql: found[1], code: found[3] + found[5], allows: found[4]})
	}
	require.Greater(t, len(all), 40)
	return all
}
