package console

import (
	"net"
	"sync"
)

// boundedListener has so many connections open at once as it has places. Others wait in the system's queue, so that they take no descriptor that a
// session would need.
type boundedListener struct {
	net.Listener
	places chan struct{}
	closed chan struct{}
	close  func() error
}

func boundListener(l net.Listener, most int) net.Listener {
	b := &boundedListener{Listener: l, places: make(chan struct{}, most), closed: make(chan struct{})}
	b.close = sync.OnceValue(func() error {
		close(b.closed)
		return l.Close()
	})
	return b
}

// Accept is part of net.Listener.
func (b *boundedListener) Accept() (net.Conn, error) {
	select {
	case b.places <- struct{}{}:
	case <-b.closed:
		return nil, net.ErrClosed
	}
	conn, err := b.Listener.Accept()
	if err != nil {
		<-b.places
		return nil, err //nolint:wrapcheck // net/http looks for net.ErrClosed and what is temporary
	}
	return &placedConn{Conn: conn, leave: sync.OnceFunc(func() { <-b.places })}, nil
}

// Close is part of net.Listener.
func (b *boundedListener) Close() error { return b.close() }

// placedConn gives its place back when it is closed.
type placedConn struct {
	net.Conn
	leave func()
}

// Close is part of net.Conn.
func (c *placedConn) Close() error {
	defer c.leave()
	return c.Conn.Close() //nolint:wrapcheck // it is the connection's own
}
