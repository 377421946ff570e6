package tests

import (
	"fmt"
	"net"
	"sync"
)

// joined are several listeners that are served as one, by the name of the first.
type joined struct {
	net.Listener
	all   []net.Listener
	conns chan net.Conn
	gone  chan struct{}
	once  sync.Once
	takes sync.WaitGroup
}

func join(first net.Listener, also ...net.Listener) net.Listener {
	if len(also) == 0 {
		return first
	}
	j := &joined{Listener: first, all: append([]net.Listener{first}, also...), conns: make(chan net.Conn), gone: make(chan struct{})}
	for _, l := range j.all {
		j.takes.Go(func() { j.take(l) })
	}
	return j
}

func (j *joined) take(l net.Listener) {
	for {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		select {
		case j.conns <- conn:
		case <-j.gone:
			_ = conn.Close()
			return
		}
	}
}

func (j *joined) Accept() (net.Conn, error) {
	select {
	case conn := <-j.conns:
		return conn, nil
	case <-j.gone:
		return nil, fmt.Errorf("accepting: %w", net.ErrClosed)
	}
}

func (j *joined) Close() error {
	j.once.Do(func() {
		close(j.gone)
		for _, l := range j.all {
			_ = l.Close()
		}
		j.takes.Wait()
	})
	return nil
}
