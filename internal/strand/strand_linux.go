package strand

import "sync/atomic"

// Strand is one direction of a conversation. At most one goroutine is in its function at a time.
type Strand struct {
	loop *loop
	run  func() Verdict

	state atomic.Int32
	// away is set while the function is on a goroutine of its own, where bell ends its waits.
	away atomic.Bool
	bell chan struct{}
	// reads counts those since the function was called, all of which had something; of the goroutine that is in it.
	reads int
}

const (
	resting  int32 = iota // nobody is in the function
	running               // somebody is
	notified              // somebody is, and something has happened since
)

// patience is how many reads a strand may do on the loop without a pause. One that has always more is better off on a goroutine of its own.
const patience = 8

// Leave takes the strand off its loop until its function returns: the goroutine may block. It does nothing for nil, which is a strand that never was
// on a loop. The strand's own function calls it.
func (s *Strand) Leave() {
	if s == nil || s.away.Load() {
		return
	}
	if s.bell == nil {
		s.bell = make(chan struct{}, 1)
	}
	s.away.Store(true)
	go s.loop.lead()
}

// wake makes the function be called, or called again, or go on waiting no more. Any goroutine may call it, having set first what it is to see.
func (s *Strand) wake() {
	if s == nil {
		return
	}
	if s.state.Swap(notified) == resting {
		s.loop.post(s)
		return
	}
	s.ring()
}

// ring ends a wait.
func (s *Strand) ring() {
	if !s.away.Load() {
		return // Whoever is about to wait looks again first, having set it.
	}
	select {
	case s.bell <- struct{}{}:
	default:
	}
}

// await leaves the loop and waits until is says so. Whatever changes that wakes the strand.
func (s *Strand) await(is func() bool) {
	s.Leave()
	for !is() {
		<-s.bell
	}
}

// drive calls the function on the goroutine that leads the loop. It is false where that does not lead it any more.
func (s *Strand) drive() bool {
	s.state.Store(running)
	s.reads = 0
	if s.run() == Over {
		return !s.away.Load() // What wakes it from now on finds nobody resting.
	}
	onLoop := !s.away.Swap(false)
	if !s.state.CompareAndSwap(running, resting) {
		s.loop.post(s) // after the others
	}
	return onLoop
}
