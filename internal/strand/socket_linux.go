//go:build !race

package strand

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The sockets never block, so the scheduler need not be told of the calls: that would take as long as some of them.

func receive(fd int, p []byte) (int, syscall.Errno) {
	if len(p) == 0 {
		return 0, 0
	}
	n, _, err := syscall.RawSyscall6(unix.SYS_RECVFROM, uintptr(fd), uintptr(unsafe.Pointer(&p[0])), uintptr(len(p)), unix.MSG_DONTWAIT, 0, 0) //nolint:gosec // p is not empty
	return count(n, err)
}

func send(fd int, p []byte) (int, syscall.Errno) {
	if len(p) == 0 {
		return 0, 0
	}
	n, _, err := syscall.RawSyscall6(unix.SYS_SENDTO, uintptr(fd), uintptr(unsafe.Pointer(&p[0])), uintptr(len(p)), unix.MSG_DONTWAIT|unix.MSG_NOSIGNAL, 0, 0) //nolint:gosec // p is not empty
	return count(n, err)
}

func count(n uintptr, err syscall.Errno) (int, syscall.Errno) {
	if err != 0 {
		return 0, err
	}
	return int(n), 0 //nolint:gosec // no more than the length of a slice
}
