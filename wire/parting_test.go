package wire

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestWhatPrecedesAGoodbyeIsRun(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.start(t)
	s.client.send(message('Q', "select 1\x00"), message('Q', "select 2\x00"), message('X', ""))
	s.server.expect("QQX")
	time.Sleep(100 * time.Millisecond) // the server takes its time
	s.server.send(message('C', "SELECT 0\x00"), ready, message('C', "SELECT 0\x00"), ready)
	s.client.expect("CZCZ")
	_ = s.server.Close()
	s.client.expectEnd()
	<-s.ended
	require.Empty(t, s.cancelled)
}

func TestNothingIsSaidAfterAGoodbye(t *testing.T) {
	t.Parallel()
	for range 50 {
		s := newStage(t)
		s.start(t)
		s.client.send(message('X', ""))
		s.server.expect("X")
		_ = s.server.Close()
		s.client.expectEnd()
	}
}

func TestServerFinishesForAClientThatSaidGoodbyeAndLeft(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.start(t)
	s.client.send(message('Q', "select 1\x00"), message('Q', "select 2\x00"), message('X', ""))
	s.server.expect("QQX")
	s.client.vanish()
	for range 20 {
		// Replies that nobody takes must not end the server's connection before it has come to the goodbye.
		s.server.send(serverError("ERROR", "22012", "division by zero"), ready)
		time.Sleep(10 * time.Millisecond)
	}
	_ = s.server.Close()
	<-s.ended
	require.Empty(t, s.cancelled)
}

func TestWhatPrecedesAnEndIsRun(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.start(t)
	s.client.send(message('Q', "select 1\x00"), []byte{'Q', 0, 0, 1, 0, 's'})
	_ = s.client.Close()
	s.server.expect("Q")
	s.server.expectEnd()
	time.Sleep(100 * time.Millisecond)
	s.server.send(message('C', "SELECT 0\x00"), ready)
	_ = s.server.Close()
	<-s.ended
	require.Empty(t, s.cancelled)
}

func TestVanishedClientOfAWaitingSessionCancels(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.start(t)
	// Whether a is what it was hangs on a batch that takes long.
	s.client.send(message('P', "a\x00select 1\x00\x00\x00"), message('Q', "select 1\x00"), bindMessage("", "a"))
	s.server.expect("PQ")
	s.client.vanish()
	require.Eventually(t, func() bool {
		s.endIfAbandoned()
		return len(s.cancelled) == 1
	}, 10*time.Second, 10*time.Millisecond)
	<-s.ended
}
