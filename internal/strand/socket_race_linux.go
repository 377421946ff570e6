//go:build race

package strand

import (
	"errors"
	"syscall"
)

// The race detector takes what is sent to have happened before what is received, for the calls that it knows.

func receive(fd int, p []byte) (int, syscall.Errno) {
	n, err := syscall.Read(fd, p)
	return max(n, 0), errno(err)
}

func send(fd int, p []byte) (int, syscall.Errno) {
	n, err := syscall.Write(fd, p)
	return max(n, 0), errno(err)
}

func errno(err error) syscall.Errno {
	var number syscall.Errno
	if err != nil && !errors.As(err, &number) {
		return syscall.EIO
	}
	return number
}
