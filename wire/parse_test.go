package wire

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/wherewall/wherewall/rewrite"
)

func TestDeclaredTypes(t *testing.T) {
	t.Parallel()
	t.Run("a type that may not be cast to may not be declared", func(t *testing.T) {
		t.Parallel()
		s := newStage(t)
		s.start(t)
		s.client.send(message('P', "a\x00select $1, $2\x00\x00\x02\x00\x00\x00\x00\x00\x00\x08\x9d"), syncMessage)
		parse := string(s.server.expect("P"))
		s.server.expect("S")
		require.Contains(t, parse, testMark)
		require.True(t, strings.HasSuffix(parse, "\x00\x00\x00"), "the server is told no types")
		s.server.send(serverError("ERROR", "22P02", parse), ready)
		require.Equal(t, "permission denied for the type of parameter $2", s.client.expectError(stateDenied).message)
		require.Empty(t, s.pending.names.versions)
	})
	t.Run("a type that is left to the server passes", func(t *testing.T) {
		t.Parallel()
		s := newStage(t)
		s.start(t)
		s.client.send(message('P', "a\x00select $1\x00\x00\x01\x00\x00\x02\xc1"), syncMessage)
		require.Equal(t, "a\x00SELECT $1\x00\x00\x01\x00\x00\x02\xc1", string(s.server.expect("P")))
	})
}

func TestLongNamesAreTheClients(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.start(t)
	name := strings.Repeat("x", 62) + "é and more"
	s.client.send(message('P', name+"\x00select 1\x00\x00\x00"), bindMessage("", name), syncMessage)
	require.True(t, strings.HasPrefix(string(s.server.expect("P")), name+"\x00"))
	s.server.expect("BS")
	s.server.send(message('1', ""), message('2', ""), ready)
	s.client.expect("12Z")
	require.NotNil(t, s.pending.names.oldest(name[:63]))
}

func TestSeveralStatementsFailAsEarlyAsInPostgreSQL(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.start(t)
	s.client.send(message('P', "\x00select 1; select 2\x00\x00\x00"), syncMessage)
	require.False(t, strings.HasPrefix(s.expectRefusal(stateSyntax), "SELECT"))
}

func TestPreparedStatementsAreBounded(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.knows("a", rewrite.Statement{Kind: rewrite.Select})
	s.pending.names.weight += maxPrepared
	s.start(t)
	s.client.send(message('P', "b\x00select 1\x00\x00\x00"), syncMessage)
	s.server.expect("H")
	s.expectRefusal(stateLimit)
}

func TestRollbackPassesWithoutAPolicy(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.worlds.Store(nil)
	s.start(t)
	s.client.send(message('Q', "Rollback ;\x00"))
	require.Equal(t, "ROLLBACK\x00", string(s.server.expect("Q")))
	s.server.send(message('C', "ROLLBACK\x00"), ready)
	s.client.expect("CZ")
	s.client.send(message('Q', "COMMIT\x00"))
	require.Contains(t, string(s.server.expect("Q")), testMark)
}
