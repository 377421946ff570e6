package tests

import (
	"math/rand/v2"
	"net"
	"sync"
	"testing"
	"time"
)

// roughRelay stands before a server and passes on what is said in pieces, late, and not always to the end.
type roughRelay struct {
	net.Listener
	to string
}

func newRoughRelay(t testing.TB, to string) *roughRelay {
	t.Helper()
	s := &roughRelay{to: to}
	s.Listener = accepting(t, s.serve)
	return s
}

func (s *roughRelay) serve(client net.Conn) {
	defer client.Close()
	server, err := net.Dial("tcp", s.to)
	if err != nil {
		return
	}
	defer server.Close()
	var ways sync.WaitGroup
	ways.Go(func() { carryRoughly(server, client) })
	ways.Go(func() { carryRoughly(client, server) })
	ways.Wait()
}

// carryRoughly passes on bytes in one direction until the end, its own or the sender's.
func carryRoughly(to, from net.Conn) {
	left := 1 << 40
	if rand.IntN(3) == 0 {
		left = rand.IntN(20_000)
	}
	buf := make([]byte, 16<<10)
	for left > 0 {
		n, err := from.Read(buf[:1+rand.IntN(len(buf))])
		if rand.IntN(20) == 0 {
			time.Sleep(time.Duration(rand.IntN(30)) * time.Millisecond)
		}
		if _, toErr := to.Write(buf[:min(n, left)]); err != nil || toErr != nil {
			_ = to.(*net.TCPConn).CloseWrite()
			return
		}
		left -= n
	}
	if rand.IntN(2) == 0 {
		_ = to.(*net.TCPConn).SetLinger(0)
	}
	_ = to.Close()
	_ = from.Close()
}
