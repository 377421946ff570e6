package wire

import (
	"io"
	"net"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/wherewall/wherewall/internal/strand"
)

// idleSession is what a session on an event loop may take that does nothing: what it knows of itself, no goroutine, no stack and no buffers. The bound has
// room for the client of this test and the far ends of both connections.
const idleSession = 12 << 10

// The test is not parallel: it looks at the memory of the process.
func TestIdleSessionsHoldNoBuffers(t *testing.T) {
	if loops, err := strand.Start(1); err != nil {
		t.Skip("there are no event loops here")
	} else {
		loops.Stop()
	}
	const many = 1000
	h := newHouse(t, func(c *Config) {
		c.Auth = AuthTrust
		c.Connector.(*backends).settings = make(chan map[string]string, 2*many)
		c.Connector.(*backends).servers = make(chan net.Conn, 2*many)
	})
	enter := func() {
		conn, err := net.Dial("tcp", h.addr)
		require.NoError(t, err)
		t.Cleanup(func() { _ = conn.Close() })
		_, err = conn.Write(frame4(packet(protocol30, "user", "kim", "database", "app")))
		require.NoError(t, err)
		var last [6]byte
		for string(last[:]) != "Z\x00\x00\x00\x05I" { // which nothing before it ends in
			copy(last[:], last[1:])
			_, err := io.ReadFull(conn, last[5:])
			require.NoError(t, err)
		}
	}
	enter() // what the first one needs is not asked of the others
	before := memoryInUse()
	for range many {
		enter()
	}
	require.Eventually(t, func() bool { return h.Sessions() == many+1 }, patient, tick)
	each := (memoryInUse() - before) / many
	t.Logf("an idle session takes %d bytes", each)
	require.Less(t, each, uint64(idleSession))
}

// memoryInUse is what is held by the heap and by stacks.
func memoryInUse() uint64 {
	runtime.GC()
	runtime.GC() // pools give up in the second one
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc + m.StackInuse
}
