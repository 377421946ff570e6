package tests

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/jackc/pgx/v5/pgproto3"
	"github.com/stretchr/testify/require"
)

// TestRefusalsKeepTheirPlace is about order, transactions and effects: a refusal is an error like any other.
func TestRefusalsKeepTheirPlace(t *testing.T) {
	t.Parallel()
	p := newSampleProxy(t, "refusals")
	titled := func(title string) string {
		return pg.rows(t, "refusals", "SELECT count(*) FROM app.task WHERE title = '"+title+"'")[0][0]
	}

	t.Run("in a pipeline it comes after the answers to what stands before, and undoes them", func(t *testing.T) {
		c := dial(t, p.dsn("kim"))
		c.batch("SELECT 'one' FROM org")
		c.batch("UPDATE task SET title = 'piped' WHERE assignee_id = 'kim'")
		c.batch("SELECT * FROM app.audit_log")
		c.batch("SELECT 'never' FROM org")
		c.Send(&pgproto3.Sync{})
		c.batch("SELECT 'two' FROM org")
		c.Send(&pgproto3.Sync{})
		first, err := c.outcome()
		require.NoError(t, err)
		require.Equal(t, "42P01", first.code())
		require.Equal(t, []string{"SELECT 1"}, first.tags[:1])
		require.Len(t, first.tags, 2)
		require.Equal(t, [][]string{{`"one"`}}, first.rows)
		require.Equal(t, byte('I'), first.status)
		second, err := c.outcome()
		require.NoError(t, err)
		require.Equal(t, [][]string{{`"two"`}}, second.rows)
		require.Equal(t, "0", titled("piped"))
	})
	t.Run("several in one flight, mixed with simple queries, are answered in turn", func(t *testing.T) {
		c := dial(t, p.dsn("kim"))
		var want []string
		for range 20 {
			c.Send(&pgproto3.Query{String: "SELECT 1 FROM org"})
			c.batch("SELECT pg_sleep(1)")
			c.Send(&pgproto3.Sync{})
			c.Send(&pgproto3.Query{String: "SELECT * FROM nonesuch"})
			c.batch("SELECT 2 FROM org")
			c.Send(&pgproto3.Sync{})
			want = append(want, "", "42501", "42P01", "")
		}
		var got []string
		for range want {
			o, err := c.outcome()
			require.NoError(t, err)
			got = append(got, o.code())
		}
		require.Equal(t, want, got)
	})
	t.Run("it fails the transaction", func(t *testing.T) {
		c := dial(t, p.dsn("kim"))
		c.query(t, "BEGIN")
		require.Equal(t, "", c.query(t, "UPDATE task SET title = 'failed'").code())
		o := c.query(t, "SELECT pg_sleep(0)")
		require.Equal(t, "42501", o.code())
		require.Equal(t, byte('E'), o.status)
		require.Equal(t, "25P02", c.query(t, "SELECT 1").code())
		require.Equal(t, []string{"ROLLBACK"}, c.query(t, "COMMIT").tags)
		require.Equal(t, "0", titled("failed"))
	})
	t.Run("a savepoint before it can be returned to", func(t *testing.T) {
		c := dial(t, p.dsn("kim"))
		c.query(t, "BEGIN; SAVEPOINT a")
		require.Equal(t, "42501", c.query(t, "DROP TABLE app.task").code())
		require.Equal(t, byte('T'), c.query(t, "ROLLBACK TO a").status)
		require.Equal(t, "", c.query(t, "COMMIT").code())
	})
	t.Run("one of several statements in a message leaves no effect of any", func(t *testing.T) {
		c := dial(t, p.dsn("kim"))
		o := c.query(t, "UPDATE task SET title = 'several'; SELECT * FROM app.audit_log; UPDATE task SET title = 'several'")
		require.Equal(t, "42P01", o.code())
		require.Equal(t, byte('I'), o.status)
		require.Equal(t, "0", titled("several"))
	})
	t.Run("in a failed transaction it is PostgreSQL's own 25P02", func(t *testing.T) {
		c := dial(t, p.dsn("kim"))
		c.query(t, "BEGIN; SELECT 1/0")
		require.Equal(t, "25P02", c.query(t, "SELECT pg_sleep(0)").code())
		require.Equal(t, byte('I'), c.query(t, "ROLLBACK").status)
	})
	t.Run("a refused Parse leaves no statement behind", func(t *testing.T) {
		c := dial(t, p.dsn("kim"))
		c.Send(&pgproto3.Parse{Name: "s", Query: "SELECT * FROM app.audit_log"})
		c.Send(&pgproto3.Sync{})
		o, err := c.outcome()
		require.NoError(t, err)
		require.Equal(t, "42P01", o.code())
		c.Send(&pgproto3.Bind{PreparedStatement: "s"})
		c.Send(&pgproto3.Execute{})
		c.Send(&pgproto3.Sync{})
		o, err = c.outcome()
		require.NoError(t, err)
		require.Equal(t, "26000", o.code())
	})
	t.Run("a function call is refused", func(t *testing.T) {
		c := dial(t, p.dsn("kim"))
		c.Send(&pgproto3.FunctionCall{Function: 2626})
		o, err := c.outcome()
		require.NoError(t, err)
		require.Equal(t, "0A000", o.code())
		require.Equal(t, "", c.query(t, "SELECT 1").code())
	})
	t.Run("the mark of the stand-in is not shown", func(t *testing.T) {
		c := dial(t, p.dsn("kim"))
		for _, sql := range []string{"SELECT pg_sleep(0)", "SELECT * FROM nonesuch", "INSERT INTO task (project_id, title) VALUES (13, 'x')"} {
			o := c.query(t, sql)
			require.NotEmpty(t, o.code())
			told := describeError(o.err) + o.err.InternalQuery + o.err.Where + o.err.Detail
			require.NotContains(t, told, "ww_", sql)
			require.NotRegexp(t, "[0-9a-f]{32}", told, sql)
		}
	})
}

// batch sends a statement by the extended protocol, without a Sync.
func (c *client) batch(sql string) {
	c.Send(&pgproto3.Parse{Query: sql})
	c.Send(&pgproto3.Bind{})
	c.Send(&pgproto3.Execute{})
}

// TestPositionsOfRefusals wants the caret of a refusal under the name that is refused, in the client's own text.
func TestPositionsOfRefusals(t *testing.T) {
	t.Parallel()
	c := dial(t, newSampleProxy(t, "positions").dsn("kim"))
	for _, sql := range []string{
		"SELECT * FROM ^audit_log",
		"SELECT 'é€😀', /* ünï */ 1 FROM   ^app.audit_log a",
		"SELECT 1; SELECT 'ß';\n  SELECT id FROM project WHERE id IN (SELECT id FROM ^invoice)",
		"SELECT 'é', id,\n\t^pg_sleep(1) FROM project",
		"WITH x AS (SELECT 'é') SELECT * FROM project p JOIN ^nonesuch n ON true",
		"INSERT INTO ^project (name) VALUES ('é')",
		"SELECT '€', p.^nonesuch FROM project p",
		"SELECT '€', 'é€' || ^nonesuch FROM project p",
		"UPDATE task SET title = '€', ^nonesuch = 1",
		"SELECT '€' FROM project p WHERE id = ^'x'",
	} {
		before, after, found := strings.Cut(sql, "^")
		require.True(t, found)
		o := c.query(t, before+after)
		require.NotEmpty(t, o.code(), sql)
		want := utf8.RuneCountInString(before) + 1
		if strings.HasSuffix(before, "p.") { // PostgreSQL points at the qualifier
			want -= 2
		}
		require.Equal(t, want, int(o.err.Position), "%s\n%s", sql, describeError(o.err))
	}
}
