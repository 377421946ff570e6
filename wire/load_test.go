package wire

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/wherewall/wherewall/rewrite"
)

// sends queues a Query as if the client had sent it and the rewriter had made these statements of it.
func (s *stage) sends(statements ...rewrite.Statement) {
	s.pending.push(request{kind: 'Q', of: statement{template: &rewrite.Template{Statements: statements}, values: s.view.values}})
}

func stagedStatements() []rewrite.Statement {
	load := &rewrite.Load{Table: "task", Lines: true, Before: 1}
	return []rewrite.Statement{
		{Kind: rewrite.CopyPrepare, Load: load},
		{Kind: rewrite.CopyFill, Load: load},
		{Kind: rewrite.CopyStore, Load: load, Hidden: rewrite.HiddenRows},
		{Kind: rewrite.CopyEnd, Load: load},
	}
}

func TestTheClientHearsOfOneCopyOnly(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.start(t)
	s.sends(append(stagedStatements(), rewrite.Statement{Kind: rewrite.Select})...)
	s.server.send(message('C', "CREATE TABLE\x00"), message('G', "\x00\x00\x00"))
	s.client.expect("G")
	require.True(t, s.pending.isLoading())
	s.server.send(message('C', "COPY 7\x00"), description("ww"), dataRow(nil), message('C', "INSERT 0 5\x00"), message('C', "DROP TABLE\x00"),
		message('C', "SELECT 1\x00"), ready)
	require.Equal(t, "COPY 5\x00", string(s.client.expect("C")))
	require.Equal(t, "SELECT 1\x00", string(s.client.expect("C")))
	s.client.expect("Z")
	require.False(t, s.pending.isLoading())
}

func TestRowsAreAskedForInTheirPlaceOnly(t *testing.T) {
	t.Parallel()
	asks, tag := string(message('G', "\x00\x00\x00")), string(message('C', "COPY 1\x00"))
	cases := []struct {
		name, reply, passes string
		statements          []rewrite.Statement
	}{
		{"for a SELECT", asks, "", []rewrite.Statement{{Kind: rewrite.Select}}},
		{"for a COPY to the client", asks, "", []rewrite.Statement{{Kind: rewrite.Copy}}},
		{"twice", asks + asks, "G", []rewrite.Statement{{Kind: rewrite.CopyIn}}},
		{"when it is over", asks + tag + asks, "GC", []rewrite.Statement{{Kind: rewrite.CopyIn}}},
		{"before the table is made", asks, "", stagedStatements()},
		{"for the INSERT", string(message('C', "CREATE TABLE\x00")) + tag + asks, "", stagedStatements()},
		{"an end that is none", string(message('C', "CREATE TABLE\x00")) + tag + string(message('C', "DELETE 5\x00")), "", stagedStatements()},
		{"rows of the client's", asks + string(message('d', "1\n")), "G", []rewrite.Statement{{Kind: rewrite.CopyIn}}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t)
			s.start(t)
			s.sends(c.statements...)
			s.server.send([]byte(c.reply))
			s.client.expect(c.passes)
			s.client.expectError(stateProtocol)
			s.client.expectEnd()
		})
	}
}

func TestErrorsOfACopyTellItsLine(t *testing.T) {
	t.Parallel()
	direct := &rewrite.Statement{Kind: rewrite.CopyIn, Load: &rewrite.Load{Table: "task"}}
	fill, store := stagedStatements()[1], stagedStatements()[2]
	for _, c := range []struct {
		name, context, where string
		about                *rewrite.Statement
		function             bool
	}{
		{"a line", `COPY task, line 3, column id: "x"`, `COPY task, line 3, column id: "x"`, direct, false},
		{"a line with a break", "COPY task, line 3: \"a\nPL/pgSQL function f() line 1\"", "COPY task, line 3: \"a\nPL/pgSQL function f() line 1\"", direct, false},
		{"a line of ours", `COPY ww_copy, line 3: "x"`, `COPY task, line 3: "x"`, &fill, false},
		{"another table", `COPY other, line 3: "secret"`, "", direct, true},
		{"a function", "PL/pgSQL function f() line 1 at RAISE\nCOPY task, line 3: \"x\"", "COPY task, line 3", direct, true},
		{"a function in a COPY of its own", "COPY other, line 1: \"secret\"\nSQL statement \"COPY\"\nCOPY task, line 3: \"x\"", "COPY task, line 3", direct, true},
		{"what is no COPY", "COPY task, line 3", "", &rewrite.Statement{Kind: rewrite.Insert}, true},
		{"the INSERT", "COPY task, line 3", "", &store, true},
	} {
		f := errorFields{code: "22P02", message: "m", context: c.context}
		loadContext(&f, c.about)
		require.Equal(t, c.where, f.where, c.name)
		require.Equal(t, c.function, f.fromFunction(), c.name)
	}
	require.Equal(t, "COPY task, line 8", refusedRow(&store, 7))
	require.Empty(t, refusedRow(&store, 0))
	require.Empty(t, refusedRow(direct, 7))
	csv := rewrite.Statement{Kind: rewrite.CopyStore, Load: &rewrite.Load{Table: "task", Before: 1}}
	require.Equal(t, "COPY task, row 7", refusedRow(&csv, 7))
	f := errorFields{code: stateReadOnly, message: "cannot execute INSERT in a read-only transaction"}
	scrubLoad(&f, &store)
	require.Equal(t, "cannot execute COPY FROM in a read-only transaction", f.message)
	require.NotContains(t, strings.ToLower(f.message), "insert")
}
