package strand

import (
	"fmt"
	"io"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Conn is a socket that is watched by a loop. One strand reads it and one writes it; any goroutine may do the rest.
type Conn struct {
	loop  *loop
	fd    int
	slot  int32
	epoch int32 // tells it from those that had the slot before

	reader, writer atomic.Pointer[Strand]

	// uses counts those who are about to use the descriptor, by twos; it is odd when the connection was closed. The last one closes the descriptor.
	uses atomic.Int32
	// readable and writable are set by what happens to the socket, and cleared before it is tried. They may be set for nothing.
	readable, writable atomic.Bool
	// ending is set when there will be an end to read, so that what is read before it says nothing about what is left.
	ending atomic.Bool
	// readOver and writeOver are set when a deadline has passed.
	readOver, writeOver atomic.Bool

	mu         sync.Mutex
	readTimer  *time.Timer
	writeTimer *time.Timer

	local, remote net.Addr
}

var _ net.Conn = (*Conn)(nil)

// newConn takes the socket of a connection over, with a descriptor of its own: the connection's is known to the runtime's poller, which wakes up for
// all that happens to it. The connection itself is still open.
func newConn(l *loop, from net.Conn) (*Conn, error) {
	switch from.(type) {
	case *net.TCPConn, *net.UnixConn:
	default:
		return nil, ErrUnfit
	}
	raw, err := from.(syscall.Conn).SyscallConn()
	if err != nil {
		return nil, fmt.Errorf("taking a socket over: %w", err)
	}
	fd, failed := -1, error(nil)
	err = raw.Control(func(old uintptr) { fd, failed = unix.FcntlInt(old, unix.F_DUPFD_CLOEXEC, 0) })
	if err == nil {
		err = failed
	}
	if err != nil {
		return nil, fmt.Errorf("taking a socket over: %w", err)
	}
	c := &Conn{loop: l, fd: fd, local: from.LocalAddr(), remote: from.RemoteAddr()}
	c.writable.Store(true) // What there is to read is the first thing that the loop is told of.
	if err := l.add(c); err != nil {
		_ = unix.Close(fd)
		return nil, err
	}
	return c, nil
}

// abandon closes the descriptor. The loop watches the socket for as long as any descriptor of it is open (epoll(7), question 6): where that is not
// the last one, unwatch comes before.
func (c *Conn) abandon() {
	c.loop.remove(c)
	_ = unix.Close(c.fd)
}

// unwatch keeps what happens to the socket from the loop from now on.
func (c *Conn) unwatch() { _ = unix.EpollCtl(c.loop.epoll, unix.EPOLL_CTL_DEL, c.fd, nil) }

// enter says whether the descriptor may be used, until leave.
func (c *Conn) enter() bool {
	if c.uses.Add(2)&1 == 0 {
		return true
	}
	c.leave()
	return false
}

func (c *Conn) leave() {
	if c.uses.Add(-2) == 1 && c.uses.CompareAndSwap(1, closed) {
		c.abandon()
	}
}

// closed is what uses is near when the descriptor is closed: an odd number that no count gets to one from.
const closed = -1<<30 + 1

// Ready says whether there may be something to read.
func (c *Conn) Ready() bool { return c.readable.Load() || c.readOver.Load() || c.uses.Load()&1 != 0 }

// Read reads what is there, and waits where that is nothing.
func (c *Conn) Read(p []byte) (int, error) {
	for {
		n, err := c.TryRead(p)
		if err != ErrNothing { //nolint:errorlint // TryRead does not wrap it
			return n, err
		}
		c.reader.Load().await(c.Ready)
	}
}

// TryRead reads what is there. Where that is nothing, the error is ErrNothing, and the strand that reads will be called, or called again, when it is
// something.
func (c *Conn) TryRead(p []byte) (int, error) {
	for c.readable.Load() {
		if c.readOver.Load() {
			return 0, os.ErrDeadlineExceeded
		}
		if !c.enter() {
			return 0, net.ErrClosed
		}
		n, err := c.receive(p)
		c.leave()
		switch {
		case err == 0 && n == 0 && len(p) > 0:
			c.readable.Store(true) // and will be
			return 0, io.EOF
		case err == 0:
			return n, nil
		case err != unix.EAGAIN && err != unix.EINTR:
			c.readable.Store(true)
			return 0, os.NewSyscallError("recv", err)
		}
	}
	switch {
	case c.readOver.Load():
		return 0, os.ErrDeadlineExceeded
	case c.uses.Load()&1 != 0:
		return 0, net.ErrClosed
	default:
		return 0, ErrNothing
	}
}

// receive reads once. A read that has not filled p leaves nothing behind, unless the end.
func (c *Conn) receive(p []byte) (int, syscall.Errno) {
	c.readable.Store(false) // before the socket is looked at, so that nothing is missed
	n, err := receive(c.fd, p)
	if n == len(p) || c.ending.Load() || err == unix.EINTR {
		c.readable.Store(true)
	}
	if s := c.reader.Load(); s.reads < patience {
		s.reads++
	} else {
		s.Leave()
	}
	return n, err
}

// Write writes all of p, and waits where the socket takes no more.
func (c *Conn) Write(p []byte) (int, error) {
	for sent := 0; ; {
		if c.writeOver.Load() {
			return sent, os.ErrDeadlineExceeded
		}
		if !c.enter() {
			return sent, net.ErrClosed
		}
		n, err := send(c.fd, p[sent:])
		if err == unix.EAGAIN {
			c.writable.Store(false) // Again, since there may have been room before this was noted.
			n, err = send(c.fd, p[sent:])
		}
		c.leave()
		switch {
		case err == 0:
			if sent += n; sent == len(p) {
				return sent, nil
			}
		case err == unix.EAGAIN:
			c.writer.Load().await(c.takesMore)
		case err != unix.EINTR:
			return sent, os.NewSyscallError("send", err)
		}
	}
}

func (c *Conn) takesMore() bool {
	return c.writable.Load() || c.writeOver.Load() || c.uses.Load()&1 != 0
}

// Close closes the connection. Whoever is using it is told.
func (c *Conn) Close() error {
	for {
		uses := c.uses.Load()
		if uses&1 != 0 {
			return net.ErrClosed
		}
		if c.uses.CompareAndSwap(uses, uses+3) {
			break
		}
	}
	c.mu.Lock()
	c.readTimer, c.writeTimer = stopped(c.readTimer), stopped(c.writeTimer)
	c.mu.Unlock()
	c.reader.Load().wake()
	c.writer.Load().wake()
	c.leave()
	return nil
}

// CloseWrite says that nothing more will be written.
func (c *Conn) CloseWrite() error {
	if !c.enter() {
		return net.ErrClosed
	}
	defer c.leave()
	return os.NewSyscallError("shutdown", unix.Shutdown(c.fd, unix.SHUT_WR))
}

// HasClosed says whether the peer has closed the connection, without reading what it has sent before.
func (c *Conn) HasClosed() bool { return c.ending.Load() }

// LocalAddr is this side's address.
func (c *Conn) LocalAddr() net.Addr { return c.local }

// RemoteAddr is the peer's address.
func (c *Conn) RemoteAddr() net.Addr { return c.remote }
