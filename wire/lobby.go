package wire

import (
	"net"
	"sync"
)

// lobby counts the connections that have not finished their login, all of them and those of each address, so that no single one can take
// every place. Connections from this machine are not counted apart: a balancer stands for everybody.
type lobby struct {
	most, mostOfOne int

	mu     sync.Mutex
	inside int
	from   map[string]int
}

func newLobby(most, mostOfOne int) *lobby {
	return &lobby{most: most, mostOfOne: mostOfOne, from: map[string]int{}}
}

// enter takes a place, which the caller gives back with leave. It is false where there is none.
func (l *lobby) enter(from net.Addr) bool {
	network, near := origin(from)
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.inside >= l.most || !near && l.from[network] >= l.mostOfOne {
		return false
	}
	l.inside++
	if !near {
		l.from[network]++
	}
	return true
}

func (l *lobby) leave(from net.Addr) {
	network, near := origin(from)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.inside--
	if near {
		return
	}
	if l.from[network]--; l.from[network] == 0 {
		delete(l.from, network)
	}
}
