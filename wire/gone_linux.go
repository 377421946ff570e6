package wire

import (
	"net"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/wherewall/wherewall/internal/strand"
)

// hasClosed says whether a peer has closed its connection, without reading what it sent before.
func hasClosed(conn net.Conn) bool {
	if watched, ok := conn.(*strand.Conn); ok {
		return watched.HasClosed()
	}
	socket, ok := conn.(syscall.Conn)
	if !ok {
		return false
	}
	raw, err := socket.SyscallConn()
	if err != nil {
		return true
	}
	closed := false
	err = raw.Control(func(fd uintptr) {
		poll := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLRDHUP}} //nolint:gosec // descriptors are small
		n, err := unix.Poll(poll, 0)
		closed = err == nil && n > 0 && poll[0].Revents&(unix.POLLRDHUP|unix.POLLHUP|unix.POLLERR) != 0
	})
	return closed || err != nil
}
