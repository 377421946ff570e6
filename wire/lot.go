package wire

import (
	"slices"
	"sync"
	"time"

	"github.com/rs/zerolog"
)

// lot is where server connections wait whose sessions have ended well. Each was washed: what a session leaves there is gone, and all that its startup
// packet said holds again. So it serves whoever needs the same packet, and is to that session what a new one would be. A session has its
// connection for itself until it ends.
type lot struct {
	pool      ServerPool
	connector Connector
	loans     *buffers
	log       zerolog.Logger
	now       func() time.Time
	tally     poolTally
	washers   sync.WaitGroup

	mu      sync.Mutex
	idle    []*Backend // the one that came last is last, and leaves first
	washing map[*Backend]struct{}
	renewed uint64 // counts how often all had to go
	closed  bool
}

func newLot(c *Config, loans *buffers) *lot {
	return &lot{pool: c.ServerPool, connector: c.Connector, loans: loans, log: c.Log, now: time.Now, washing: map[*Backend]struct{}{}}
}

// waiting counts the connections that no session has.
func (l *lot) waiting() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.idle) + len(l.washing)
}

func (l *lot) age() uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.renewed
}

// take takes the connection of the key that came last; nil for none.
func (l *lot) take(key string) *Backend {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i, b := range slices.Backward(l.idle) {
		if _, no := l.unfit(b); b.berth.key == key && !no {
			l.idle = slices.Delete(l.idle, i, i+1)
			return b
		}
	}
	return nil
}

// unfit says why no session may have a connection any more. mu is held.
func (l *lot) unfit(b *Backend) (why Dropped, no bool) {
	switch {
	case l.closed, b.berth.renewed != l.renewed, !b.Current():
		return DroppedRenewed, true
	case l.pool.Lifetime > 0 && l.now().Sub(b.berth.born) >= l.pool.Lifetime:
		return DroppedOld, true
	default:
		return 0, false
	}
}

// park takes the connection of a session that has ended well, and washes it in the background.
func (l *lot) park(b *Backend) {
	if why, no := l.enter(b); no {
		l.drop(b, why)
		return
	}
	l.washers.Go(func() {
		clean, err := b.washed(l.loans)
		if err != nil {
			l.log.Debug().Err(err).Msg("a server connection is not kept for the next session")
		}
		if why, no := l.settle(b, clean, err); no {
			l.drop(b, why)
		}
	})
}

// enter notes that a connection is being washed, or says why it cannot stay.
func (l *lot) enter(b *Backend) (why Dropped, no bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if why, no := l.unfit(b); no {
		return why, true
	}
	if len(l.idle)+len(l.washing) >= l.pool.Size {
		return DroppedFull, true
	}
	l.washing[b] = struct{}{}
	return 0, false
}

// settle lets what a connection has become when it was washed wait for a session, or says why it cannot.
func (l *lot) settle(b, clean *Backend, err error) (why Dropped, no bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.washing, b)
	if why, no := l.unfit(b); no {
		return why, true
	}
	if err != nil {
		return DroppedUnclean, true
	}
	clean.parked = l.now()
	l.idle = append(l.idle, clean)
	l.tally.parked.Add(1)
	return 0, false
}

// drop closes a connection that no session will have.
func (l *lot) drop(b *Backend, why Dropped) {
	l.tally.dropped[why].Add(1)
	b.leave()
}

// sweep closes those that have waited, or lived, for too long.
func (l *lot) sweep() {
	for b, why := range l.stale() {
		l.drop(b, why)
	}
}

func (l *lot) stale() map[*Backend]Dropped {
	l.mu.Lock()
	defer l.mu.Unlock()
	stale := map[*Backend]Dropped{}
	l.idle = slices.DeleteFunc(l.idle, func(b *Backend) bool {
		why, no := l.unfit(b)
		if !no && l.pool.IdleTimeout > 0 && l.now().Sub(b.parked) >= l.pool.IdleTimeout {
			why, no = DroppedIdle, true
		}
		if no {
			stale[b] = why
		}
		return no
	})
	return stale
}

// shrink closes those that have waited longest until no more than so many wait, and says how many it has closed.
func (l *lot) shrink(to int) int {
	l.mu.Lock()
	surplus := min(max(len(l.idle)+len(l.washing)-to, 0), len(l.idle))
	gone := slices.Clone(l.idle[:surplus])
	l.idle = slices.Delete(l.idle, 0, surplus)
	l.mu.Unlock()
	for _, b := range gone {
		l.drop(b, DroppedRoom)
	}
	return surplus
}

// renew closes those that wait, and sees to it that none that was made before comes back.
func (l *lot) renew() {
	l.mu.Lock()
	l.renewed++
	l.mu.Unlock()
	l.sweep()
}

// shut closes those that wait, and takes no more.
func (l *lot) shut() {
	l.mu.Lock()
	l.closed = true
	l.mu.Unlock()
	l.sweep()
}

// close is shut, and waits until nothing of the lot is left. What is being washed is given up.
func (l *lot) close() {
	l.shut()
	l.mu.Lock()
	for b := range l.washing {
		_ = b.Conn.SetDeadline(time.Unix(1, 0))
	}
	l.mu.Unlock()
	l.washers.Wait()
}
