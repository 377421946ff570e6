package strand

import (
	"net"
	"sync/atomic"
	"time"
)

// Deadlines are for the rare: each one that lies in the future is a timer.

// SetDeadline sets both deadlines.
func (c *Conn) SetDeadline(t time.Time) error {
	if err := c.SetReadDeadline(t); err != nil {
		return err
	}
	return c.SetWriteDeadline(t)
}

// SetReadDeadline sets the time after which reads fail with os.ErrDeadlineExceeded, also one that waits; the zero time is none.
func (c *Conn) SetReadDeadline(t time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.setDeadline(t, &c.readTimer, &c.readOver, &c.reader)
}

// SetWriteDeadline sets the same for writes.
func (c *Conn) SetWriteDeadline(t time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.setDeadline(t, &c.writeTimer, &c.writeOver, &c.writer)
}

func (c *Conn) setDeadline(t time.Time, timer **time.Timer, over *atomic.Bool, of *atomic.Pointer[Strand]) error {
	*timer = stopped(*timer)
	if c.uses.Load()&1 != 0 {
		return net.ErrClosed
	}
	left := time.Until(t)
	over.Store(!t.IsZero() && left <= 0)
	switch {
	case t.IsZero():
	case left <= 0:
		of.Load().wake()
	default:
		var made *time.Timer
		made = time.AfterFunc(left, func() {
			c.mu.Lock()
			defer c.mu.Unlock()
			if *timer == made { // no other deadline has been set since
				over.Store(true)
				of.Load().wake()
			}
		})
		*timer = made
	}
	return nil
}

func stopped(t *time.Timer) *time.Timer {
	if t != nil {
		t.Stop()
	}
	return nil
}
