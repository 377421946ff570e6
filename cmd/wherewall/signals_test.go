package main

import (
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/wherewall/wherewall/internal/pgtemp/pgtest"
)

func TestASecondSignalIsAGoodEndToo(t *testing.T) {
	t.Parallel()
	upstream, _ := sampleServer(t)
	for _, signal := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT} {
		door, address := doorway(t)
		c := startChild(t, handsOver, door, "--upstream", upstream)
		c.hears("READY=1")
		tx, err := pgtest.Connect(t, kimAt(address)).Begin(t.Context())
		require.NoError(t, err)
		c.signal(signal)
		c.hears("STOPPING=1")
		_, err = tx.Exec(t.Context(), "SELECT id FROM org")
		require.NoError(t, err, "there is time for a transaction")
		c.signal(signal)
		require.Equal(t, exitDone, c.exit(), "%s", c.log)
		_, err = tx.Exec(t.Context(), "SELECT id FROM org")
		require.Equal(t, "57P01", sqlState(err))
	}
}

func TestAReloadedLimitCountsForThoseWhoComeAfterIt(t *testing.T) {
	t.Parallel()
	upstream, _ := sampleServer(t)
	door, address := doorway(t)
	path := file(t, "upstream: "+upstream+"\n")
	c := startChild(t, handsOver, door, "--config", path)
	c.hears("READY=1")
	first, second := pgtest.Connect(t, kimAt(address)), pgtest.Connect(t, kimAt(address))
	reload := func(text string) {
		rewriteFile(t, path, "upstream: "+upstream+"\n"+text)
		c.signal(syscall.SIGHUP)
		c.hears("RELOADING=1")
		c.hears("READY=1")
	}
	reload("max_connections_per_user: 1\n")
	require.NoError(t, first.Ping(t.Context()))
	require.NoError(t, second.Ping(t.Context()), "nobody is sent away")
	require.Equal(t, "53300", sqlState(visit(t.Context(), kimAt(address))))
	reload("max_connections_per_user: 3\n")
	require.NoError(t, visit(t.Context(), kimAt(address)))
	reload("max_connections: 3\nreserved_connections: 1\n")
	require.Equal(t, "53300", sqlState(visit(t.Context(), kimAt(address))), "the last one is not for filtered logins")
	reload("max_connections: none\n")
	require.Equal(t, "53300", sqlState(visit(t.Context(), kimAt(address))), "a configuration at fault changes nothing")
	c.says(path + ":2:18: max_connections")
}
