package wire

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/wherewall/wherewall/rewrite"
)

func TestRefusalTravelsThroughTheServer(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.start(t)
	s.client.send(message('F', "\x00\x00\x00\x01"))
	sql := s.server.expect("Q")
	require.Contains(t, string(sql), testMark)
	s.server.send(serverError("ERROR", "22P02", "invalid input: "+string(sql)), ready)
	f := s.client.expectError(stateUnsupported)
	require.Equal(t, errorFields{severity: "ERROR", fixedSeverity: "ERROR", code: stateUnsupported, message: fastpathUnsupported}, f)
	s.client.expect("Z")
}

func TestUnclaimedMarkNeverLeaves(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.knows("a", rewrite.Statement{Kind: rewrite.Select})
	s.start(t)
	s.client.send(bindMessage("", "a"), syncMessage)
	s.server.expect("BS")
	s.server.send(serverError("ERROR", "22P02", "text with "+testMark), ready)
	f := s.client.expectError(stateDenied)
	require.NotContains(t, f.message, testMark)
}

func TestProtocolViolations(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name string
		sent []byte
	}{
		{"an unknown message type ends the session", message('!', "")},
		{"a late password ends the session", message('p', "secret\x00")},
		{"a length below four ends the session", []byte{'Q', 0, 0, 0, 3}},
		{"a negative length ends the session", []byte{'Q', 0xff, 0xff, 0xff, 0xff}},
		{"a Sync that is too long ends the session", message('S', strings.Repeat("x", maxSmallMessage+1))},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t)
			s.start(t)
			s.client.send(c.sent)
			f := s.client.expectError(stateProtocol)
			require.Equal(t, "FATAL", f.fixedSeverity)
			require.Equal(t, "FATAL", f.severity)
			s.client.expectEnd()
		})
	}
}

func TestLateCopyDataIsDropped(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.start(t)
	s.client.send(message('d', "data"), message('c', ""), message('f', "no\x00"), syncMessage)
	s.server.expect("S")
	s.server.send(ready)
	s.client.expect("Z")
}

func TestMalformedMessagesAreRefusedInPlace(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name string
		sent []byte
	}{
		{"a Parse without types", message('P', "a\x00select 1\x00")},
		{"a Bind without names", message('B', "a")},
		{"a Describe of nothing", message('D', "X\x00")},
		{"a Close without a terminator", message('C', "Sabc")},
		{"an Execute without a limit", message('E', "a\x00")},
	}
	for _, c := range cases {
		t.Run(c.name+" is 08P01 in its place", func(t *testing.T) {
			t.Parallel()
			s := newStage(t)
			s.start(t)
			s.client.send(c.sent, syncMessage)
			parse := s.server.expect("P")
			require.True(t, strings.HasPrefix(string(parse), standInName+"\x00"), "the unnamed statement survives")
			s.server.expect("S")
			s.server.send(serverError("ERROR", "22P02", string(parse)), ready)
			require.Equal(t, "ERROR", s.client.expectError(stateProtocol).fixedSeverity)
			s.client.expect("Z")
		})
	}
}

func TestStatementOfAnOlderPolicyIsNotBound(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.knows("a", rewrite.Statement{Kind: rewrite.Select})
	s.pending.names.versions["a"][0].is.values = rewrite.NewValues(s.view.plan, testMark)
	s.start(t)
	s.client.send(bindMessage("", "a"), executeMessage("", 0), syncMessage)
	parse := s.server.expect("P")
	s.server.expect("ES")
	s.server.send(serverError("ERROR", "22P02", string(parse)), ready)
	f := s.client.expectError(stateNoStatement)
	require.Contains(t, f.message, "older policy")
	s.client.expect("Z")
}

func TestVanishedSubjectEndsTheSession(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.start(t)
	gone := testWorld()
	delete(gone.Snapshot.Users, "kim")
	s.worlds.Store(gone)
	s.client.send(message('Q', "select 1\x00"))
	f := s.client.expectError(stateAuthorization)
	require.Equal(t, "FATAL", f.fixedSeverity)
	s.client.expectEnd()
	s.server.expectEnd()
}

func TestUnreadablePolicyRefusesStatements(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.worlds.Store(nil)
	s.start(t)
	s.client.send(message('Q', "select 1\x00"))
	sql := s.server.expect("Q")
	s.server.send(serverError("ERROR", "22P02", string(sql)), ready)
	require.Contains(t, s.client.expectError(stateCannotConnect).message, "policy cannot be read")
	s.client.expect("Z")
}

func TestServerDeath(t *testing.T) {
	t.Parallel()
	t.Run("its FATAL is relayed and nothing follows", func(t *testing.T) {
		t.Parallel()
		s := newStage(t)
		s.start(t)
		s.server.send(serverError("FATAL", stateShutdown, adminShutdown))
		_ = s.server.Close()
		f := s.client.expectError(stateShutdown)
		require.Empty(t, f.detail)
		s.client.expectEnd()
	})
	t.Run("a lost connection is told", func(t *testing.T) {
		t.Parallel()
		s := newStage(t)
		s.start(t)
		_ = s.server.Close()
		s.client.expectError(stateConnection)
		s.client.expectEnd()
	})
	t.Run("nothing is written into the middle of a row", func(t *testing.T) {
		t.Parallel()
		s := newStage(t)
		s.knows("a", rewrite.Statement{Kind: rewrite.Select})
		s.start(t)
		s.client.send(bindMessage("", "a"), executeMessage("", 0), syncMessage)
		s.server.expect("BES")
		row := message('D', "\x00\x01\x00\x00\x10\x00"+strings.Repeat("x", 4096))
		s.server.send(message('2', ""), row[:1000])
		s.client.expect("2")
		_ = s.server.Close()
		_, err := s.client.in.header()
		require.NoError(t, err)
		require.Error(t, s.client.in.fill(headerSize+1000), "the connection just ends")
	})
}

func TestVanishedClientCancels(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.knows("a", rewrite.Statement{Kind: rewrite.Select})
	s.start(t)
	s.client.send(bindMessage("", "a"), executeMessage("", 0), syncMessage)
	s.server.expect("BES")
	_ = s.client.Close()
	select {
	case <-s.cancelled:
	case <-time.After(10 * time.Second):
		require.Fail(t, "the statement was not cancelled")
	}
	s.server.expectEnd()
}

func TestTerminateIsPassedOn(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.start(t)
	s.client.send(message('X', ""))
	s.server.expect("X")
	s.server.expectEnd()
	_ = s.server.Close()
	s.client.expectEnd()
}

func TestDrain(t *testing.T) {
	t.Parallel()
	t.Run("an idle session ends at once", func(t *testing.T) {
		t.Parallel()
		s := newStage(t)
		s.start(t)
		s.drain()
		s.client.expectError(stateShutdown)
		s.client.expectEnd()
	})
	t.Run("a batch with a suspended portal is finished first", func(t *testing.T) {
		t.Parallel()
		s := newStage(t)
		s.knows("a", rewrite.Statement{Kind: rewrite.Select})
		s.start(t)
		s.client.send(bindMessage("", "a"), executeMessage("", 1), message('H', ""))
		s.server.expect("BEH")
		s.server.send(message('2', ""), message('s', ""))
		s.client.expect("2s")
		s.drain()
		s.client.send(executeMessage("", 1), message('H', ""))
		s.server.expect("EH")
		s.server.send(message('C', "SELECT 0\x00"))
		s.client.expect("C")
		s.client.send(syncMessage)
		s.server.expect("S")
		s.server.send(ready)
		s.client.expect("Z")
		s.client.expectError(stateShutdown)
		s.client.expectEnd()
	})
	t.Run("a transaction is finished first", func(t *testing.T) {
		t.Parallel()
		s := newStage(t)
		s.start(t)
		s.client.send(syncMessage)
		s.server.expect("S")
		s.server.send(inBlock)
		s.client.expect("Z")
		s.drain()
		s.client.send(syncMessage)
		s.server.expect("S")
		s.server.send(inBlock)
		s.client.expect("Z")
		s.client.send(syncMessage)
		s.server.expect("S")
		s.server.send(ready)
		s.client.expect("Z")
		s.client.expectError(stateShutdown)
		s.client.expectEnd()
	})
}

func TestUnexpectedRepliesEndTheSession(t *testing.T) {
	t.Parallel()
	bound := string(message('2', ""))
	cases := []struct{ name, reply string }{
		{"a row nobody asked for", string(message('D', "\x00\x00"))},
		{"a COPY", bound + string(message('G', "\x00\x00\x00"))},
		{"a second login", string(message('R', "\x00\x00\x00\x00"))},
		{"a completion before BindComplete", string(message('C', "SELECT 1\x00"))},
		{"ReadyForQuery inside a batch", string(ready)},
		{"a drifted encoding", string(message('S', "client_encoding\x00SJIS\x00"))},
		{"drifted strings", string(message('S', "standard_conforming_strings\x00off\x00"))},
		{"another login", string(message('S', "session_authorization\x00postgres\x00"))},
		{"a length below four", "D\x00\x00\x00\x03"},
	}
	for _, c := range cases {
		t.Run(c.name+" ends the session", func(t *testing.T) {
			t.Parallel()
			s := newStage(t)
			s.knows("a", rewrite.Statement{Kind: rewrite.Select})
			s.start(t)
			s.client.send(bindMessage("", "a"), syncMessage)
			s.server.expect("BS")
			s.server.send([]byte(c.reply))
			if strings.HasPrefix(c.reply, bound) {
				s.client.expect("2")
			}
			s.client.expectError(stateProtocol)
			s.client.expectEnd()
		})
	}
}

func TestUnknownStatementMustFailAtTheServer(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.start(t)
	s.client.send(bindMessage("", "nope"), syncMessage)
	s.server.expect("BS")
	s.server.send(serverError("ERROR", stateNoStatement, `prepared statement "nope" does not exist`), ready)
	s.client.expectError(stateNoStatement)
	s.client.expect("Z")
	s.client.send(bindMessage("", "nope"), syncMessage)
	s.server.expect("BS")
	s.server.send(message('2', ""), ready)
	s.client.expectError(stateProtocol)
	s.client.expectEnd()
}

func TestFilteredAsynchronousMessages(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.start(t)
	notice := func(severity, state string) []byte {
		return message('N', "S"+severity+"\x00V"+severity+"\x00C"+state+"\x00Mtext\x00Dsecret\x00\x00")
	}
	s.server.send(
		message('A', "\x00\x00\x00\x01chan\x00payload\x00"),
		notice("NOTICE", "00000"), notice("LOG", "42622"), notice("WARNING", "01000"),
		message('S', "is_superuser\x00on\x00"), message('S', "work_mem\x001GB\x00"), message('S', "TimeZone\x00UTC\x00"),
		notice("WARNING", "25001"),
	)
	require.Equal(t, "is_superuser\x00off\x00", string(s.client.expect("S")))
	require.Equal(t, "TimeZone\x00UTC\x00", string(s.client.expect("S")))
	f := parseErrorFields(s.client.expect("N"))
	require.Equal(t, "25001", f.code)
	require.Empty(t, f.detail)
}

func TestBindAcrossBatchesWaitsForTheFirst(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.knows("a", rewrite.Statement{Kind: rewrite.Select})
	s.start(t)
	// The first batch replaces a; whether it does is not known when the second one binds it.
	s.client.send(message('C', "Sa\x00"), message('P', "a\x00select nothing that exists\x00\x00\x00"), syncMessage, bindMessage("", "a"), syncMessage)
	s.server.expect("CPS")
	require.NoError(t, s.server.SetReadDeadline(soon()))
	_, err := s.server.in.header()
	require.Error(t, err, "the Bind must not be sent yet")
	require.NoError(t, s.server.SetReadDeadline(later()))
	s.server.send(message('3', ""), serverError("ERROR", "42P01", "no such table"), ready)
	s.server.expect("BS")
	s.server.send(serverError("ERROR", stateNoStatement, "no such statement"), ready)
	s.client.expect("3EZEZ")
}

func soon() time.Time  { return time.Now().Add(50 * time.Millisecond) }
func later() time.Time { return time.Now().Add(20 * time.Second) }

func TestVanishedClientOfABusyServerCancels(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.knows("a", rewrite.Statement{Kind: rewrite.Select})
	s.start(t)
	s.client.send(bindMessage("", "a"), executeMessage("", 0), syncMessage)
	// The server does not read: sooner or later nothing more goes in, and the session stops reading its client.
	bind := message('B', "\x00a\x00"+strings.Repeat("x", 1<<20))
	for {
		require.NoError(t, s.client.SetWriteDeadline(soon()))
		if _, err := s.client.Write(bind); err != nil {
			break
		}
	}
	s.client.vanish()
	require.Eventually(t, func() bool {
		s.endIfAbandoned()
		return len(s.cancelled) == 1
	}, 10*time.Second, 10*time.Millisecond)
	<-s.ended
}

func TestTooLong(t *testing.T) {
	t.Parallel()
	limited := func(t *testing.T) *stage {
		s := newStage(t)
		s.config.MaxStatement, s.config.MaxMessage = 100, 200
		s.start(t)
		return s
	}
	t.Run("a statement is refused in its place, and the session goes on", func(t *testing.T) {
		t.Parallel()
		s := limited(t)
		s.client.send(message('Q', "select '"+strings.Repeat("x", 150)+"'\x00"))
		sql := s.server.expect("Q")
		require.NotContains(t, string(sql), "xxx")
		s.server.send(serverError("ERROR", "22P02", string(sql)), ready)
		f := s.client.expectError(stateLimit)
		require.Contains(t, f.hint, "100 bytes")
		s.client.expect("Z")
	})
	t.Run("so is one that is prepared", func(t *testing.T) {
		t.Parallel()
		s := limited(t)
		s.client.send(message('P', "a\x00select '"+strings.Repeat("x", 150)+"'\x00\x00\x00"), syncMessage)
		sql := s.server.expect("P")
		s.server.expect("S")
		s.server.send(serverError("ERROR", "22P02", string(sql)), ready)
		require.Contains(t, s.client.expectError(stateLimit).hint, "100 bytes")
		s.client.expect("Z")
	})
	t.Run("a message ends the session", func(t *testing.T) {
		t.Parallel()
		s := limited(t)
		s.client.send(message('B', strings.Repeat("x", 201)))
		f := s.client.expectError(stateProtocol)
		require.Equal(t, "FATAL", f.fixedSeverity)
		require.Contains(t, f.hint, "200 bytes")
		s.client.expectEnd()
	})
}
