package audit

import (
	"errors"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"github.com/wherewall/wherewall/internal/ledger"
	"github.com/wherewall/wherewall/wire"
)

// Sync says when records are put on the disk and not only given to the system. The zero value is the strictest.
type Sync int

// The policies. What the system was given survives the end of the process; what is on the disk survives the system's.
const (
	SyncAlways Sync = iota // whenever some were written
	SyncSecond             // once a second
	SyncNever              // when the system likes
)

// Options are what a Trail is made with. Ledger is required; the others have defaults where they are zero.
type Options struct {
	Ledger *ledger.Ledger
	Stamp  Stamp
	// BestEffort lets statements run whose records cannot be kept. Otherwise they are refused.
	BestEffort bool
	// Queue is how many records may wait or be reserved. Default 65536.
	Queue int
	// Patience is how long a statement waits for room before it is refused. Default 5 seconds.
	Patience time.Duration
	Sync     Sync
	Log      zerolog.Logger
}

const (
	lanes           = 16
	defaultQueue    = 1 << 16
	defaultPatience = 5 * time.Second
)

// ErrUnavailable is why a statement is refused that would go unrecorded.
var ErrUnavailable = errors.New("the audit trail takes no records")

// Trail is a wire.Trail that writes to a ledger. Run has to be running; whoever runs it, ends it after the last session.
type Trail struct {
	options Options
	lanes   [lanes]lane
	most    int // of a lane

	wake    chan struct{}
	hurry   chan struct{} // ends a pause in which records gather
	asleep  atomic.Bool   // the writer waits for wake
	failing atomic.Bool   // the last write has failed
	reopen  atomic.Bool

	stats writerStats
}

// NewTrail makes a Trail.
func NewTrail(o Options) *Trail {
	if o.Queue <= 0 {
		o.Queue = defaultQueue
	}
	if o.Patience <= 0 {
		o.Patience = defaultPatience
	}
	return &Trail{options: o, most: max(1, o.Queue/lanes), wake: make(chan struct{}, 1), hurry: make(chan struct{}, 1)}
}

// lane is where a connection's records go.
func (t *Trail) lane(n uint32) *lane { return &t.lanes[n%lanes] }

// Enter is part of wire.Trail.
func (t *Trail) Enter(n uint32) *wire.Deed {
	if !t.options.BestEffort && t.failing.Load() {
		return nil
	}
	d := t.lane(n).reserve(t.most)
	if d != nil {
		d.Lane = n
	}
	return d
}

// Await is part of wire.Trail. Who makes best efforts does not wait: a disk that is full must not stop what may go unrecorded.
func (t *Trail) Await(n uint32) (*wire.Deed, error) {
	if t.options.BestEffort {
		t.lane(n).drop()
		return nil, nil
	}
	var d *wire.Deed
	if !t.patiently(t.lane(n), func() bool {
		d = t.Enter(n)
		return d != nil
	}) {
		return nil, ErrUnavailable
	}
	return d, nil
}

// patiently tries until it succeeds, or has taken too long.
func (t *Trail) patiently(l *lane, try func() bool) bool {
	deadline := time.NewTimer(t.options.Patience)
	defer deadline.Stop()
	for {
		vacancy := l.vacancy() // before trying, so that no room is missed
		if try() {
			return true
		}
		select {
		case <-vacancy:
		case <-deadline.C:
			t.stats.refused.Add(1)
			return false
		}
	}
}

// spare is how many more records than Queue a lane takes of what has happened already: errors of messages that run nothing, and ends. A client
// could make as many of them as it likes.
const spare = 2

// Late is part of wire.Trail.
func (t *Trail) Late(n uint32) (*wire.Deed, error) {
	d := t.lane(n).reserve(spare * t.most)
	if d != nil {
		d.Lane = n
		return d, nil
	}
	t.lane(n).drop()
	if t.options.BestEffort {
		return nil, nil
	}
	return nil, ErrUnavailable
}

// Done is part of wire.Trail.
func (t *Trail) Done(d *wire.Deed) {
	if t.lane(d.Lane).add(entry{deed: d}) == t.most/2 {
		select {
		case t.hurry <- struct{}{}:
		default: // it hurries already
		}
	}
	t.rouse()
}

// Drop is part of wire.Trail.
func (t *Trail) Drop(d *wire.Deed) { t.lane(d.Lane).give(d) }

// Tell is part of wire.Trail.
func (t *Trail) Tell(a wire.Act) { t.queue(a.Party.Lane, entry{act: &a}) }

// queue adds what cannot be refused, while there is spare room.
func (t *Trail) queue(n uint32, e entry) {
	e.seen = time.Now()
	l := t.lane(n)
	if !l.addAct(e, spare*t.most) {
		l.drop()
		return
	}
	t.rouse()
}

// Admit is part of wire.Trail.
func (t *Trail) Admit(a wire.Act) error {
	if t.options.BestEffort {
		t.Tell(a)
		return nil
	}
	l, e := t.lane(a.Party.Lane), entry{act: &a, seen: time.Now()}
	if !t.patiently(l, func() bool { return !t.failing.Load() && l.addAct(e, t.most) }) {
		return ErrUnavailable
	}
	t.rouse()
	return nil
}

// rouse wakes the writer where it has nothing to do. While it writes, or gathers, nobody pays for that.
func (t *Trail) rouse() {
	if t.asleep.Load() && t.asleep.CompareAndSwap(true, false) {
		select {
		case t.wake <- struct{}{}:
		default: // it is woken already
		}
	}
}

// Reopen says that the file may have been moved away.
func (t *Trail) Reopen() {
	t.reopen.Store(true)
	t.rouse()
}

// Refuses says whether statements are refused now because records cannot be written.
func (t *Trail) Refuses() bool { return !t.options.BestEffort && t.failing.Load() }
