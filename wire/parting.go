package wire

import (
	"io"
	"time"
)

// parting is how far a client has taken leave.
type parting int

const (
	staying    parting = iota
	gone               // its connection has ended
	terminated         // it has said goodbye: PostgreSQL runs what came before, however long that takes
)

// partingGrace is what the server gets for the statements of a client that is gone before they are cancelled.
const partingGrace = 2 * time.Second

// part notes that the client has taken leave. It is noted before the server can know, so that the end of the server's
// connection is no surprise.
func (l *link) part(how parting) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.parting = max(l.parting, how)
}

func (l *link) parted() parting {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.parting
}

// tellServer ends the direction to the server of a client that has taken leave. A server at work reads that when it has finished what
// came before.
func (l *link) tellServer() {
	if l.parted() == staying {
		return
	}
	if l.sparesServer() {
		l.wake()
		return
	}
	if half, ok := l.server.Conn.(interface{ CloseWrite() error }); ok {
		_ = half.CloseWrite()
	}
}

// lastWords is how long the replies goroutine may go on after the requests goroutine; nil for as long as the server does.
func (l *link) lastWords() <-chan time.Time {
	switch {
	case l.leaving() != nil:
		return time.After(farewellTimeout)
	case l.sparesServer():
		return time.After(partingGrace) // of which it needs nothing, unless the server is in the middle of a message
	case l.parted() == terminated:
		return nil
	default:
		return time.After(partingGrace)
	}
}

// letServerFinish gives a server some time to run the statements before a goodbye when their replies cannot be delivered any
// more. A server that cannot write stops.
func (l *link) letServerFinish() {
	if l.parted() != terminated || l.leaving() != nil || l.sparesServer() {
		return
	}
	_ = l.server.Conn.SetReadDeadline(time.Now().Add(partingGrace))
	if _, err := io.Copy(io.Discard, l.server.Conn); err == nil {
		l.loseServer() // it has ended
	}
}
