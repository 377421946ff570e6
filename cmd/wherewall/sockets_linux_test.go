package main

import (
	"net"
	"syscall"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

func TestSocketsHaveTheOptionsOfTheFlags(t *testing.T) {
	t.Parallel()
	r, err := read([]string{
		"serve", "--policy", "p", "--upstream", "u", "--keepalive-idle", "7s", "--keepalive-interval", "3s", "--keepalive-count", "2",
		"--client-tcp-user-timeout", "11s", "--server-tcp-user-timeout", "13s",
	}, standardStreams())
	require.NoError(t, err)
	flags := r.commands.Serve.socketFlags
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	l = flags.around(l, zerolog.Nop())
	dialed, err := flags.dial()(t.Context(), "tcp", l.Addr().String())
	require.NoError(t, err)
	defer dialed.Close()
	accepted, err := l.Accept()
	require.NoError(t, err)
	defer accepted.Close()
	for conn, userTimeout := range map[net.Conn]time.Duration{accepted: 11 * time.Second, dialed: 13 * time.Second} {
		require.Equal(t, 1, socketOption(t, conn, unix.SOL_SOCKET, unix.SO_KEEPALIVE))
		require.Equal(t, 7, socketOption(t, conn, unix.IPPROTO_TCP, unix.TCP_KEEPIDLE))
		require.Equal(t, 3, socketOption(t, conn, unix.IPPROTO_TCP, unix.TCP_KEEPINTVL))
		require.Equal(t, 2, socketOption(t, conn, unix.IPPROTO_TCP, unix.TCP_KEEPCNT))
		require.Equal(t, int(userTimeout.Milliseconds()), socketOption(t, conn, unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT))
	}
}

func TestKeepaliveMayBeOff(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	l = socketFlags{}.around(l, zerolog.Nop())
	dialed, err := socketFlags{}.dial()(t.Context(), "tcp", l.Addr().String())
	require.NoError(t, err)
	defer dialed.Close()
	accepted, err := l.Accept()
	require.NoError(t, err)
	defer accepted.Close()
	for _, conn := range []net.Conn{dialed, accepted} {
		require.Equal(t, 0, socketOption(t, conn, unix.SOL_SOCKET, unix.SO_KEEPALIVE))
	}
}

func socketOption(t *testing.T, conn net.Conn, level, name int) int {
	t.Helper()
	raw, err := conn.(syscall.Conn).SyscallConn()
	require.NoError(t, err)
	value := -1
	require.NoError(t, raw.Control(func(fd uintptr) { value, err = unix.GetsockoptInt(int(fd), level, name) }))
	require.NoError(t, err)
	return value
}
