//go:build !linux

package strand

import (
	"errors"
	"net"
)

// Loops are event loops, of which there are none here.
type Loops struct{}

// Strand is one direction of a conversation, with a goroutine of its own.
type Strand struct{}

// Conn is a socket that is watched by a loop, of which there are none here.
type Conn struct{ net.Conn }

// Start fails with errors.ErrUnsupported.
func Start(int) (*Loops, error) { return nil, errors.ErrUnsupported }

// Stop does nothing.
func (*Loops) Stop() {}

// Pair fails with ErrUnfit.
func (*Loops) Pair(_, _ net.Conn) (a, b *Conn, err error) { return nil, nil, ErrUnfit }

// Run does nothing: there is no Conn to run anything with.
func Run(_, _ *Conn, _ func(*Strand) Verdict) {}

// Leave does nothing.
func (*Strand) Leave() {}

// TryRead reads.
func (c *Conn) TryRead(p []byte) (int, error) { return c.Read(p) }

// Ready is true of what no loop watches.
func (*Conn) Ready() bool { return true }

// Release returns the connection.
func (c *Conn) Release() (net.Conn, error) { return c.Conn, nil }

// HasClosed is false: nobody has looked.
func (*Conn) HasClosed() bool { return false }
