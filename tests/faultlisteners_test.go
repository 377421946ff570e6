package tests

import "net"

// nearby is a listener that says it is on this host alone, as trust demands. What comes by it is the test's own.
type nearby struct {
	net.Listener
	says net.Addr
}

func (n nearby) Addr() net.Addr { return n.says }
