package wire

import (
	"net"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// exhausted is a listener of a process that has no descriptors left, for a while.
type exhausted struct {
	net.Listener
	left  atomic.Int32
	tries atomic.Int32
}

func (e *exhausted) Accept() (net.Conn, error) {
	e.tries.Add(1)
	if e.left.Add(-1) >= 0 {
		return nil, &net.OpError{Op: "accept", Net: "tcp", Err: syscall.EMFILE}
	}
	return e.Listener.Accept()
}

func TestAcceptingGoesOnWhenDescriptorsAreBack(t *testing.T) {
	t.Parallel()
	e := &exhausted{}
	e.left.Store(3)
	h := newHouseAt(t, nil, func(l net.Listener) net.Listener {
		e.Listener = l
		return e
	})
	h.dial().logIn()
	require.Contains(t, h.log.String(), "accepting failed")
	require.Contains(t, h.log.String(), syscall.EMFILE.Error())
	require.LessOrEqual(t, e.tries.Load(), int32(6), "it waits between the tries")
}
