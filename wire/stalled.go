package wire

import (
	"context"
	"time"
)

// stallCheck is how often all sessions are looked at: whether they wait for a busy server, and so do not read their client, or for longer
// than they may.
const stallCheck = time.Second

// watchStalled looks after stalled sessions until ctx ends.
func (s *Server) watchStalled(ctx context.Context) {
	tick := time.NewTicker(stallCheck)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		now, limits := time.Now(), s.config.Limits()
		s.mu.Lock()
		for session := range s.sessions {
			session.endIfAbandoned()
			session.overdue(now, limits)
		}
		s.mu.Unlock()
		s.lot.sweep()
	}
}

// endIfAbandoned ends a session that has been waiting for the server since the last call and whose client is gone without a
// goodbye. A session that reads its client notices by itself. One goroutine calls it.
func (l *link) endIfAbandoned() {
	stall := l.stalls.Load()
	stalled := stall%2 == 1 && stall == l.lastStall
	l.lastStall = stall
	if !stalled || l.parted() == terminated || !hasClosed(l.client) {
		return
	}
	l.part(gone)
	l.because("the client closed the connection")
	l.work.close()
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.passedOn {
		_ = l.server.Conn.SetWriteDeadline(time.Unix(1, 0)) // what the server does is then cancelled
	}
}
