package main

import (
	"net"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A proxy that has run out of descriptors waits for some, tells of it, and goes on.
func TestRunningOutOfDescriptorsIsNoEnd(t *testing.T) {
	t.Parallel()
	upstream, _ := sampleServer(t)
	door, address := doorway(t)
	c := startChild(t, handsOver+"ulimit -n 64; ", door, "--upstream", upstream)
	c.hears("READY=1")
	c.says("fewer open files are allowed than the connections may need")
	require.NoError(t, visit(t.Context(), kimAt(address)))
	var silent []net.Conn
	for !strings.Contains(c.log.String(), `"message":"accepting failed"`) {
		conn, err := net.DialTimeout("tcp", address, patience)
		require.NoError(t, err)
		silent = append(silent, conn)
		require.Less(t, len(silent), 1000)
	}
	c.says("too many open files")
	for _, conn := range silent {
		_ = conn.Close()
	}
	require.Eventually(t, func() bool { return visit(t.Context(), kimAt(address)) == nil }, patience, 100*time.Millisecond, "%s", c.log)
	require.Less(t, strings.Count(c.log.String(), "accepting failed"), 100, "it does not spin")
}
