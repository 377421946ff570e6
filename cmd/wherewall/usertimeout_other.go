//go:build !linux

package main

import (
	"syscall"
	"time"
)

// setUserTimeout leaves the system's: only Linux has an option for it.
func setUserTimeout(syscall.RawConn, time.Duration) error { return nil }
