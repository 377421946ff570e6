package wire

import (
	"io"
	"net"
	"time"
)

const (
	lingerTime  = 500 * time.Millisecond
	lingerBytes = 4 << 20
)

// hangUp says that nothing more will be written and gives the peer a moment to say the same. Closing at once, with input
// unread, would make the kernel throw away the last message on its way.
func hangUp(conn net.Conn) {
	half, ok := conn.(interface{ CloseWrite() error })
	if !ok || half.CloseWrite() != nil {
		_ = conn.Close()
		return
	}
	_ = conn.SetReadDeadline(time.Now().Add(lingerTime))
}

// linger reads what a peer still sends after hangUp.
func linger(conn net.Conn) { _, _ = io.Copy(io.Discard, io.LimitReader(conn, lingerBytes)) }

// hangUp hangs up on the client. No later readBy puts the end of its moment off.
func (l *link) hangUp() {
	l.mu.Lock()
	l.hungUp = true
	l.mu.Unlock()
	if l.sparesServer() {
		_ = l.client.Close() // It has said goodbye, with nothing left to be told.
		return
	}
	hangUp(l.client) // without the lock: it may take its time to say so
}

// readBy sets the time by which the client must have sent what is read next; the zero time for none. After hangUp it does nothing.
func (l *link) readBy(t time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.hungUp {
		_ = l.client.SetReadDeadline(t)
	}
}
