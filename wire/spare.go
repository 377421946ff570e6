package wire

import "github.com/wherewall/wherewall/internal/strand"

// sparing is how far a session has come in leaving its server connection to another one.
type sparing int

const (
	keepsNothing sparing = iota // the connection ends with the session; the zero value
	spares                      // the client has said goodbye with nothing left to be done, and the server does not hear of it
	spared                      // and the replies goroutine has stopped between two messages: nobody reads or writes there any more
)

// spareServer is called when the client says goodbye. It is true where the server has nothing to do for the session, is outside of a transaction and has answered
// everything, so that its connection can serve another one. Then nothing more is sent to it. A session that ends in any other way takes its connection along.
func (q *requests) spareServer() bool {
	world := q.config.World()
	if q.lot == nil || q.server.berth == nil || world == nil || world.Snapshot.Schema.LeavesTraces {
		return false
	}
	if len(q.out.buf) > 0 || q.isDraining() || !q.pending.closeIfOutside() {
		return false
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	q.sparing = spares
	return true
}

// closeIfOutside is closeIfIdle for a session outside of a transaction.
func (p *pending) closeIfOutside() bool {
	p.mu.Lock()
	outside := p.status == 'I' && !p.loading
	p.mu.Unlock()
	return outside && p.closeIfIdle()
}

// stopsForSparing says whether the replies goroutine is to end for the sake of the next session. It is called after its read was interrupted.
func (p *replies) stopsForSparing() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.sparing == keepsNothing {
		return false
	}
	if p.in.buffered() == 0 && !p.midFrame && !p.has && p.status == 'I' {
		p.sparing = spared
	}
	return true
}

// sparesServer says whether the server is not to hear of the session's end.
func (l *link) sparesServer() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.sparing != keepsNothing
}

// passServerOn gives the connection to the lot, where the session has come so far. From then on nothing of the session touches it.
func (l *link) passServerOn() bool {
	l.mu.Lock()
	if l.sparing != spared || l.lost {
		l.mu.Unlock()
		return false
	}
	l.passedOn = true
	l.mu.Unlock()
	if watched, ok := l.server.Conn.(*strand.Conn); ok {
		conn, err := watched.Release()
		if err != nil {
			return false
		}
		l.server.Conn = conn
	}
	l.lot.park(l.server)
	return true
}
