package wire

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/wherewall/wherewall/rewrite"
)

// ask sends a Query and answers it with complete tags.
func (s *stage) ask(sql string, tags ...string) {
	s.client.t.Helper()
	s.client.send(message('Q', sql+"\x00"))
	s.server.expect("Q")
	for _, tag := range tags {
		s.server.send(message('C', tag+"\x00"))
		s.client.expect("C")
	}
	s.server.send(inBlock)
	s.client.expect("Z")
}

// expectNo expects that a Query is refused.
func (s *stage) expectNo(sql, state, text string) {
	s.client.t.Helper()
	s.client.send(message('Q', sql+"\x00"))
	sent := string(s.server.expect("Q"))
	require.NotContains(s.client.t, sent, "EXECUTE")
	require.NotContains(s.client.t, sent, "FETCH")
	s.server.send(serverError("ERROR", "22P02", sent), message('Z', "E"))
	f := s.client.expectError(state)
	require.Contains(s.client.t, f.message, text)
	s.client.expect("Z")
}

func TestNamesOfSQLDoNotOutliveThePolicy(t *testing.T) {
	t.Parallel()
	begin := func(t *testing.T) *stage {
		t.Helper()
		s := newStage(t)
		s.start(t)
		s.ask("PREPARE p AS SELECT 1; DECLARE c CURSOR WITH HOLD FOR SELECT 1", "PREPARE", "DECLARE CURSOR")
		return s
	}
	for sql, want := range map[string][2]string{
		"EXECUTE p":           {stateNoStatement, `prepared statement "p" was made under an older policy`},
		"FETCH FROM c":        {stateNoCursor, `cursor "c" was opened under an older policy`},
		"MOVE 1 FROM c":       {stateNoCursor, "older policy"},
		"SELECT 1; EXECUTE p": {stateNoStatement, "older policy"},
		"CLOSE d; FETCH c":    {stateNoCursor, "older policy"},
	} {
		t.Run(sql+" is refused under a newer policy", func(t *testing.T) {
			t.Parallel()
			s := begin(t)
			s.worlds.Store(testWorld())
			s.expectNo(sql, want[0], want[1])
		})
	}
	t.Run("a prepared statement of SQL is not bound under a newer policy", func(t *testing.T) {
		t.Parallel()
		s := begin(t)
		s.worlds.Store(testWorld())
		s.client.send(bindMessage("", "p"), syncMessage)
		s.expectRefusal(stateNoStatement)
	})
	t.Run("a cursor of SQL is not executed under a newer policy", func(t *testing.T) {
		t.Parallel()
		s := begin(t)
		s.worlds.Store(testWorld())
		s.client.send(executeMessage("c", 0), syncMessage)
		s.expectRefusal(stateNoStatement)
	})
	t.Run("a text may make anew what it uses", func(t *testing.T) {
		t.Parallel()
		s := begin(t)
		s.worlds.Store(testWorld())
		s.ask("DEALLOCATE p; PREPARE p AS SELECT 2; EXECUTE p; CLOSE ALL", "DEALLOCATE", "PREPARE", "SELECT 1", "CLOSE CURSOR ALL")
		s.ask("EXECUTE p", "SELECT 1")
	})
	t.Run("nothing is run while no policy can be read", func(t *testing.T) {
		t.Parallel()
		s := begin(t)
		s.worlds.Store(nil)
		s.expectNo("EXECUTE p", stateCannotConnect, "policy")
	})
}

func TestNamesOfSQLAreThoseOfTheProtocol(t *testing.T) {
	t.Parallel()
	t.Run("what a failed PREPARE would have made is not there", func(t *testing.T) {
		t.Parallel()
		s := newStage(t)
		s.start(t)
		s.client.send(message('Q', "PREPARE p AS SELECT 1\x00"))
		s.server.expect("Q")
		s.server.send(serverError("ERROR", "42P05", "exists"), ready)
		s.client.expect("EZ")
		require.Nil(t, s.pending.names.oldest("p"))
	})
	t.Run("a completion of what nobody prepared ends the session", func(t *testing.T) {
		t.Parallel()
		s := newStage(t)
		s.start(t)
		s.client.send(message('Q', "EXECUTE p\x00"))
		s.server.expect("Q")
		s.server.send(message('C', "SELECT 1\x00"))
		require.Equal(t, "FATAL", s.client.expectError(stateProtocol).fixedSeverity)
	})
	t.Run("a row of a cursor that nobody opened ends the session", func(t *testing.T) {
		t.Parallel()
		s := newStage(t)
		s.start(t)
		s.client.send(message('Q', "FETCH c\x00"))
		s.server.expect("Q")
		s.server.send(message('D', "\x00\x01\x00\x00\x00\x01x"))
		require.Equal(t, "FATAL", s.client.expectError(stateProtocol).fixedSeverity)
	})
	t.Run("a portal without rows of its own is not fetched from", func(t *testing.T) {
		t.Parallel()
		s := inTransaction(t, rewrite.Statement{Kind: rewrite.Insert, Hidden: rewrite.HiddenRows})
		s.expectNo("FETCH FROM p", stateNotReady, "cannot be run")
	})
	t.Run("only queries are executed by name", func(t *testing.T) {
		t.Parallel()
		s := newStage(t)
		s.knows("a", rewrite.Statement{Kind: rewrite.DiscardAll})
		s.start(t)
		s.expectNo("EXECUTE a", stateUnsupported, "cannot be run by name")
	})
	t.Run("the column of a check is taken out of what EXECUTE and FETCH give", func(t *testing.T) {
		t.Parallel()
		s := inTransaction(t, rewrite.Statement{Kind: rewrite.Insert, Hidden: rewrite.HiddenColumn})
		for _, sql := range []string{"EXECUTE a", "FETCH FROM p"} {
			s.client.send(message('Q', sql+"\x00"))
			s.server.expect("Q")
			s.server.send(message('D', "\x00\x02\x00\x00\x00\x01x\xff\xff\xff\xff"), message('C', "INSERT 0 1\x00"), inBlock)
			require.Equal(t, "\x00\x01\x00\x00\x00\x01x", string(s.client.expect("D")))
			s.client.expect("CZ")
		}
	})
	t.Run("DISCARD ALL forgets both, and DEALLOCATE ALL not the unnamed", func(t *testing.T) {
		t.Parallel()
		s := newStage(t)
		s.knows("", rewrite.Statement{Kind: rewrite.Select})
		s.knows("a", rewrite.Statement{Kind: rewrite.Select})
		s.pending.names.end("", "")
		require.NotNil(t, s.pending.names.oldest(""))
		require.Nil(t, s.pending.names.oldest("a"))
	})
	t.Run("there is no end of room for neither", func(t *testing.T) {
		t.Parallel()
		s := newStage(t)
		s.pending.names.weight = maxPrepared
		s.start(t)
		s.client.send(message('Q', "PREPARE p AS SELECT 1\x00"))
		sent := string(s.server.expect("Q"))
		require.False(t, strings.HasPrefix(sent, "PREPARE"))
		s.server.send(serverError("ERROR", "22P02", sent), ready)
		s.client.expectError(stateLimit)
		s.client.expect("Z")
	})
}

func TestPlansAreReduced(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.knows("e", rewrite.Statement{Kind: rewrite.Explain, Hidden: rewrite.HiddenPlan, Body: &rewrite.Statement{
		Kind: rewrite.Select, Uses: []rewrite.Use{{Relation: "task"}},
	}})
	s.start(t)
	s.client.send(bindMessage("", "e"), executeMessage("", 0), syncMessage)
	s.server.expect("BES")
	line := func(text string) []byte {
		return message('D', "\x00\x01\x00\x00\x00"+string([]byte{byte(len(text))})+text)
	}
	s.server.send(message('2', ""), line("Seq Scan on task"), line("  Filter: (org_id = 'acme')"), line("  ->  Seq Scan on secret s"), message('C', "EXPLAIN\x00"), ready)
	require.Equal(t, "Seq Scan on task", string(s.client.expect("2D")[6:]))
	require.Equal(t, "  ->  Seq Scan", string(s.client.expect("D")[6:]))
	s.client.expect("CZ")
}
