package main

import (
	"time"

	"golang.org/x/sys/unix"
)

// monotonic is what the system's clock shows that never goes back.
func monotonic() time.Duration {
	var now unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &now); err != nil {
		return 0
	}
	return time.Duration(now.Nano())
}
