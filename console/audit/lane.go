package audit

import (
	"sync"
	"time"

	"github.com/wherewall/wherewall/wire"
)

// lane is a part of the queue. Sessions are spread over the lanes, so that two of them seldom meet at a lock.
type lane struct {
	mu      sync.Mutex
	queue   []entry      // what waits for the writer, in order
	taken   int          // records that are reserved, wait, or are being written
	free    []*wire.Deed // to be used again
	room    chan struct{}
	dropped uint64

	_ [64]byte // lanes do not share a cache line
}

// entry is a record that waits: of a statement or of an act.
type entry struct {
	deed   *wire.Deed
	act    *wire.Act
	change *Change
	seen   time.Time // of acts and changes
}

// reserve gives a blank record where fewer than most are taken.
func (l *lane) reserve(most int) *wire.Deed {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.taken >= most {
		return nil
	}
	l.taken++
	if n := len(l.free); n > 0 {
		d := l.free[n-1]
		l.free = l.free[:n-1]
		return d
	}
	return &wire.Deed{}
}

// add queues a record that was reserved, and says how many wait.
func (l *lane) add(e entry) int {
	l.mu.Lock()
	l.queue = append(l.queue, e)
	n := len(l.queue)
	l.mu.Unlock()
	return n
}

// addAct queues a record that was not, where fewer than most are taken.
func (l *lane) addAct(e entry, most int) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.taken >= most {
		return false
	}
	l.taken++
	l.queue = append(l.queue, e)
	return true
}

// give takes a reserved record back.
func (l *lane) give(d *wire.Deed) {
	*d = wire.Deed{}
	l.mu.Lock()
	l.free = append(l.free, d)
	l.release(1)
	l.mu.Unlock()
}

// release makes room, and wakes who waits for it. The caller holds mu.
func (l *lane) release(n int) {
	l.taken -= n
	if l.room != nil {
		close(l.room)
		l.room = nil
	}
}

// vacancy is closed when there may be room.
func (l *lane) vacancy() <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.room == nil {
		l.room = make(chan struct{})
	}
	return l.room
}

// take swaps the queue for an empty one.
func (l *lane) take(empty []entry) []entry {
	l.mu.Lock()
	defer l.mu.Unlock()
	full := l.queue
	l.queue = empty[:0]
	return full
}

// maxFree is how many blank records a lane keeps.
const maxFree = 1024

// written gives back what take took, when it is in the file.
func (l *lane) written(all []entry) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i := range all {
		if d := all[i].deed; d != nil && len(l.free) < maxFree {
			*d = wire.Deed{}
			l.free = append(l.free, d)
		}
		all[i] = entry{}
	}
	l.release(len(all))
}

func (l *lane) drop() {
	l.mu.Lock()
	l.dropped++
	l.mu.Unlock()
}

// load is how many records are taken, and how many were dropped.
func (l *lane) load() (taken int, dropped uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.taken, l.dropped
}
