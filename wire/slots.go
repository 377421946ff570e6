package wire

import (
	"context"
	"sync"

	"golang.org/x/sync/semaphore"
)

// slots bound what is done at once, in total and for one address: half of them, so that no address keeps all the others waiting. Who waits, waits
// in turn.
type slots struct {
	all  *semaphore.Weighted
	half int64

	mu        sync.Mutex
	addresses map[string]*addressSlots
}

type addressSlots struct {
	*semaphore.Weighted
	users int // who have a slot or wait for one
}

func newSlots(n int) *slots {
	return &slots{all: semaphore.NewWeighted(int64(n)), half: int64(max(n/2, 1)), addresses: map[string]*addressSlots{}}
}

// acquire takes a slot, and is false where there is none before ctx ends. The empty address has no bound of its own.
func (s *slots) acquire(ctx context.Context, address string) bool {
	own := s.enter(address)
	if own.Acquire(ctx, 1) != nil {
		s.leave(address)
		return false
	}
	if s.all.Acquire(ctx, 1) != nil {
		own.Release(1)
		s.leave(address)
		return false
	}
	return true
}

func (s *slots) release(address string) {
	s.all.Release(1)
	s.mu.Lock()
	own := s.addresses[address]
	s.mu.Unlock()
	own.Release(1)
	s.leave(address)
}

func (s *slots) enter(address string) *addressSlots {
	s.mu.Lock()
	defer s.mu.Unlock()
	own := s.addresses[address]
	if own == nil {
		bound := s.half
		if address == "" {
			bound = 2 * s.half
		}
		own = &addressSlots{Weighted: semaphore.NewWeighted(bound)}
		s.addresses[address] = own
	}
	own.users++
	return own
}

// leave forgets an address that nobody comes from any more.
func (s *slots) leave(address string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	own := s.addresses[address]
	if own.users--; own.users == 0 {
		delete(s.addresses, address)
	}
}
