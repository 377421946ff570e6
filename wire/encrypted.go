package wire

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"sync/atomic"
	"syscall"
)

// recordSize is the most that one TLS record holds, in bytes. libpq reads 8 KiB at a time, and where a record is longer, clients that
// wait for the socket by themselves do not see that the rest is there.
const recordSize = 8 << 10

// encrypted is a client's connection inside TLS.
type encrypted struct {
	*tls.Conn
	raw net.Conn
	// broken says that a write has failed, after which the stream holds part of a record and nothing may follow.
	broken atomic.Bool
}

// Write sends p in records that clients can take.
func (c *encrypted) Write(p []byte) (int, error) {
	for sent := 0; ; {
		n, err := c.Conn.Write(p[sent:min(sent+recordSize, len(p))])
		sent += n
		if err != nil {
			c.broken.Store(true)
			return sent, fmt.Errorf("writing a TLS record: %w", err)
		}
		if sent == len(p) {
			return sent, nil
		}
	}
}

// CloseWrite says goodbye in TLS and then in TCP, for clients that look at one of them alone.
func (c *encrypted) CloseWrite() error {
	if c.broken.Load() {
		return net.ErrClosed
	}
	if err := c.Conn.CloseWrite(); err != nil {
		c.broken.Store(true)
		return fmt.Errorf("closing TLS: %w", err)
	}
	half, ok := c.raw.(interface{ CloseWrite() error })
	if !ok {
		return errors.ErrUnsupported
	}
	if err := half.CloseWrite(); err != nil {
		return fmt.Errorf("closing one direction: %w", err)
	}
	return nil
}

// Close says goodbye where that is possible, and closes the connection.
func (c *encrypted) Close() error {
	if c.broken.Load() {
		return c.raw.Close()
	}
	return c.Conn.Close()
}

// SyscallConn gives access to the socket, to look whether the peer has closed it.
func (c *encrypted) SyscallConn() (syscall.RawConn, error) {
	socket, ok := c.raw.(syscall.Conn)
	if !ok {
		return nil, errors.ErrUnsupported
	}
	return socket.SyscallConn()
}

// replay is a connection of which something was read before anybody knew that it was for somebody else.
type replay struct {
	net.Conn
	first []byte
}

func (r *replay) Read(p []byte) (int, error) {
	if len(r.first) == 0 {
		return r.Conn.Read(p)
	}
	n := copy(p, r.first)
	r.first = r.first[n:]
	return n, nil
}
