package wire

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/wherewall/wherewall/rewrite"
)

// inTransaction is a stage with a statement a and a portal p of it in an open transaction.
func inTransaction(t *testing.T, s rewrite.Statement) *stage {
	t.Helper()
	made := newStage(t)
	made.knows("a", s)
	made.start(t)
	made.client.send(bindMessage("p", "a"), syncMessage)
	made.server.expect("BS")
	made.server.send(message('2', ""), inBlock)
	made.client.expect("2Z")
	return made
}

// expectRefusal plays the server for a message that is refused in its place, and returns the text that stood in.
func (s *stage) expectRefusal(state string) string {
	parse := string(s.server.expect("P"))
	s.server.expect("S")
	s.server.send(serverError("ERROR", "22P02", parse), ready)
	s.client.expectError(state)
	s.client.expect("Z")
	_, text, _ := strings.Cut(parse, "\x00")
	return text
}

func TestPortalsDoNotOutliveThePolicy(t *testing.T) {
	t.Parallel()
	t.Run("one that was bound under an older policy is not executed, even in a failed transaction", func(t *testing.T) {
		t.Parallel()
		s := inTransaction(t, rewrite.Statement{Kind: rewrite.Update})
		s.worlds.Store(testWorld())
		s.client.send(executeMessage("p", 0), syncMessage)
		require.False(t, strings.HasPrefix(s.expectRefusal(stateNoStatement), "SELECT"), "PostgreSQL looks for a portal first")
	})
	t.Run("none is executed while no policy can be read", func(t *testing.T) {
		t.Parallel()
		s := inTransaction(t, rewrite.Statement{Kind: rewrite.Update})
		s.worlds.Store(nil)
		s.client.send(executeMessage("p", 0), syncMessage)
		s.expectRefusal(stateCannotConnect)
	})
	t.Run("a subject that has vanished ends the session", func(t *testing.T) {
		t.Parallel()
		s := inTransaction(t, rewrite.Statement{Kind: rewrite.Update})
		gone := testWorld()
		delete(gone.Snapshot.Users, "kim")
		s.worlds.Store(gone)
		s.client.send(executeMessage("p", 0), syncMessage)
		require.Equal(t, "FATAL", s.client.expectError(stateAuthorization).fixedSeverity)
		s.client.expectEnd()
	})
	t.Run("a Bind that the server discards does not make an old portal new", func(t *testing.T) {
		t.Parallel()
		s := inTransaction(t, rewrite.Statement{Kind: rewrite.Update})
		s.worlds.Store(testWorld())
		s.client.send(message('D', "Snope\x00"), message('P', "b\x00select 1\x00\x00\x00"), bindMessage("p", "b"), syncMessage)
		s.server.expect("DPBS")
		s.server.send(serverError("ERROR", stateNoStatement, "no such statement"), message('Z', "E"))
		s.client.expect("EZ")
		s.client.send(executeMessage("p", 0), syncMessage)
		s.expectRefusal(stateNoStatement)
	})
	t.Run("a Bind that fails does not make an old portal new", func(t *testing.T) {
		t.Parallel()
		s := inTransaction(t, rewrite.Statement{Kind: rewrite.Update})
		s.worlds.Store(testWorld())
		s.client.send(message('P', "b\x00select 1\x00\x00\x00"), bindMessage("p", "b"), syncMessage)
		s.server.expect("PBS")
		s.server.send(message('1', ""), serverError("ERROR", "42P03", "portal exists"), message('Z', "E"))
		s.client.expect("1EZ")
		s.client.send(executeMessage("p", 0), syncMessage)
		s.expectRefusal(stateNoStatement)
	})
	t.Run("one that is bound anew is executed", func(t *testing.T) {
		t.Parallel()
		s := inTransaction(t, rewrite.Statement{Kind: rewrite.Update})
		s.worlds.Store(testWorld())
		s.client.send(message('C', "Pp\x00"), message('P', "b\x00select 1\x00\x00\x00"), bindMessage("p", "b"), executeMessage("p", 0), syncMessage)
		s.server.expect("CPBES")
		s.server.send(message('3', ""), message('1', ""), message('2', ""), message('C', "SELECT 0\x00"), inBlock)
		s.client.expect("312CZ")
	})
	t.Run("the end of the transaction is theirs", func(t *testing.T) {
		t.Parallel()
		s := inTransaction(t, rewrite.Statement{Kind: rewrite.Update})
		s.client.send(syncMessage)
		s.server.expect("S")
		s.server.send(ready)
		s.client.expect("Z")
		require.Empty(t, s.pending.portals.versions)
		require.Equal(t, s.pending.names.oldest("a").weight(), s.pending.names.weight)
		require.Zero(t, s.pending.portals.weight)
	})
}

func TestPortalsAreBounded(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.knows("a", rewrite.Statement{Kind: rewrite.Select})
	for i := range maxPortals {
		s.pending.portals.add(&version{name: "p" + string(rune('0'+i)), portal: true, is: s.pending.names.oldest("a"), confirmed: true})
	}
	s.start(t)
	s.client.send(bindMessage("one more", "a"), syncMessage)
	s.server.expect("H")
	s.expectRefusal(stateLimit)
}

func TestHiddenRowsLookLikeNone(t *testing.T) {
	t.Parallel()
	hidden := rewrite.Statement{Kind: rewrite.Insert, Hidden: rewrite.HiddenRows}
	t.Run("a client may name any number of formats for them", func(t *testing.T) {
		t.Parallel()
		s := newStage(t)
		s.knows("a", hidden)
		s.start(t)
		s.client.send(bindMessage("", "a", 1, 2, 0), syncMessage)
		require.Equal(t, string(bindMessage("", "a")[headerSize:]), string(s.server.expect("B")))
	})
	t.Run("their portal runs once", func(t *testing.T) {
		t.Parallel()
		s := inTransaction(t, hidden)
		s.client.send(executeMessage("p", 0), syncMessage)
		s.server.expect("ES")
		s.server.send(message('C', "INSERT 0 1\x00"), inBlock)
		s.client.expect("CZ")
		s.client.send(executeMessage("p", 0), syncMessage)
		s.expectRefusal(stateNotReady)
	})
	t.Run("an Execute that the server discarded does not count", func(t *testing.T) {
		t.Parallel()
		s := inTransaction(t, hidden)
		s.client.send(message('D', "Snope\x00"), executeMessage("p", 0), syncMessage)
		s.server.expect("DES")
		s.server.send(serverError("ERROR", stateNoStatement, "no such statement"), inBlock)
		s.client.expect("EZ")
		s.client.send(executeMessage("p", 0), syncMessage)
		s.server.expect("ES")
	})
}

func TestWrongFormatCountIsTheClients(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.knows("a", rewrite.Statement{Kind: rewrite.Insert, Hidden: rewrite.HiddenColumn})
	s.start(t)
	s.client.send(bindMessage("", "a", 0, 0, 0), syncMessage)
	s.server.expect("BS")
	s.server.send(serverError("ERROR", stateProtocol, "bind message has 4 result formats but query has 3 columns"), ready)
	require.Equal(t, "bind message has 3 result formats but query has 2 columns", s.client.expectError(stateProtocol).message)
}
