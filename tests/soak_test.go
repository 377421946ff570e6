package tests

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"

	"github.com/wherewall/wherewall/internal/tlstest"
	"github.com/wherewall/wherewall/wire"
)

var soakTime = flag.Duration("soak", 8*time.Second, "how long TestSoak goes on")

// lane is one sort of company that the proxy has during the soak.
type lane struct {
	name    string
	workers int
	run     func(ctx context.Context, r *rand.Rand) error // one session; its error fails the test
	done    atomic.Int64
}

// soak is a proxy in bad company.
type soak struct {
	*ground
	stand *stand
	link  *lossyLink // nil where this process may not make networks
	near  net.Addr   // the proxy as the other host of the link sees it
	rough *roughRelay
	lanes []*lane
}

// TestSoak lets sessions of several tenants, hostile clients and hostile servers use one proxy at the same time, over networks that lose
// packets and break. Afterwards nothing of it may be left, and nobody may have seen another's rows. make soak does it for ten minutes.
func TestSoak(t *testing.T) {
	s := newSoak(t)
	s.spend(t, *soakTime/5) // what is used for good, such as caches, is used before the count
	before := s.measure(t, nil)
	s.spend(t, *soakTime)
	after := s.measure(t, before)
	t.Logf("before: %s", before)
	t.Logf("after:  %s", after)
	for _, l := range s.lanes {
		t.Logf("%6d sessions of %s", l.done.Load(), l.name)
		require.Positive(t, l.done.Load(), l.name)
	}
	if s.link != nil {
		t.Log(s.link.counts.String())
	}
	require.LessOrEqual(t, after.goroutines, before.goroutines, "goroutines are left")
	require.LessOrEqual(t, after.descriptors, before.descriptors, "descriptors are left")
	require.LessOrEqual(t, after.heap, before.heap+8<<20, "memory is left")
	s.requireUntouched(t, 1, 2, 3)
}

func newSoak(t *testing.T) *soak {
	t.Helper()
	s := &soak{stand: newStand(t)}
	var also []net.Listener
	var far net.Addr
	if link, err := newLossyLink(t, *faultSeed); err != nil {
		t.Logf("connections break, but no network loses packets, as this process may not make one: %v", err)
	} else {
		s.link = link
		servers, err := link.listenThere()
		require.NoError(t, err)
		acceptAt(t, servers, s.stand.serve)
		clients, err := net.Listen("tcp4", link.here+":0")
		require.NoError(t, err)
		also, far, s.near = append(also, clients), servers.Addr(), clients.Addr()
	}
	encrypted, err := wire.NewTLS(wire.TLSOptions{Certificate: tlstest.New(t, "authority").Server(t)})
	require.NoError(t, err)
	s.ground = newGround(t, "soak", s.stand.Addr().String(), func(c *wire.Config) {
		c.Encryption, c.TLS = wire.EncryptionOptional, func() *wire.TLS { return encrypted }
		c.LoginTimeout = 3 * time.Second
		if far != nil {
			c.LoginTimeout = 30 * time.Second
			c.Upstream.DialFunc = sometimes(far, c.Upstream.DialFunc)
		}
	}, also...)
	s.log.only("panic")
	s.rough = newRoughRelay(t, s.addr)
	_, s.stand.made = s.record(t, s.stand)
	s.lanes = s.company(t)
	return s
}

// sometimes dials another address instead, one time in four.
func sometimes(other net.Addr, dial pgconn.DialFunc) pgconn.DialFunc {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		if rand.IntN(4) == 0 {
			address = other.String()
		}
		return dial(ctx, network, address)
	}
}

// spend keeps every lane busy for a while, and then waits until all are through.
func (s *soak) spend(t *testing.T, duration time.Duration) {
	t.Helper()
	ctx, stop := context.WithTimeout(context.Background(), duration)
	defer stop()
	var all sync.WaitGroup
	for _, l := range s.lanes {
		for range l.workers {
			all.Go(func() {
				for ctx.Err() == nil {
					seed := rand.Uint64()
					if err := l.run(ctx, rand.New(rand.NewPCG(seed, 0))); err != nil {
						t.Errorf("%s, seed %d: %v", l.name, seed, err)
						stop()
						return
					}
					l.done.Add(1)
				}
			})
		}
	}
	all.Wait()
	s.requireNothingLeft(t)
}

// measures are what a process has in use.
type measures struct {
	goroutines, descriptors int
	heap                    uint64
}

func (m *measures) String() string {
	return fmt.Sprintf("%d goroutines, %d descriptors, %d kB of heap", m.goroutines, m.descriptors, m.heap>>10)
}

// measure waits until nothing changes any more, or all is as it was before.
func (s *soak) measure(t *testing.T, before *measures) *measures {
	t.Helper()
	m := &measures{}
	still := 0
	require.Eventually(t, func() bool {
		now := measures{goroutines: runtime.NumGoroutine(), descriptors: descriptors()}
		if now == *m {
			still++
		} else {
			still = 0
		}
		*m = now
		if before != nil && (now.goroutines > before.goroutines || now.descriptors > before.descriptors) {
			return still > 500 // ten seconds
		}
		return still > 50
	}, time.Minute, tick)
	runtime.GC()
	runtime.GC() // what has a finalizer
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	m.heap = memory.HeapAlloc
	return m
}

// descriptors counts the open files of this process, where the system tells.
func descriptors() int {
	open, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return 0
	}
	return len(open)
}
