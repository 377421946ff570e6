package tests

import (
	"testing"

	"github.com/jackc/pgx/v5/pgproto3"
	"github.com/stretchr/testify/require"
)

// What one subject leaves in a session that another one uses next must be of no use to that one: two subjects of different tenants share a session, which is
// the attack. What each is to see was counted on the server without Wherewall: 20 rows of acme, 10 of globex.

const asKim, asWil = "SET wherewall.user = 'kim'", "SET wherewall.user = 'wil'"

func TestNothingOutlivesASubject(t *testing.T) {
	t.Parallel()
	p := newSubjectProxy(t, "subjects_attack")
	const first = "SELECT tenant FROM doc ORDER BY id LIMIT 1"
	for name, lines := range map[string][][2]string{
		"a statement that SQL prepared": {
			{asKim, ""},
			{"PREPARE s AS " + countDocs, ""},
			{"EXECUTE s", acmeDocs},
			{asWil, ""},
			{"EXECUTE s", "26000"},
			{"EXPLAIN EXECUTE s", "42501"},
			{"PREPARE s AS " + countDocs, "42P05"},
			{"DEALLOCATE s", ""},
			{"PREPARE s AS " + countDocs, ""},
			{"EXECUTE s", globexDocs},
			{asKim, ""},
			{"EXECUTE s", "26000"},
		},
		"a statement that SQL prepared comes back with its subject": {
			{asKim, ""}, {"PREPARE s AS " + countDocs, ""}, {asWil, ""}, {"EXECUTE s", "26000"}, {asKim, ""}, {"EXECUTE s", acmeDocs},
		},
		"a statement that SQL prepared, in the message that changes the subject": {
			{asKim, ""},
			{"PREPARE s AS " + countDocs, ""},
			{asWil, ""},
			{"EXECUTE s; " + asWil, "26000"},
			{"EXECUTE s; RESET ALL", "26000"},
			{"PREPARE w AS " + countDocs + "; EXECUTE w; " + asKim, globexDocs},
			{"EXECUTE w", "26000"},
			{"EXECUTE s", acmeDocs},
		},
		"a cursor in a transaction": {
			{"BEGIN", ""}, {"SET LOCAL wherewall.user = 'kim'", ""}, {"DECLARE c CURSOR FOR " + first, ""}, {"SET LOCAL wherewall.user = 'wil'", ""}, {"FETCH c", "34000"},
		},
		"a cursor that is held": {
			{"BEGIN", ""},
			{"SET LOCAL wherewall.user = 'kim'", ""},
			{"DECLARE c CURSOR WITH HOLD FOR " + first, ""},
			{"COMMIT", ""},
			{"FETCH c", "34000"},
			{asWil, ""},
			{"FETCH c", "34000"},
			{"MOVE c", "34000"},
			{"CLOSE c", ""},
			{asKim, ""},
			{"FETCH c", "34000"},
		},
		"a temporary table": {
			{asKim, ""},
			{"CREATE TEMP TABLE mine AS SELECT * FROM doc", ""},
			{"SELECT count(*) FROM mine", "20"},
			{asWil, ""},
			{"SELECT count(*) FROM mine", "55000"},
			{"SELECT count(*) FROM pg_temp.mine", "55000"},
			{"INSERT INTO mine SELECT * FROM doc", "55000"},
			{"COPY mine TO STDOUT", "55000"},
			{"CREATE TEMP TABLE other (id int)", "55000"},
			{"DROP TABLE mine", "55000"},
			{"DECLARE c CURSOR WITH HOLD FOR SELECT * FROM mine", "55000"},
			{"PREPARE s AS SELECT * FROM mine", "55000"},
			{asKim, ""},
			{"SELECT count(*) FROM mine", "20"},
			{"DISCARD ALL", ""},
			{asWil, ""},
			{"SELECT count(*) FROM mine", "42P01"},
			{"CREATE TEMP TABLE mine AS SELECT * FROM doc", ""},
			{"SELECT count(*) FROM mine", "10"},
		},
		"a temporary table whose end was rolled back": {
			{asKim, ""}, {"CREATE TEMP TABLE mine AS SELECT * FROM doc", ""}, {"BEGIN", ""}, {"DISCARD TEMP", ""}, {"ROLLBACK", ""}, {asWil, ""}, {"SELECT count(*) FROM mine", "55000"},
		},
		"numbers of sequences": {
			{asKim, ""},
			{"INSERT INTO doc (tenant, title) VALUES ('acme', 'new')", ""},
			{"SELECT currval('doc_id_seq') > 0", "t"},
			{"SELECT lastval() > 0", "t"},
			{asWil, ""},
			{"SELECT currval('doc_id_seq')", "55000"},
			{"SELECT lastval()", "55000"},
			{"INSERT INTO doc (tenant, title) VALUES ('globex', 'new') RETURNING tenant", "globex"},
			{"SELECT lastval()", "55000"},
			{"DISCARD ALL", ""},
			{asWil, ""},
			{"SELECT nextval('doc_id_seq') = lastval()", "t"},
			{"DELETE FROM doc WHERE title = 'new'", ""},
			{asKim, ""},
			{"DELETE FROM doc WHERE title = 'new'", ""},
			{"SELECT currval('doc_id_seq')", "55000"},
		},
		"locks of the session": {
			{asKim, ""},
			{"SELECT pg_advisory_lock(1)", "0A000"},
			{"SELECT pg_try_advisory_lock_shared(1, 2)", "0A000"},
			{"SELECT pg_advisory_unlock(1)", "0A000"},
			{"BEGIN", ""},
			{"SELECT pg_advisory_xact_lock(1)", ""},
			{"COMMIT", ""},
			{"SELECT pg_advisory_unlock_all()", ""},
		},
		"channels": {
			{asKim, ""}, {"LISTEN news", "0A000"}, {"NOTIFY news", ""}, {"UNLISTEN *", ""}, {"RESET ALL", ""}, {"LISTEN news", "42501"},
		},
		"rights of the login itself": {
			{"SELECT count(*) FROM price", "42P01"}, {asKim, ""}, {"SELECT count(*) FROM price", "5"}, {"DISCARD ALL", ""}, {"SELECT count(*) FROM price", "42P01"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			script(t, dial(t, p.dsn("pool")), lines...)
		})
	}
	require.Equal(t, [][]string{{"acme", "20"}, {"globex", "10"}}, pg.rows(t, "subjects_attack", countDocs))
}

// parsed prepares a statement by a message of its own.
func parsed(t *testing.T, c *client, name, sql string) {
	t.Helper()
	require.Equal(t, "", batch(t, c, &pgproto3.Parse{Name: name, Query: sql}, &pgproto3.Describe{ObjectType: 'S', Name: name}).code())
}

func TestAPreparedStatementIsMadeAnewForEachSubject(t *testing.T) {
	t.Parallel()
	p := newSubjectProxy(t, "subjects_prepared")
	bound := func(name string) []pgproto3.FrontendMessage {
		return []pgproto3.FrontendMessage{&pgproto3.Bind{PreparedStatement: name}, &pgproto3.Execute{}}
	}
	t.Run("it reads the rows of the subject that runs it", func(t *testing.T) {
		c := dial(t, p.dsn("pool"))
		script(t, c, [2]string{asKim, ""})
		parsed(t, c, "s", countDocs)
		for range 3 {
			require.Equal(t, acmeDocs, told(batch(t, c, bound("s")...)))
			script(t, c, [2]string{asWil, ""})
			require.Equal(t, globexDocs, told(batch(t, c, bound("s")...)))
			script(t, c, [2]string{asKim, ""})
		}
		o := batch(t, c, bound("s")...)
		require.Equal(t, []string{"SELECT 1"}, o.tags)
		require.NotContains(t, o.raw, "1\x00\x00\x00\x04", "nobody hears that it was parsed anew")
	})
	t.Run("so does the unnamed one", func(t *testing.T) {
		c := dial(t, p.dsn("pool"))
		o := batch(t, c, append(append(append(all("BEGIN", "SET LOCAL wherewall.user = 'kim'"),
			&pgproto3.Parse{Name: "set", Query: "SET LOCAL wherewall.user = 'wil'"}, &pgproto3.Parse{Query: countDocs}, &pgproto3.Bind{}, &pgproto3.Execute{},
			&pgproto3.Bind{PreparedStatement: "set"}, &pgproto3.Execute{}), bound("")...), all("COMMIT")...)...)
		require.Equal(t, acmeDocs+", "+globexDocs, told(o))
	})
	t.Run("a portal is of the subject that it was bound for", func(t *testing.T) {
		c := dial(t, p.dsn("pool"))
		script(t, c, [2]string{"BEGIN", ""}, [2]string{asKim, ""})
		o := batch(t, c, &pgproto3.Parse{Query: "SELECT tenant FROM doc"}, &pgproto3.Bind{DestinationPortal: "p"}, &pgproto3.Execute{Portal: "p", MaxRows: 1})
		require.Equal(t, "acme", told(o))
		script(t, c, [2]string{asWil, ""})
		require.Equal(t, "26000", batch(t, c, &pgproto3.Execute{Portal: "p"}).code())
		script(t, c, [2]string{"ROLLBACK", ""})
	})
	t.Run("what columns a portal has is for the subject that it was bound for", func(t *testing.T) {
		c := dial(t, p.dsn("pool"))
		script(t, c, [2]string{"BEGIN", ""}, [2]string{asKim, ""}, [2]string{"DECLARE c CURSOR FOR SELECT * FROM doc", ""})
		bind := []pgproto3.FrontendMessage{&pgproto3.Parse{Name: "s", Query: "SELECT * FROM doc"}, &pgproto3.Bind{DestinationPortal: "p", PreparedStatement: "s"}}
		describe := func(name string) *outcome { return batch(t, c, &pgproto3.Describe{ObjectType: 'P', Name: name}) }
		require.Equal(t, "", batch(t, c, bind...).code())
		require.Contains(t, describe("p").raw+describe("c").raw, "body")
		for _, name := range []string{"p", "c"} {
			script(t, c, [2]string{"SAVEPOINT s", ""}, [2]string{"SET wherewall.user = 'ron'", ""})
			o := describe(name)
			require.Equal(t, "26000", o.code())
			require.NotContains(t, o.raw, "body")
			script(t, c, [2]string{"ROLLBACK TO s", ""})
		}
	})
	t.Run("one that the next subject may not run is refused to him, and stays", func(t *testing.T) {
		c := dial(t, p.dsn("clerk"))
		script(t, c, [2]string{asKim, ""})
		parsed(t, c, "s", countDocs)
		script(t, c, [2]string{"RESET ALL", ""})
		o := batch(t, c, bound("s")...)
		require.Equal(t, nothingOfDocs, o.code())
		require.Empty(t, o.rows)
		require.Equal(t, nothingOfDocs, batch(t, c, &pgproto3.Describe{ObjectType: 'S', Name: "s"}).code())
		script(t, c, [2]string{asKim, ""})
		require.Equal(t, acmeDocs, told(batch(t, c, bound("s")...)))
	})
	t.Run("in a failed transaction it is as lost as any, and comes back", func(t *testing.T) {
		c := dial(t, p.dsn("pool"))
		script(t, c, [2]string{asKim, ""})
		parsed(t, c, "s", countDocs)
		script(t, c, [][2]string{{asWil, ""}, {"BEGIN", ""}, {"SELECT 1/0", "22012"}}...)
		require.Equal(t, "25P02", batch(t, c, bound("s")...).code())
		script(t, c, [2]string{"ROLLBACK", ""})
		require.Equal(t, globexDocs, told(batch(t, c, bound("s")...)))
		script(t, c, [2]string{asKim, ""})
		require.Equal(t, acmeDocs, told(batch(t, c, bound("s")...)))
	})
	t.Run("with other columns it is another statement", func(t *testing.T) {
		c := dial(t, p.dsn("pool"))
		script(t, c, [2]string{asKim, ""})
		parsed(t, c, "s", "SELECT * FROM doc WHERE id = 3 OR id = 1")
		script(t, c, [2]string{"SET wherewall.user = 'ron'", ""})
		for range 2 {
			o := batch(t, c, bound("s")...)
			require.Equal(t, "0A000", o.code())
			require.Equal(t, "cached plan must not change result type", o.err.Message)
			require.Empty(t, o.rows)
		}
		o := batch(t, c, append([]pgproto3.FrontendMessage{&pgproto3.Describe{ObjectType: 'S', Name: "s"}}, bound("s")...)...)
		require.Equal(t, "3 globex t3", told(o), "whoever asks what it is like may run it")
		script(t, c, [2]string{asKim, ""})
		require.Equal(t, "0A000", batch(t, c, bound("s")...).code())
		require.Equal(t, "", batch(t, c, &pgproto3.Close{ObjectType: 'S', Name: "s"}, &pgproto3.Parse{Name: "s", Query: countDocs}).code())
		require.Equal(t, acmeDocs, told(batch(t, c, bound("s")...)))
	})
	t.Run("with the same columns and other rights it is the same", func(t *testing.T) {
		c := dial(t, p.dsn("pool"))
		script(t, c, [2]string{asKim, ""})
		parsed(t, c, "s", "SELECT title FROM doc WHERE id < $1::int ORDER BY id")
		script(t, c, [2]string{"SET wherewall.user = 'ron'", ""})
		with := []pgproto3.FrontendMessage{&pgproto3.Bind{PreparedStatement: "s", Parameters: [][]byte{[]byte("7")}}, &pgproto3.Execute{}}
		require.Equal(t, "t3, t6", told(batch(t, c, with...)))
		script(t, c, [2]string{asKim, ""})
		require.Equal(t, "t1, t2, t4, t5", told(batch(t, c, with...)))
	})
	t.Run("writes are checked for the subject that runs them", func(t *testing.T) {
		c := dial(t, p.dsn("pool"))
		script(t, c, [2]string{asKim, ""})
		parsed(t, c, "s", "UPDATE doc SET owner = owner WHERE id IN (1, 3)")
		require.Equal(t, []string{"UPDATE 1"}, batch(t, c, bound("s")...).tags)
		script(t, c, [2]string{asWil, ""})
		require.Equal(t, []string{"UPDATE 1"}, batch(t, c, bound("s")...).tags)
		parsed(t, c, "i", "INSERT INTO doc (tenant, title) VALUES ('globex', 'x') RETURNING tenant")
		script(t, c, [2]string{"BEGIN", ""})
		require.Equal(t, "globex", told(batch(t, c, bound("i")...)))
		script(t, c, [][2]string{{"ROLLBACK", ""}, {asKim, ""}}...)
		require.Equal(t, "42501", batch(t, c, bound("i")...).code())
	})
}

func TestATokenInACommentIsForOneStatement(t *testing.T) {
	t.Parallel()
	p := newImpersonating(t, "impersonated_comment")
	kim, wil := " /* wherewall.token='"+p.tokenOf(t, "kim", "")+"' */", " /* wherewall.token='"+p.tokenOf(t, "wil", "")+"' */"
	c := dial(t, p.dsn("signed"))
	for _, sql := range []string{
		"PREPARE s AS SELECT 1", "DECLARE c CURSOR WITH HOLD FOR SELECT tenant FROM doc", "CREATE TEMP TABLE mine AS SELECT * FROM doc", "LISTEN news",
		"SET wherewall.token = 'x'", "EXECUTE s", "FETCH c", "SELECT count(*) FROM pg_temp.mine", "SELECT pg_advisory_lock(1)",
	} {
		require.Equal(t, "0A000", c.query(t, sql+kim).code(), sql)
	}
	parsedBy := func(name, sql string) *outcome { return batch(t, c, &pgproto3.Parse{Name: name, Query: sql}) }
	require.Equal(t, "", parsedBy("k", countDocs+kim).code())
	require.Equal(t, "", parsedBy("w", countDocs+wil).code())
	for range 2 {
		o := batch(t, c, &pgproto3.Bind{PreparedStatement: "k"}, &pgproto3.Execute{}, &pgproto3.Bind{PreparedStatement: "w"}, &pgproto3.Execute{})
		require.Equal(t, acmeDocs+", "+globexDocs, told(o))
		require.Equal(t, nothingOfDocs, seen(t, c))
	}
	o := c.query(t, "BEGIN"+kim)
	require.Equal(t, "", o.code())
	require.Equal(t, globexDocs, told(c.query(t, countDocs+wil)))
	require.Equal(t, nothingOfDocs, seen(t, c))
	require.Equal(t, "", c.query(t, "ROLLBACK"+kim).code())
	// Places in errors are those of the client's text.
	text := "/* wherewall.token='" + p.tokenOf(t, "kim", "") + "' */ SELECT nosuch FROM doc"
	o = c.query(t, text)
	require.Equal(t, "42703", o.code())
	require.Equal(t, int32(len(text)-len("nosuch FROM doc")+1), o.err.Position)
}
