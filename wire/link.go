package wire

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"github.com/wherewall/wherewall/internal/strand"
)

// link is a client that has logged in and the server connection made for it: what every session has, whatever stands between the two. It
// knows how they come to their ends. Two strands share it: one reads the client and is the only writer to the server, the other
// reads the server and is the only writer to the client. Where an event loop watches both connections, they run on that and block nowhere but
// in the connections; else each is a goroutine.
type link struct {
	config *Config
	log    zerolog.Logger
	client net.Conn
	server *Backend
	in     *inbound // of the client
	loans  *buffers
	login  string
	party  *Party
	// counters are the Server's, and counts the session's own; see there. tenant is the name that they are counted by in the end.
	counters *counters
	counts   counts
	tenant   string
	work     work
	forget   func() // makes the cancel key worthless
	leave    func() // gives the seat back
	lot      *lot   // where the server connection goes when the session ends well; nil for nowhere
	// cancel asks the server to stop what it does for this session, within the limit of such requests.
	cancel func(context.Context)

	// stalls counts where the requests goroutine waits for the server, and is odd while it does. lastStall is what
	// endIfAbandoned saw of it, and its own.
	stalls    atomic.Uint64
	lastStall uint64
	// deliveries counts the beginnings and ends of writes to the client likewise. sending is what overdue saw of it, and its own.
	deliveries atomic.Uint64
	sending    sighting

	left sync.Once // see leaveServer

	draining atomic.Bool

	mu       sync.Mutex
	farewell *failure // set once: what the replies goroutine tells the client before it ends
	parting  parting
	lost     bool // the server connection is of no use any more
	sparing  sparing
	passedOn bool   // another session has the server connection, or will
	hungUp   bool   // the client has a moment to close its side; see readBy
	reason   string // set once: why the session ended, for the log
}

// hosted is a session as the Server sees it: everything that it does not need to know what stands between client and server for.
type hosted interface {
	// join moves the session to an event loop, if it can be; before run.
	join(loops *strand.Loops)
	// run relays until one side is gone or the session has to end, and closes both connections. It calls over at the very end, and may return long
	// before.
	run(ctx context.Context, over func())
	began(login time.Duration)
	ended(duration time.Duration)
	drain()
	fail(f *failure)
	endIfAbandoned()
	state() State
	sums() (of *counts, tenant string)
	overdue(now time.Time, limits Limits)
}

// work is what the server has been asked and has not answered yet.
type work interface {
	close()     // nothing more will be asked
	busy() bool // something is outstanding
}

// halves are what the two strands of a link do. On an event loop, requests and replies return errResting where there is nothing to do, and are called
// again.
type halves struct {
	requests func(*strand.Strand) error
	replies  func() error
	farewell func() error // tells the client why the session ends; after replies
}

// join is called before anybody else knows the session.
func (l *link) join(loops *strand.Loops) {
	if loops == nil {
		return
	}
	client, server, err := loops.Pair(l.client, l.server.Conn)
	if err != nil {
		return // It is for goroutines, then.
	}
	l.client, l.server.Conn = client, server
	l.in = l.in.moved(client)
}

// relay runs both halves and closes both connections.
func (l *link) relay(ctx context.Context, h halves, over func()) {
	ended := make(chan struct{})
	replies := func(s *strand.Strand) strand.Verdict {
		if l.guard(h.replies) == strand.Resting {
			return strand.Resting
		}
		s.Leave()
		defer close(ended)
		l.guard(h.farewell)
		l.work.close()
		l.letServerFinish()
		l.hangUp()
		l.leaveServer(ctx)
		return strand.Over
	}
	requests := func(s *strand.Strand) strand.Verdict {
		if l.guard(func() error { return h.requests(s) }) == strand.Resting {
			return strand.Resting
		}
		s.Leave()
		defer over()
		defer l.leave()
		defer l.forget()
		l.settle(ctx, ended)
		<-ended
		linger(l.client)
		_ = l.client.Close()
		return strand.Over
	}
	client, onLoop := l.client.(*strand.Conn)
	server, both := l.server.Conn.(*strand.Conn)
	if onLoop && both {
		strand.Run(client, server, requests)
		strand.Run(server, client, replies)
		return
	}
	go replies(nil)
	requests(nil)
}

func (l *link) began(login time.Duration) {
	l.log.Info().Dur("took", login).Msg("session started")
}

func (l *link) ended(duration time.Duration) {
	l.log.Info().Dur("duration", duration).Str("reason", l.endReason()).Msg("session ended")
	l.tellEnd(duration, 0, 0)
}

// guard runs one half of the session. A panic ends this session and no other.
func (l *link) guard(half func() error) (how strand.Verdict) {
	how = strand.Over
	defer func() {
		if p := recover(); p != nil {
			l.log.Error().Str("panic", fmt.Sprint(p)).Msg("session failed")
			l.fail(&failure{state: stateInternal, message: internalFailure, reason: "panic"})
		}
	}()
	err := half()
	if err == errResting { //nolint:errorlint // nobody wraps it, and it is on the path of every statement
		return strand.Resting
	}
	l.endWith(err)
	return strand.Over
}

// endWith notes why a half is over.
func (l *link) endWith(err error) {
	if err != nil {
		l.countFailure(err)
	}
	var f *failure
	switch {
	case err == nil:
	case errors.As(err, &f):
		l.fail(f)
	default:
		l.because(err.Error())
	}
}

// settle ends the session after the requests half is over. The other one gets some time to relay or say the
// last words; a statement that nobody waits for any more is cancelled.
func (l *link) settle(ctx context.Context, ended chan struct{}) {
	l.work.close()
	l.tellServer()
	select {
	case <-ended:
	case <-l.lastWords():
	}
	l.leaveServer(ctx) // ends the replies goroutine
}

// leaveServer closes the server connection, once. While that is ours, what the server still does for a client that waits for nothing any more
// is cancelled: it notices a vanished client only when it writes, which may be in an hour.
func (l *link) leaveServer(ctx context.Context) {
	l.left.Do(func() {
		if l.passServerOn() {
			return
		}
		if l.work.busy() && !l.serverLost() {
			l.cancel(context.WithoutCancel(ctx))
		}
		l.server.close()
	})
}

// fail makes the session end with a FATAL error. Any goroutine may call it; the first failure counts. The replies goroutine is the
// only one that writes to the client, so it is woken to do it.
func (l *link) fail(f *failure) {
	l.mu.Lock()
	if l.farewell == nil {
		l.farewell = f
	}
	l.mu.Unlock()
	reason := f.reason
	if reason == "" {
		reason = f.message
	}
	l.because(reason)
	_ = l.client.SetWriteDeadline(time.Now().Add(farewellTimeout))
	l.wake()
}

// drain makes the session end at its next transaction boundary.
func (l *link) drain() {
	l.draining.Store(true)
	l.wake()
}

// wake interrupts the replies goroutine's read. It is called after the fields that tell why are set.
func (l *link) wake() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.passedOn {
		_ = l.server.Conn.SetReadDeadline(time.Unix(1, 0))
	}
}

func (l *link) leaving() *failure {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.farewell
}

func (l *link) isDraining() bool { return l.draining.Load() }

func (l *link) loseServer() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lost = true
}

func (l *link) serverLost() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.lost
}

// because notes why the session ends; the first reason counts.
func (l *link) because(reason string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.reason == "" {
		l.reason = reason
	}
}

func (l *link) endReason() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.reason
}
