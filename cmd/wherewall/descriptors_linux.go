package main

import "syscall"

// maxDescriptors is how many files and sockets the process may have open; zero where nobody knows.
func maxDescriptors() uint64 {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return 0
	}
	return limit.Cur // which the Go runtime has raised to the hard limit
}
