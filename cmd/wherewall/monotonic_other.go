//go:build !linux

package main

import "time"

// monotonic is nothing where no service manager asks for it.
func monotonic() time.Duration { return 0 }
