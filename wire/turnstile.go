package wire

import (
	"container/list"
	"math"
	"time"
)

// turnstile is what is known of the failures of an address, a user or a pair of both, and where their proofs wait to be judged.
type turnstile struct {
	places  chan struct{} // one for each proof that is judged or whose answer is held back
	longest time.Duration

	// Under the throttle's mu.
	failures float64 // less those that time has forgiven until at
	at       time.Time
	waiting  int
}

// failed counts a failure, and returns how long its answer is held back: nothing for the first ones, and then twice as long each time.
func (g *turnstile) failed(now time.Time) time.Duration {
	forgiven := float64(now.Sub(g.at)) / float64(forgiveness)
	g.failures, g.at = min(max(g.failures-forgiven, 0)+1, mostFailures), now
	over := int(math.Ceil(g.failures)) - freeFailures
	if over <= 0 {
		return 0
	}
	return min(firstDelay<<(over-1), g.longest)
}

// recent is the gates that were needed last. What has not been for longest makes room for what is new; whoever waits at such a turnstile goes on
// waiting there.
type recent struct {
	most, places int
	longest      time.Duration
	order        *list.List // of entry, the latest first
	at           map[fingerprint]*list.Element
}

type entry struct {
	key       fingerprint
	turnstile *turnstile
}

func newRecent(most, places int, longest time.Duration) *recent {
	return &recent{most: most, places: places, longest: longest, order: list.New(), at: map[fingerprint]*list.Element{}}
}

// known is the turnstile of a key; nil for none.
func (r *recent) known(key fingerprint) *turnstile {
	found := r.at[key]
	if found == nil {
		return nil
	}
	r.order.MoveToFront(found)
	return found.Value.(entry).turnstile
}

// get is the turnstile of a key, a new one where there is none.
func (r *recent) get(key fingerprint) *turnstile {
	if g := r.known(key); g != nil {
		return g
	}
	if r.order.Len() >= r.most {
		oldest := r.order.Back()
		delete(r.at, oldest.Value.(entry).key)
		r.order.Remove(oldest)
	}
	g := &turnstile{places: make(chan struct{}, r.places), longest: r.longest}
	r.at[key] = r.order.PushFront(entry{key, g})
	return g
}
