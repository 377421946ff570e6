package tests

import (
	"context"
	"net"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/wherewall/wherewall/wire"
)

// serveProxy serves on a free port, and on other listeners that are given, until the end of the test.
func serveProxy(t testing.TB, server *wire.Server, database string, also ...net.Listener) *proxy {
	t.Helper()
	first, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	listeners := []net.Listener{first}
	for _, l := range also {
		listeners = append(listeners, nearby{l, first.Addr()})
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve(context.Background(), listeners...) }()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		_ = server.Shutdown(ctx)
		require.NoError(t, <-served)
	})
	return &proxy{addr: first.Addr().String(), database: database, server: server}
}

// accepting hands each connection that a free port gets to a goroutine of its own, until the end of the test, which waits for them.
func accepting(t testing.TB, serve func(net.Conn)) net.Listener {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	acceptAt(t, listener, serve)
	return listener
}

// acceptAt is accepting at a listener that there is.
func acceptAt(t testing.TB, listener net.Listener, serve func(net.Conn)) {
	t.Helper()
	var open sync.WaitGroup
	open.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			open.Go(func() { serve(conn) })
		}
	})
	t.Cleanup(func() {
		_ = listener.Close()
		open.Wait()
	})
}
