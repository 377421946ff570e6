package strand

import (
	"fmt"
	"net"
	"os"

	"golang.org/x/sys/unix"
)

// Release closes the Conn and returns the connection as an ordinary one, for any goroutine. No strand may be using it any more.
func (c *Conn) Release() (net.Conn, error) {
	if !c.enter() {
		return nil, net.ErrClosed
	}
	c.unwatch()
	fd, err := unix.FcntlInt(uintptr(c.fd), unix.F_DUPFD_CLOEXEC, 0)
	c.leave()
	_ = c.Close()
	if err != nil {
		return nil, fmt.Errorf("giving a socket back: %w", err)
	}
	file := os.NewFile(uintptr(fd), "socket")
	defer file.Close()
	conn, err := net.FileConn(file)
	if err != nil {
		return nil, fmt.Errorf("giving a socket back: %w", err)
	}
	return conn, nil
}
