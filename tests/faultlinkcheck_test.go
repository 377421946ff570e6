package tests

import (
	"bytes"
	"io"
	"net"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestTheLossyLinkLosesNothingForGood sends a megabyte over a link that loses and damages packets: TCP brings it all.
func TestTheLossyLinkLosesNothingForGood(t *testing.T) {
	l, err := newLossyLink(t, 3)
	if err != nil {
		t.Skipf("this process may not make networks: %v", err)
	}
	listener, err := net.Listen("tcp4", l.here+":0")
	require.NoError(t, err)
	defer listener.Close()
	go func() {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		_, _ = io.Copy(conn, conn)
	}()
	conn, err := l.dialFromThere(listener.Addr().String())
	require.NoError(t, err)
	defer conn.Close()
	said := bytes.Repeat([]byte("all of this comes back "), 10_000)
	go func() {
		_, _ = conn.Write(said)
		_ = conn.(*net.TCPConn).CloseWrite()
	}()
	heard, err := io.ReadAll(conn)
	require.NoError(t, err)
	require.True(t, bytes.Equal(said, heard))
	t.Log(l.counts.String())
}
