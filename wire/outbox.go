package wire

import (
	"fmt"
	"net"
	"sync/atomic"

	"github.com/wherewall/wherewall/internal/strand"
)

// outbox collects bytes for one socket so that a batch leaves with one write. One goroutine owns it. It borrows a
// large buffer only while it holds something.
type outbox struct {
	conn  net.Conn
	loans *buffers
	large *[largeBuffer]byte
	buf   []byte // what waits, in small or large
	// stalls counts the beginnings and ends of writes, so that it is odd during one; nil where nobody looks.
	stalls *atomic.Uint64
	small  []byte // for a few bytes without a loan; empty where an event loop watches conn
}

func newOutbox(conn net.Conn, loans *buffers) *outbox {
	o := &outbox{conn: conn, loans: loans}
	if _, loop := conn.(*strand.Conn); !loop {
		o.small = make([]byte, smallBuffer)
	}
	o.buf = o.small[:0]
	return o
}

// write takes a copy of p, or sends it at once where it is too large to be worth one.
func (o *outbox) write(p []byte) error {
	if len(o.buf)+len(p) > cap(o.buf) && o.large == nil && len(p) < largeBuffer {
		o.grow()
	}
	if len(o.buf)+len(p) <= cap(o.buf) {
		o.buf = append(o.buf, p...)
		return nil
	}
	if err := o.flush(); err != nil {
		return err
	}
	if len(p) > smallBuffer {
		return o.send(p)
	}
	o.reserve(len(p))
	o.buf = append(o.buf, p...)
	return nil
}

// take accepts buf with more appended to it, as an append function returned it. Where that outgrew the buffer, it is sent.
func (o *outbox) take(appended []byte) error {
	if cap(o.buf) > 0 && &appended[:1][0] == &o.buf[:1][0] {
		o.buf = appended
		return nil
	}
	o.buf = o.buf[:0]
	o.release()
	return o.send(appended)
}

// reserve makes room for n bytes if a loan can.
func (o *outbox) reserve(n int) {
	if o.large == nil && len(o.buf)+n > cap(o.buf) {
		o.grow()
	}
}

func (o *outbox) grow() {
	o.large = o.loans.get()
	o.buf = append(o.large[:0], o.buf...)
	poison(o.small)
}

func (o *outbox) release() {
	o.buf = o.small[:0]
	poison(o.small)
	if o.large != nil {
		o.loans.put(o.large)
		o.large = nil
	}
}

// flush sends what waits.
func (o *outbox) flush() error {
	if len(o.buf) == 0 {
		return nil
	}
	err := o.send(o.buf)
	o.release()
	return err
}

func (o *outbox) send(p []byte) error {
	if o.stalls != nil {
		o.stalls.Add(1)
	}
	_, err := o.conn.Write(p)
	if o.stalls != nil {
		o.stalls.Add(1)
	}
	if err != nil {
		return fmt.Errorf("writing: %w", err)
	}
	return nil
}
