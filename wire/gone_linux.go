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
	events, ok := socketEvents(conn, unix.POLLRDHUP)
	return ok && events != 0
}

// isQuiet says whether a peer has sent nothing that was not read, and has not closed its connection. It is false for a connection of which that cannot be known.
func isQuiet(conn net.Conn) bool {
	events, ok := socketEvents(conn, unix.POLLIN|unix.POLLRDHUP)
	return ok && events == 0
}

// socketEvents is which of the events a socket has, with those of errors; all of them where it is closed. ok is false for what is no socket.
func socketEvents(conn net.Conn, of int16) (events int16, ok bool) {
	const wrong = unix.POLLHUP | unix.POLLERR
	socket, ok := conn.(syscall.Conn)
	if !ok {
		return 0, false
	}
	raw, err := socket.SyscallConn()
	if err != nil {
		return of | wrong, true
	}
	err = raw.Control(func(fd uintptr) {
		poll := []unix.PollFd{{Fd: int32(fd), Events: of}} //nolint:gosec // descriptors are small
		if n, err := unix.Poll(poll, 0); err == nil && n > 0 {
			events = poll[0].Revents & (of | wrong)
		}
	})
	if err != nil {
		return of | wrong, true
	}
	return events, true
}
