package wire

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/wherewall/wherewall/rewrite"
)

const (
	patient = 20 * time.Second
	tick    = 5 * time.Millisecond
)

// The clock of these tests is the time that overdue is told, so nobody waits.
func TestOverdue(t *testing.T) {
	t.Parallel()
	began := time.Now()
	limit := bounds{statement: time.Minute, idle: time.Hour, idleInTransaction: 2 * time.Minute}
	staged := func(t *testing.T) *stage {
		s := newStage(t)
		s.bounds = limit
		s.knows("a", rewrite.Statement{Kind: rewrite.Select})
		s.start(t)
		return s
	}
	look := func(s *stage, after time.Duration) { s.overdue(began.Add(after), Limits{}) }
	sync := func(s *stage, status []byte) {
		s.client.send(syncMessage)
		s.server.expect("S")
		s.server.send(status)
		s.client.expect("Z")
		require.Eventually(t, func() bool { return s.deliveries.Load()%2 == 0 }, patient, tick, "the session is still about to deliver it")
	}
	for name, c := range map[string]struct {
		status []byte
		limit  time.Duration
		state  string
	}{
		"an idle session is the server's to end, and ours when it does not": {ready, limit.idle, "57P05"},
		"so is one that idles in a transaction":                             {inBlock, limit.idleInTransaction, "25P03"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := staged(t)
			sync(s, c.status)
			look(s, 0)
			look(s, c.limit+backstopGrace)
			require.Nil(t, s.leaving())
			look(s, c.limit+backstopGrace+1)
			s.client.expectError(c.state)
			s.client.expectEnd()
		})
	}
	t.Run("a statement between two looks is no idling", func(t *testing.T) {
		t.Parallel()
		s := staged(t)
		look(s, 0)
		sync(s, ready)
		look(s, limit.idle+backstopGrace+1)
		require.Nil(t, s.leaving())
	})
	t.Run("a server that is silent for longer than its limit allows is given up, and cancelled", func(t *testing.T) {
		t.Parallel()
		s := staged(t)
		s.client.send(bindMessage("", "a"), executeMessage("", 0), syncMessage)
		s.server.expect("BES")
		const statements = 4 // B with its template's one, E, S
		look(s, 0)
		look(s, statements*limit.statement+backstopGrace)
		require.Nil(t, s.leaving())
		look(s, statements*limit.statement+backstopGrace+1)
		s.client.expectError(stateConnection)
		<-s.cancelled
		s.client.expectEnd()
	})
	t.Run("a server that says something is not silent", func(t *testing.T) {
		t.Parallel()
		s := staged(t)
		s.client.send(bindMessage("", "a"), executeMessage("", 0), syncMessage)
		s.server.expect("BES")
		look(s, 0)
		s.server.send(message('2', ""))
		s.client.expect("2")
		look(s, 4*limit.statement+backstopGrace+1)
		require.Nil(t, s.leaving())
	})
	t.Run("a server that was not asked for replies may keep them", func(t *testing.T) {
		t.Parallel()
		s := staged(t)
		s.client.send(bindMessage("", "a"))
		s.server.expect("B")
		require.Eventually(t, func() bool { return s.stalls.Load()%2 == 0 }, patient, tick, "the write has returned")
		look(s, 0)
		look(s, 1000*time.Hour)
		require.Nil(t, s.leaving())
	})
	t.Run("a batch that its client has not ended is no idling", func(t *testing.T) {
		t.Parallel()
		s := staged(t)
		s.client.send(bindMessage("", "a"), message('H', ""))
		s.server.expect("BH")
		s.server.send(message('2', ""))
		s.client.expect("2")
		look(s, 0)
		look(s, 1000*time.Hour)
		require.Nil(t, s.leaving())
	})
	t.Run("without limits nothing is overdue", func(t *testing.T) {
		t.Parallel()
		s := staged(t)
		s.bounds = bounds{}
		look(s, 0)
		look(s, 1000*time.Hour)
		require.Nil(t, s.leaving())
	})
}

func TestAClientThatTakesNothing(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.knows("a", rewrite.Statement{Kind: rewrite.Select})
	s.start(t)
	s.client.send(bindMessage("", "a"), executeMessage("", 0), syncMessage)
	s.server.expect("BES")
	began, limits := time.Now(), Limits{SendTimeout: time.Minute}
	s.overdue(began, limits)
	s.overdue(began.Add(time.Hour), limits)
	require.Nil(t, s.leaving(), "nothing is there to be taken")
	s.bounds.statement = time.Second
	go func() {
		row := message('D', "\x00\x01\x00\x00\x10\x00"+string(make([]byte, 4096)))
		_, err := s.server.Write(message('2', ""))
		for err == nil {
			_, err = s.server.Write(row)
		}
	}()
	blocked := uint64(0)
	require.Eventually(t, func() bool {
		before := blocked
		blocked = s.deliveries.Load()
		return blocked%2 == 1 && blocked == before
	}, patient, 200*time.Millisecond, "the client's buffers are full")
	s.overdue(began, limits)
	s.overdue(began.Add(time.Hour), Limits{})
	require.Nil(t, s.leaving(), "without a limit a client may take its time, and the server is not to blame")
	s.overdue(began.Add(time.Hour), limits)
	require.NotNil(t, s.leaving())
	<-s.cancelled
	<-s.ended
	require.Equal(t, "the client takes no data", s.endReason())
}
