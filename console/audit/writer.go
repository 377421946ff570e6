package audit

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/wherewall/wherewall/internal/ledger"
)

const (
	// gathering is how long the writer lets records gather, so that it is woken for many at once.
	gathering = 2 * time.Millisecond
	// retry is how often it tries to write what could not be written.
	retry = 100 * time.Millisecond
	// lastTries is how long it tries at the end.
	lastTries = 5 * time.Second
)

// writerStats are what the writer tells of itself.
type writerStats struct {
	records, bytes, failures, refused, rotations atomic.Uint64

	mu   sync.Mutex
	head ledger.Head
}

// Stats are numbers of a Trail. Those that count never go back.
type Stats struct {
	Records, Bytes  uint64 // written
	Dropped         uint64 // that went unrecorded
	Refused         uint64 // statements and logins that were refused for that
	Failures        uint64 // of writing
	Rotations       uint64
	Queue, Capacity int  // records that wait or are reserved, and how many may
	Failing         bool // the last write has failed
	Head            ledger.Head
}

// Stats are the numbers as they are now.
func (t *Trail) Stats() Stats {
	s := Stats{
		Records: t.stats.records.Load(), Bytes: t.stats.bytes.Load(), Refused: t.stats.refused.Load(), Failures: t.stats.failures.Load(),
		Rotations: t.stats.rotations.Load(), Capacity: t.most * lanes, Failing: t.failing.Load(),
	}
	for i := range t.lanes {
		taken, dropped := t.lanes[i].load()
		s.Queue += taken
		s.Dropped += dropped
	}
	t.stats.mu.Lock()
	defer t.stats.mu.Unlock()
	s.Head = t.stats.head
	return s
}

// writer is the goroutine that writes.
type writer struct {
	*Trail
	encoder encoder
	batches [lanes][]entry
	spares  [lanes][]entry
	line    []byte
	unsaved bool // something was written since the last Sync
	trouble bool // a rotation that failed was told of
	waiting int  // records of batches, which are not written yet
	lost    uint64
}

// Run writes records until ctx ends, and then those that are left, and closes the ledger. Records that cannot be written then are lost, which the log says.
func (t *Trail) Run(ctx context.Context) {
	w := &writer{Trail: t, encoder: newEncoder(t.options.Stamp)}
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for ctx.Err() == nil {
		w.round(ctx)
		select {
		case <-tick.C:
			w.everySecond()
		default:
		}
		if !w.idle() {
			continue
		}
		select {
		case <-t.wake:
		case <-tick.C:
			t.asleep.Store(false)
			w.everySecond()
		case <-ctx.Done():
		}
		w.emptyWake()
	}
	w.finish()
}

// idle goes to sleep where nothing waits. What is added after it has looked wakes it.
func (w *writer) idle() bool {
	w.asleep.Store(true)
	for i := range w.lanes {
		l := &w.lanes[i]
		l.mu.Lock()
		waits := len(l.queue) > 0
		l.mu.Unlock()
		if waits {
			w.asleep.Store(false)
			return false
		}
	}
	return !w.reopen.Load()
}

// emptyWake takes a wake-up away that came while nobody slept.
func (w *writer) emptyWake() {
	w.asleep.Store(false)
	select {
	case <-w.wake:
	default:
	}
}

// round lets records gather and writes them.
func (w *writer) round(ctx context.Context) {
	w.gather(ctx)
	w.collect()
	for w.write() != nil && pause(ctx, retry) {
	}
}

// gather waits a while, but not until a lane is full.
func (w *writer) gather(ctx context.Context) {
	timer := time.NewTimer(gathering)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-w.hurry:
	case <-ctx.Done():
	}
}

// pause waits, and is false where ctx has ended.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// collect encodes what waits in all lanes. There is no more than the lanes may hold, so it is bounded.
func (w *writer) collect() {
	for i := range w.lanes {
		if len(w.batches[i]) > 0 {
			continue // not written yet
		}
		w.batches[i] = w.lanes[i].take(w.spares[i])
		w.spares[i] = nil
		for j := range w.batches[i] {
			w.line = w.encoder.append(w.line[:0], &w.batches[i][j])
			w.options.Ledger.Append(w.line)
		}
		w.waiting += len(w.batches[i])
	}
}

// write writes what was collected, and makes room for more when that is done.
func (w *writer) write() error {
	if w.reopen.CompareAndSwap(true, false) {
		w.options.Ledger.Reopen()
	}
	size := w.options.Ledger.Waiting()
	err := w.options.Ledger.Flush()
	if err == nil && size > 0 {
		if w.unsaved = true; w.options.Sync == SyncAlways {
			err = w.save()
		}
	}
	w.stats.bytes.Add(uint64(max(0, size-w.options.Ledger.Waiting()))) //nolint:gosec // not negative
	if err != nil {
		w.fails(err)
		return err
	}
	w.succeeds()
	return nil
}

func (w *writer) save() error {
	if !w.unsaved {
		return nil
	}
	if err := w.options.Ledger.Sync(); err != nil {
		return err
	}
	w.unsaved = false
	return nil
}

func (w *writer) fails(err error) {
	w.stats.failures.Add(1)
	if !w.failing.Swap(true) {
		what := "the audit trail cannot be written: statements are refused until it can"
		if w.options.BestEffort {
			what = "the audit trail cannot be written: what does not fit the queue goes unrecorded"
		}
		w.options.Log.Error().Err(err).Msg(what)
	}
}

func (w *writer) succeeds() {
	recovered := w.failing.Swap(false)
	if recovered {
		w.options.Log.Info().Msg("the audit trail is written again")
	}
	w.stats.records.Add(uint64(w.waiting)) //nolint:gosec // not negative
	w.stats.rotations.Store(w.options.Ledger.Rotations())
	w.waiting = 0
	w.stats.mu.Lock()
	w.stats.head = w.options.Ledger.Head()
	w.stats.mu.Unlock()
	for i := range w.lanes {
		if batch := w.batches[i]; len(batch) > 0 || recovered {
			w.lanes[i].written(batch)
			w.batches[i], w.spares[i] = nil, batch[:0]
		}
	}
}

// everySecond is what does not have to be done for each batch.
func (w *writer) everySecond() {
	if w.options.Sync == SyncSecond {
		if err := w.save(); err != nil {
			w.fails(err)
		}
	}
	if err := w.options.Ledger.Trouble(); err != nil && !w.trouble {
		w.options.Log.Error().Err(err).Msg("the audit trail could not be rotated: it goes on in the same file")
	}
	w.trouble = w.options.Ledger.Trouble() != nil
	if lost := w.Stats().Dropped; lost > w.lost {
		w.options.Log.Error().Uint64("records", lost-w.lost).Msg("statements went unrecorded")
		w.lost = lost
	}
}

// finish writes what is left, for as long as that may take.
func (w *writer) finish() {
	ctx, stop := context.WithTimeout(context.Background(), lastTries)
	defer stop()
	for {
		w.collect()
		if w.write() == nil || !pause(ctx, retry) {
			break
		}
	}
	w.collect() // what was added while the last ones were written
	err := w.options.Ledger.Close()
	w.everySecond()
	if err != nil {
		w.options.Log.Error().Err(err).Int("records", w.waiting).Msg("the audit trail could not be finished: its last records are lost")
		return
	}
	w.succeeds()
	w.options.Log.Info().Stringer("head", w.options.Ledger.Head()).Msg("audit trail closed")
}
