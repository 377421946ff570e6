//go:build !linux

package wire

import "net"

// hasClosed cannot be known here without reading. A session then notices its client's end when the server has taken what was sent.
func hasClosed(net.Conn) bool { return false }

// isQuiet cannot be known here without reading either.
func isQuiet(net.Conn) bool { return false }
